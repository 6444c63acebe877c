"""Full matches of the sounds that ship with the repo: minutes, and so left to `make test-all`."""

from pathlib import Path

import pytest

from backbeat.matching import match

SOUNDS = Path(__file__).parents[2] / "examples" / "sounds"

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("sound", sorted(SOUNDS.glob("*.flac")), ids=lambda path: path.stem)
def test_drum_comes_near_any_sound(sound):
    assert match(sound, "drum").distances.mel_db < 7.0


@pytest.mark.parametrize("name", ["bd_fat", "bd_haus"])
def test_kick_comes_near_kicks(name):
    assert match(SOUNDS / f"{name}.flac", "kick").distances.mel_db < 6.0
