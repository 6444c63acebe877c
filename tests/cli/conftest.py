"""The command line, called in this process; sounds and patches to call it with."""

import gc
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from backbeat import plugins
from backbeat.cli import main
from backbeat.patch import Patch, randomise, save
from matching.sounds import save_thump


@dataclass(frozen=True)
class Outcome:
    """What a command left behind: exit status, standard output, standard error."""

    status: int
    out: str
    err: str

    def document(self) -> Any:
        """The JSON that is all of standard output."""
        return json.loads(self.out)

    def lines(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.strip()]

    def notes(self) -> list[str]:
        return [line.removeprefix("note: ") for line in self.lines() if line.startswith("note: ")]

    def error(self) -> str:
        """The one line that says why something could not be done, and nothing else was said."""
        (line,) = self.lines()
        assert line.startswith("error: ")
        return line.removeprefix("error: ")


Backbeat: TypeAlias = Callable[..., Outcome]


@pytest.fixture
def backbeat(monkeypatch, capsys) -> Backbeat:
    """Run a command; any exception but SystemExit is a traceback that the user would have seen."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["backbeat", *map(str, arguments)])
        capsys.readouterr()
        status = 0
        try:
            main()
        except SystemExit as end:
            status = end.code or 0
        finally:
            gc.unfreeze()
            gc.enable()
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Outcome(status, captured.out, captured.err)

    return run


@pytest.fixture
def kick_wav(tmp_path) -> Path:
    return save_thump(tmp_path / "kick.wav")


@pytest.fixture
def kick_patch(tmp_path) -> Path:
    path = tmp_path / "kick.json"
    save(randomise(plugins.get("kick"), 1), path)
    return path


@pytest.fixture
def small_patch(tmp_path, small) -> Path:
    """Of an instrument with a choice, `colour`."""
    path = tmp_path / "small.json"
    save(Patch(small.name, small.table.defaults()), path)
    return path


@pytest.fixture
def no_report(monkeypatch) -> None:
    """Leave out the picture and the page, which take longer than the match."""
    monkeypatch.setattr("backbeat.report.paint", lambda result: None)
    for name in ("write_picture", "write_page"):
        monkeypatch.setattr(f"backbeat.report.{name}", lambda result, path, painting: path.write_bytes(b"left out"))
