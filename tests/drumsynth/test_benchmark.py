"""The benchmark over one file made by hand; and, where LMMS is installed, our rendering against its own."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from drumsynth.files import HEADER, KICK

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "drumsynth.py"


def figures(folder: Path, *arguments: str) -> dict[str, object]:
    (folder / "kick.ds").write_text(HEADER + KICK)
    out = folder / "figures.json"
    command = [sys.executable, str(SCRIPT), str(folder), "--quality", "draft", "--out", str(out), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "1 files, 0 without a patch" in done.stdout
    (row,) = json.loads(out.read_text())["rows"]
    return row


def test_every_way_is_measured(tmp_path):
    row = figures(tmp_path, "--compare")
    assert (row["file"], row["plugin"], row["error"]) == ("kick.ds", "kick", "")
    assert row["mel_db"] == row["own_mel_db"]
    assert 0.0 < row["own_mel_db"] < row["translation_db"] + 0.1  # parts that bring little are put to rest
    assert row["match_db"] > 0.0
    assert row["rendering_db"] is None


@pytest.mark.skipif(not shutil.which("lmms"), reason="LMMS is not installed")
def test_we_render_a_tone_as_lmms_does(tmp_path):
    distance_db = figures(tmp_path, "--lmms")["rendering_db"]
    if distance_db is None:
        pytest.skip("LMMS crashed, as it does now and then")
    assert distance_db < 0.05
