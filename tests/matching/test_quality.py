"""Full matches of the sounds that ship with the repo: minutes, and so left to `make test-all`."""

from pathlib import Path

import pytest

from backbeat import patch, plugins
from backbeat.losses import pitch_error_cents
from backbeat.matching import match

SOUNDS = Path(__file__).parents[2] / "examples" / "sounds"

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("sound", sorted(SOUNDS.glob("*.flac")), ids=lambda path: path.stem)
def test_drum_comes_near_any_sound(sound):
    assert match(sound, "drum").distances.mel_db < 3.5


@pytest.mark.parametrize("name", ["bd_fat", "bd_haus"])
def test_kick_comes_near_kicks(name):
    assert match(SOUNDS / f"{name}.flac", "kick").distances.mel_db < 5.0


@pytest.mark.parametrize("seed", [16, 36])
def test_kick_finds_its_own_patch_again(seed):
    """These two have modes beside the body, and two sweeps, that descent alone takes for something else."""
    made = patch.randomise(plugins.get("kick"), seed)
    target = made.render(patch.Placement(44_100, 26_460, 0))
    found = match(target, "kick", sample_rate=44_100, seed=seed)
    assert found.distances.mel_db < 0.3
    assert pitch_error_cents(found.audio, target, 44_100) < 2.0
