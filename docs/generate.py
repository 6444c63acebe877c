"""Write docs/parameters/<plugin>.md from the parameter tables, and the operations of docs/programs.md from docstrings.

So the pages cannot say what the code does not.

With --check, write nothing, and exit with status 1 and one line per page that is out of date.
"""

import argparse
import inspect
import re
import sys
from pathlib import Path

import backbeat.dsp  # noqa: F401  which declares the operations
from backbeat import plugins, presets
from backbeat.dsp.operation import Operation, operations
from backbeat.parameters.listing import markdown
from backbeat.plugins import Plugin

DOCS = Path(__file__).parent
PAGES = DOCS / "parameters"
PROGRAMS = DOCS / "programs.md"
_BEGIN = "<!-- Operations: written by docs/generate.py. Change their docstrings, not what follows. -->\n"
_END = "<!-- End of operations. -->\n"


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
    found = {PAGES / f"{name}.md": page(plugins.get(name)) for name in plugins.names()}
    return {**found, PROGRAMS: _programs(PROGRAMS.read_text(encoding="utf-8"))}


def stale(expected: dict[Path, str]) -> list[str]:
    """One line per page that is missing, out of date or of a plugin that is gone."""
    here = {path: path.read_text(encoding="utf-8") for path in (*PAGES.glob("*.md"), PROGRAMS)}
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


def _programs(text: str) -> str:
    """The page with the operations that there are."""
    head, _, rest = text.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    described = "\n".join(_operation(each) for each in sorted(operations(), key=lambda each: each.name))
    return f"{head}{_BEGIN}\n{described}\n{_END}{tail}"


def _operation(described: Operation) -> str:
    """One operation's inputs and attributes, and what its docstring says."""
    text = inspect.getdoc(described) or ""
    what, _, rest = text.partition("\n\nArgs:\n")
    arguments = dict(re.findall(r"^    (\w+): (.*(?:\n     .*)*)", rest.partition("\n\n")[0], re.MULTILINE))
    file = inspect.getfile(inspect.unwrap(described)).replace("\\", "/").rpartition("/")[2]
    lines = [f"### `{described.name}`", "", *what.splitlines(), "", f"Defined in `{file}`.", ""]
    lines += ["| place | name | entries | what it is |", "|---|---|---|---|"]
    for place, name in enumerate(described.inputs):
        is_optional = described.signature.parameters[name].default is None
        lines.append(f"| input {place} | `{name}` | {_cells(arguments[name], is_optional=is_optional)} |")
    for name in described.attributes:
        lines.append(f"| attribute | `{name}` | | {' '.join(arguments[name].split())} |")
    return "\n".join(lines) + "\n"


def _cells(argument: str, *, is_optional: bool) -> str:
    """How many entries an input has, and what it is."""
    said = " ".join(argument.split())
    sizes = re.findall(r"\(\.\.\., (\w+)\)", said)
    entries = "a signal" if sizes == ["samples"] else " or ".join(sizes)
    said = re.sub(r",? ?\(\.\.\., \w+\)(?=[,:.;])", "", said).lstrip(", ")
    return f"{entries}{', optional' if is_optional else ''} | {said}"


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
    parser = argparse.ArgumentParser(description="Write the pages that are made from the code.")
    parser.add_argument("--check", action="store_true", help="only say which pages are out of date")
    if parser.parse_args().check:
        sys.exit("\n".join(stale(pages())) or None)
    write(pages())
