"""The generated pages are what the tables say."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import backbeat.kernels
from backbeat import plugins
from backbeat.dsp.operation import operations
from backbeat.kernels.library import Compiled, library

KERNELS = [Path(path) for path in backbeat.kernels.__path__ if (Path(path) / "document.cpp").is_file()]
DOCS = Path(__file__).parents[1] / "docs"


def generate(docs: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(docs / "generate.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A copy of docs/ that a test may spoil."""
    folder = tmp_path / "docs"
    (folder / "parameters").mkdir(parents=True)
    for path in (DOCS / "generate.py", DOCS / "programs.md", DOCS / "plugins.md", *(DOCS / "parameters").glob("*.md")):
        (folder / path.relative_to(DOCS)).write_bytes(path.read_bytes())
    return folder


def test_pages_are_up_to_date():
    checked = generate(DOCS, "--check")
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_check_names_each_stale_page(docs):
    (docs / "parameters" / "drum.md").unlink()
    (docs / "parameters" / "kick.md").write_text("old", encoding="utf-8")
    (docs / "parameters" / "gone.md").write_text("of a plugin that was removed", encoding="utf-8")
    checked = generate(docs, "--check")
    assert checked.returncode == 1
    assert [line.partition(":")[0] for line in checked.stderr.splitlines()] == [
        str(Path("docs", "parameters", f"{name}.md")) for name in ("drum", "gone", "kick")
    ]
    assert (docs / "parameters" / "kick.md").read_text(encoding="utf-8") == "old"


def test_generate_writes_every_page_and_removes_others(docs):
    (docs / "parameters" / "kick.md").write_text("old", encoding="utf-8")
    (docs / "parameters" / "gone.md").write_text("of a plugin that was removed", encoding="utf-8")
    assert generate(docs).returncode == 0
    assert sorted(path.stem for path in (docs / "parameters").glob("*.md")) == plugins.names()
    assert generate(docs, "--check").returncode == 0


def test_page_lists_every_parameter_and_preset():
    text = (DOCS / "parameters" / "kick.md").read_text(encoding="utf-8")
    for name in plugins.get("kick").table:
        assert f"| `{name}" in text
    assert "- `kick/909`" in text


PROGRAMS = (DOCS / "programs.md").read_text(encoding="utf-8")


def test_check_names_the_page_of_programs(docs):
    page = docs / "programs.md"
    page.write_text(PROGRAMS.replace("### `comb`", "### `combs`"), encoding="utf-8")
    checked = generate(docs, "--check")
    assert checked.stderr.startswith(f"{Path('docs', 'programs.md')}: out of date")
    assert generate(docs).returncode == 0
    assert page.read_text(encoding="utf-8") == PROGRAMS


def test_programs_page_has_every_operation_and_input():
    for each in operations():
        section = PROGRAMS.partition(f"### `{each.name}`\n")[2].partition("\n### ")[0]
        places = re.findall(r"^\| input (\d+) \| `(\w+)` \| \S", section, re.MULTILINE)
        assert places == [(str(place), name) for place, name in enumerate(each.inputs)]
        assert re.findall(r"^\| attribute \| `(\w+)`", section, re.MULTILINE) == each.attributes


@pytest.mark.skipif(not KERNELS, reason="no sources of the kernels here")
def test_programs_page_has_every_function_that_the_engine_has():
    source = (KERNELS[0] / "document.cpp").read_text(encoding="utf-8")
    known = source.partition("kFunctions[] = {")[2].partition("};")[0]
    table = PROGRAMS.partition("## Functions\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == re.findall(r'\{"(\w+)"', known)


@pytest.mark.skipif(not KERNELS, reason="no sources of the kernels here")
def test_inputs_are_optional_where_the_engine_has_them_so():
    source = "".join(path.read_text(encoding="utf-8") for path in KERNELS[0].glob("*.cpp"))
    found = dict(re.findall(r'Operation = \{\s*"(\w+)", Kind::\w+,\s*"([^"]*)"', source))
    assert found.keys() == {each.name for each in operations()}
    for each in operations():
        wanted = [each.signature.parameters[name].default is None for name in each.controls]
        assert [control[-1] in "?&" for control in found[each.name].split()] == wanted


@pytest.mark.skipif(library() is None, reason="no kernels here")
def test_the_example_of_the_page_of_programs_sounds():
    compiled = Compiled(json.dumps(json.loads(re.findall(r"```json\n(.*?)```", PROGRAMS, re.DOTALL)[-1])))
    sound = compiled.render(np.array([[0.3]]), np.zeros(1, np.int64), 4410, 44100.0)
    assert 0.5 < np.abs(sound).max() < 2.0
