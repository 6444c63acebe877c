"""Write docs/parameters/<plugin>.md from the parameter tables, so that the pages cannot say what the code does not.

With --check, write nothing, and exit with status 1 and one line per page that is out of date.
"""

import argparse
import sys
from pathlib import Path

from backbeat import plugins, presets
from backbeat.parameters.listing import markdown
from backbeat.plugins import Plugin

DOCS = Path(__file__).parent
PAGES = DOCS / "parameters"


def page(plugin: Plugin) -> str:
    """One plugin's page: what it is, its parameters, its presets."""
    options = ", ".join(f"{name}={value}" for name, value in plugin.options.items())
    parts = [
        "<!-- Written by docs/generate.py: change the plugin's table, not this page. -->",
        f"# {plugin.name}",
        plugin.summary,
        f"Version {plugin.version}, {plugin.table.size} params" + (f", with {options}." if options else "."),
        "## Parameters",
        "Decay times are T60, the time to fall by 60 dB. `× 12` is a bank: one value for each of 12 entries.",
        markdown(plugin.table),
        "## Macros",
        "Knobs that turn several parameters at once, on any patch: `backbeat render PATCH --set macro.length=+20%`.",
        _macros(plugin) or "None yet.",
        "## Presets",
        _presets(plugin.name) or "None yet.",
    ]
    return "\n\n".join(parts) + "\n"


def pages() -> dict[Path, str]:
    """Every page there should be, by its path."""
    return {PAGES / f"{name}.md": page(plugins.get(name)) for name in plugins.names()}


def stale(expected: dict[Path, str]) -> list[str]:
    """One line per page that is missing, out of date or of a plugin that is gone."""
    here = {path: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    return [
        f"{path.relative_to(DOCS.parent)}: out of date; run `make docs`"
        for path in sorted(expected.keys() | here.keys())
        if expected.get(path) != here.get(path)
    ]


def write(expected: dict[Path, str]) -> None:
    """Write every page, and remove those of plugins that are gone."""
    PAGES.mkdir(exist_ok=True)
    for path in PAGES.glob("*.md"):
        if path not in expected:
            path.unlink()
    for path, text in expected.items():
        path.write_text(text, encoding="utf-8")


def _macros(plugin: Plugin) -> str:
    if not plugin.macros:
        return ""
    head = "| macro | unit | turns | what it does |\n|---|---|---|---|\n"
    return head + "\n".join(
        f"| `{name}` | {macro.unit} | {', '.join(f'`{each}`' for each in macro.parameters)} | {macro.help} |"
        for name, macro in plugin.macros.items()
    )


def _presets(plugin: str) -> str:
    return "\n".join(f"- `{name}`" for name in presets() if name.startswith(f"{plugin}/"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write docs/parameters/*.md from the parameter tables.")
    parser.add_argument("--check", action="store_true", help="only say which pages are out of date")
    if parser.parse_args().check:
        sys.exit("\n".join(stale(pages())) or None)
    write(pages())
