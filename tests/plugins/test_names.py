"""Nothing outside `plugins` knows an instrument or a parameter by its name: it reads roles."""

import ast
from pathlib import Path

import backbeat
from backbeat import plugins

SOURCES = Path(backbeat.__file__).parent
EXCEPTED = ("plugins", "families.py")
NAMES = set(plugins.names()) | {name for each in plugins.names() for name in plugins.get(each).table}


def named(source: str) -> list[str]:
    """Names of instruments and of their parameters that a file has as strings."""
    tree = ast.parse(source)
    return sorted(each.value for each in ast.walk(tree) if isinstance(each, ast.Constant) and each.value in NAMES)


def test_no_file_but_an_instruments_own_names_it_or_its_parameters():
    found = {
        str(path.relative_to(SOURCES)): names
        for path in sorted(SOURCES.rglob("*.py"))
        if path.relative_to(SOURCES).parts[0] not in EXCEPTED and (names := named(path.read_text()))
    }
    assert found == {}


def test_a_name_would_be_found():
    assert named("values['drive_db'] = 3.0 if plugin == 'kick' else 4.0") == ["drive_db", "kick"]
