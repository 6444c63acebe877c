"""Write docs/parameters/<plugin>.md from the parameter tables, and parts of docs/programs.md and docs/plugins.md.

Those list operations, kinds of parameters and functions, from their docstrings.

So the pages cannot say what the code does not.

With --check, write nothing, and exit with status 1 and one line per page that is out of date.
"""

import argparse
import inspect
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from backbeat import dsp, plugins, presets
from backbeat.dsp.operation import Operation, operations
from backbeat.parameters import kinds
from backbeat.parameters.listing import markdown
from backbeat.plugins import Plugin

DOCS = Path(__file__).parent
PAGES = DOCS / "parameters"
PROGRAMS, PLUGINS = DOCS / "programs.md", DOCS / "plugins.md"
_BEGIN = "<!-- Operations: written by docs/generate.py. Change their docstrings, not what follows. -->\n"
_END = "<!-- End of operations. -->\n"
_LISTS = (
    "<!-- Kinds and functions: written by docs/generate.py. Change their docstrings, not what follows. -->\n",
    "<!-- End of kinds and functions. -->\n",
)


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
    programs, written = (each.read_text(encoding="utf-8") for each in (PROGRAMS, PLUGINS))
    described = "\n".join(_operation(each) for each in sorted(operations(), key=lambda each: each.name))
    return {
        **found,
        PROGRAMS: _between(programs, _BEGIN, described, _END),
        PLUGINS: _between(written, _LISTS[0], _lists(), _LISTS[1]),
    }


def stale(expected: dict[Path, str]) -> list[str]:
    """One line per page that is missing, out of date or of a plugin that is gone."""
    here = {path: path.read_text(encoding="utf-8") for path in (*PAGES.glob("*.md"), PROGRAMS, PLUGINS)}
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


def _between(text: str, begin: str, written: str, end: str) -> str:
    """A page with what is written between two marks."""
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    return f"{head}{begin}\n{written}\n{end}{tail}"


def _lists() -> str:
    """Kinds of parameters, and the functions of `backbeat.dsp`, with their first lines."""
    made_here = (each for _, each in inspect.getmembers(kinds, inspect.isfunction) if each.__module__ == kinds.__name__)
    named = [each for each in made_here if not each.__name__.startswith("_")]
    functions = [getattr(dsp, name) for name in dsp.__all__ if name not in ("Control", "Grid", "Signal")]
    return "\n".join(
        [
            *_listed("kind", named),
            "",
            "## Functions",
            "",
            "`grid` comes first in what makes or filters signals. `help(dsp.bandpass)` says all.",
            "",
            *_listed("of `backbeat.dsp`", functions),
        ]
    )


def _listed(title: str, functions: Sequence[Callable[..., object]]) -> list[str]:
    rows = [f"| {title} | arguments | what it is |", "|---|---|---|"]
    for each in functions:
        names = [name for name in inspect.signature(each).parameters if name != "role"]
        first = (inspect.getdoc(each) or "").partition("\n\n")[0]
        rows.append(
            f"| `{each.__name__}` | {', '.join(names)} | {' '.join(first.split()).replace('|', chr(92) + '|')} |"
        )
    return rows


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
        f"| `{name}` | {macro.unit or 'plain'} | {', '.join(f'`{each}`' for each in macro.parameters)} | {macro.help} |"
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
