"""A gliding body, taken away from what rings and hisses beside it."""

import numpy as np
import pytest

from backbeat.matching.analysis import Glide, find_modes, peel
from matching.sounds import RATE, damped, fall, glide, noise, times_s

T = times_s(0.4)
GLIDE = Glide(pitch_hz=55.0, sweep_st=30.0, sweep_s=0.08, start_cycles=0.0, error_cycles=0.0)
BODY = fall(T, 0.5, hold_s=0.03) * glide(T, 55.0, 30.0, 0.08)
MODE = damped(T, 1240.0, 0.2, 0.1, 0.3)


def level_db(signal: np.ndarray) -> float:
    return 10.0 * float(np.log10(np.mean(signal**2)))


def test_body_goes_and_modes_stay():
    left = peel(BODY + MODE, RATE, GLIDE)
    assert level_db(left - MODE) < level_db(BODY) - 30.0
    found = find_modes(left, RATE, 1, lowest_hz=50.0, highest_hz=12_000.0)
    assert found.frequency_hz[0] == pytest.approx(1240.0, rel=0.001)
    assert found.gain[0] == pytest.approx(0.1, rel=0.2)


@pytest.mark.parametrize("cents", [-20.0, 20.0])
def test_glide_some_cents_off_is_followed(cents):
    off = Glide(55.0 * 2.0 ** (cents / 1200.0), 30.0, 0.08, 0.0, 0.0)
    assert level_db(peel(BODY, RATE, off)) < level_db(BODY) - 20.0


def test_what_a_clipper_adds_goes_too():
    clipped = np.tanh(3.0 * BODY)
    assert level_db(peel(clipped, RATE, GLIDE)) < level_db(clipped) - 20.0


def test_noise_stays():
    hiss = 0.05 * noise(len(T))
    assert level_db(peel(BODY + hiss, RATE, GLIDE)) == pytest.approx(level_db(hiss), abs=1.0)


@pytest.mark.parametrize("samples", [1, 2, 50])
def test_any_length(samples):
    assert peel(BODY[:samples], RATE, GLIDE).shape == (samples,)


def test_only_the_first_second_and_a_half_is_peeled():
    long = np.concatenate([BODY, np.zeros(2 * RATE), BODY])
    left = peel(long, RATE, GLIDE)
    assert left.shape == long.shape
    assert np.array_equal(left[-len(BODY) :], BODY)
