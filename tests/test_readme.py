"""Every command of the README's tour runs as it stands there, and so does its Python."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from in_one_process import run_commands

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TOUR = README[README.index("## A tour") : README.index("## Five lines of Python")]
DRAFTED = re.compile(r"backbeat (kit )?match ")
LINES = [line for block in re.findall(r"```sh\n(.*?)```", TOUR, re.DOTALL) for line in block.splitlines()]


def test_it_is_short():
    assert len(README.splitlines()) <= 160


def test_the_tour_runs(tmp_path, monkeypatch):
    """As in the checkout's folder; here, matches are drafts, of two sounds in all, which take little time."""
    (tmp_path / "examples" / "sounds").mkdir(parents=True)
    for name in ("sn_dub.flac", "bd_haus.flac"):
        shutil.copy(ROOT / "examples" / "sounds" / name, tmp_path / "examples" / "sounds")
    shutil.copytree(ROOT / "examples" / "patterns", tmp_path / "examples" / "patterns")
    assert len(LINES) >= 6
    commands = [line.partition("#")[0].strip() for line in LINES]
    assert all(each.startswith("backbeat ") for each in commands)
    run_commands([f"{each} --quality draft" if DRAFTED.match(each) else each for each in commands], tmp_path)
    written = {"matches/sn_dub.patch.json", "matches/sn_dub.html", "lower.wav", "909.wav", "between.json", "library"}
    written |= {"house.wav", "mine.json", "out/mine.h2drumkit", "mine.html"}
    assert all((tmp_path / name).exists() for name in written)


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", README, re.DOTALL))
def test_its_python_runs(code):
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
