"""Patches are made and rendered without PyTorch, which takes seconds to read in."""

from pathlib import Path

from backbeat.kernels.library import library
from in_one_process import run_commands

EXAMPLES = Path(__file__).parents[2] / "examples" / "patterns"
COMMANDS = [
    "render kick/909 -o sound.wav",
    "render hat/808-open --set macro.length=+50% -o longer.wav",
    "render snare/909 --velocity 0.4 --hit 7 --width 0.5 -o hit.wav",
    "export patch snare/909 -o patch.json",
    "plugins",
    "plugins kick",
    "random clap -o random.json",
    "perturb drum/snare -o perturbed.json",
    "morph kick/909 kick/sub -o morph.json",
    "export program hat -o program.json",
    f"song to-midi {EXAMPLES / 'house.pattern'} -o house.mid",
]


def test_commands_that_make_or_render_patches_do_not_need_pytorch(tmp_path):
    commands = COMMANDS if library() else [each for each in COMMANDS if not each.startswith("render")]
    not_installed = "import sys; sys.modules['torch'] = None"
    run_commands([f"backbeat {each}" for each in commands], tmp_path, before=not_installed)
    assert {each.name for each in tmp_path.iterdir()} == {each.split("-o ")[1] for each in commands if "-o " in each}
    assert all(each.stat().st_size > 0 for each in tmp_path.iterdir())
