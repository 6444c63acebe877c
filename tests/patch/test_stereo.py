"""A patch on two channels."""

import math
from dataclasses import replace

import numpy as np
import pytest

from backbeat.errors import PatchError
from backbeat.kernels.library import library
from backbeat.patch import Placement, preset

pytestmark = pytest.mark.skipif(library() is None, reason="no kernels here")

PLACE = Placement(44100, 22050)


def level_db(sound) -> float:
    return 10.0 * math.log10(np.square(sound, dtype=np.float64).sum())


def test_no_width_is_mono():
    patch = preset("clap/room")
    assert patch.stereo(PLACE, 0.0).shape == (1, 22050)
    assert patch.stereo(PLACE, 0.0)[0].tobytes() == patch.sound(PLACE).tobytes()


@pytest.mark.parametrize("width", [0.1, 1 / 3, 0.5, 0.8, 1.0])
def test_noise_correlates_less_with_more_width_and_stays_as_loud(width):
    patch = preset("hat/acoustic-open")
    left, right = patch.stereo(PLACE, width).astype(np.float64)
    assert left.astype(np.float32).tobytes() == patch.sound(PLACE).tobytes()
    assert np.corrcoef(left, right)[0, 1] == pytest.approx(1.0 - width, abs=0.04)
    assert level_db(right) == pytest.approx(level_db(left), abs=0.3)


@pytest.mark.parametrize("width", [0.3, 1.0])
def test_tones_are_in_the_middle(width):
    left, right = preset("kick/sub").stereo(PLACE, width)
    np.testing.assert_allclose(left, right, atol=3e-3)  # its noise is at -60 dB
    snare = preset("snare/fat")
    left, right = snare.stereo(PLACE, width)
    below = [np.fft.rfft(each)[:125] for each in (left, right)]  # 250 Hz
    assert level_db(np.abs(below[0] - below[1])) < level_db(np.abs(below[0])) - 20.0


def test_at_full_width_the_right_is_another_rendering():
    patch = preset("clap/room")
    left, right = patch.stereo(PLACE, 1.0)
    others = [replace(patch, seed=each.seed) for each in (patch.hit(1.0, 1), patch.hit(1.0, 2))]
    assert all(right.tobytes() != each.sound(PLACE).tobytes() for each in (patch, *others))
    assert np.array_equal(patch.stereo(PLACE, 1.0), np.stack([left, right]))
    assert not np.array_equal(replace(patch, seed=1).stereo(PLACE, 1.0)[1], right)


@pytest.mark.parametrize("width", [-0.1, 1.1, math.nan, "1", True])
def test_out_of_range(width):
    with pytest.raises(PatchError, match=f"^width: found {width!r}; must be a number from 0 to 1$"):
        preset("clap/room").stereo(PLACE, width)
