"""The generated pages are what the tables say."""

import subprocess
import sys
from pathlib import Path

import pytest

from backbeat import plugins

DOCS = Path(__file__).parents[1] / "docs"


def generate(docs: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", str(docs / "generate.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A copy of docs/ that a test may spoil."""
    folder = tmp_path / "docs"
    (folder / "parameters").mkdir(parents=True)
    for path in (DOCS / "generate.py", *(DOCS / "parameters").glob("*.md")):
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
