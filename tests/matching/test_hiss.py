"""Colour and decay of noise that was made with them."""

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from backbeat.matching.analysis import fit_hiss
from matching.sounds import RATE, Signal, fall, noise, times_s


def band(low_hz: float, high_hz: float, t60_s: float, seconds: float) -> Signal:
    t = times_s(seconds)
    filtered = sosfilt(butter(8, [low_hz, high_hz], "bandpass", fs=RATE, output="sos"), noise(len(t)))
    return filtered * fall(t, t60_s)


@pytest.mark.parametrize(
    ("low_hz", "high_hz", "t60_s"), [(500.0, 5000.0, 0.2), (3000.0, 12000.0, 0.08), (2000.0, 8000.0, 0.5)]
)
def test_band_and_decay_come_back(low_hz, high_hz, t60_s):
    hiss = fit_hiss(band(low_hz, high_hz, t60_s, 1.2 * t60_s), RATE)
    # Flat noise holds 8 % of its energy in the lowest 8 % of its band.
    assert hiss.low_hz == pytest.approx(low_hz + 0.08 * (high_hz - low_hz), rel=0.15)
    assert hiss.high_hz == pytest.approx(low_hz + 0.92 * (high_hz - low_hz), rel=0.05)
    assert hiss.decay.t60_s == pytest.approx(t60_s, rel=0.1)


def test_level_is_measured_and_colour_is_not_changed_by_it():
    sound = band(500.0, 5000.0, 0.2, 0.3)
    loud, quiet = fit_hiss(sound, RATE), fit_hiss(0.01 * sound, RATE)
    assert quiet.decay.level_db == pytest.approx(loud.decay.level_db - 40.0)
    assert (quiet.low_hz, quiet.high_hz) == pytest.approx((loud.low_hz, loud.high_hz))


@pytest.mark.parametrize("sound", [np.ones(1000), np.eye(1, 1000, 10)[0], noise(20)])
def test_odd_sounds_give_a_band_that_a_filter_can_have(sound):
    hiss = fit_hiss(sound, RATE)
    assert 20.0 <= hiss.low_hz <= RATE / 2
    assert 200.0 <= hiss.high_hz <= RATE / 2
