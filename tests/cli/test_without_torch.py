"""Patches are made and rendered without PyTorch, which takes seconds to read in."""

import subprocess
import sys
from pathlib import Path

import pytest

from backbeat.kernels.library import library

EXAMPLES = Path(__file__).parents[2] / "examples" / "patterns"
RUN = """
import sys
sys.modules["torch"] = None  # as if it were not installed
from backbeat.cli import main
main()
"""


@pytest.mark.parametrize(
    "command",
    [
        "render kick/909 -o sound.wav",
        "render hat/808-open --set macro.length=+50% -o sound.wav",
        "render snare/909 --velocity 0.4 --hit 7 --width 0.5 -o sound.wav",
        "export patch snare/909 -o patch.json",
        "plugins",
        "plugins kick",
        "random clap -o patch.json",
        "perturb drum/snare -o patch.json",
        "morph kick/909 kick/sub -o patch.json",
        "export program hat -o program.json",
        f"song to-midi {EXAMPLES / 'house.pattern'} -o house.mid",
    ],
)
def test_a_command_that_makes_or_renders_patches_does_not_need_pytorch(command, tmp_path):
    if command.startswith("render") and library() is None:
        pytest.skip("no kernels here")
    done = subprocess.run([sys.executable, "-c", RUN, *command.split()], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    names = command.split("-o ")[1:]
    assert [each.name for each in tmp_path.iterdir()] == names
    assert all(each.stat().st_size > 0 for each in tmp_path.iterdir())
