"""What is said of parts that were made to differ."""

import numpy as np
import pytest
import torch

from backbeat.matching.remainder import unmatched
from matching.sounds import RATE, damped, fall, noise, times_s


def sound(low_db=0.0, high_db=0.0, tail_db=0.0, seed=0) -> torch.Tensor:
    """A tone at 100 Hz and noise above 6 kHz, with a change of level in either, or in both after 100 ms."""
    t = times_s(0.5)
    spectrum = np.fft.rfft(noise(len(t), seed))
    spectrum[np.fft.rfftfreq(len(t), 1.0 / RATE) < 6000.0] = 0.0
    high = 0.2 * fall(t, 0.6) * np.fft.irfft(spectrum, len(t))
    both = 10.0 ** (low_db / 20.0) * damped(t, 100.0, 1.0) + 10.0 ** (high_db / 20.0) * high
    later = np.where(t < 0.1, 1.0, 10.0 ** (tail_db / 20.0))
    return torch.from_numpy(both * later)[None, None]


def test_nothing_is_said_of_what_is_near():
    assert unmatched(sound(), sound(), RATE) == ()
    assert unmatched(sound(high_db=1.0), sound(), RATE) == ()


def test_another_take_of_the_same_noise_is_near():
    assert unmatched(sound(seed=1), sound(), RATE) == ()


@pytest.mark.parametrize(("change_db", "words"), [(-6.0, "6 dB too quiet"), (5.0, "5 dB too loud")])
def test_a_band_that_is_off(change_db, words):
    said = [str(each) for each in unmatched(sound(high_db=change_db), sound(), RATE)]
    assert any(each.startswith("above 5 kHz") and each.endswith(words) for each in said)
    assert not any(each.startswith("below") for each in said)


def test_the_end_that_is_off():
    said = [str(each) for each in unmatched(sound(tail_db=-9.0), sound(), RATE)]
    assert said[0] == "below 200 Hz from 100 to 400 ms: 9 dB too quiet"
    assert any(each.startswith("above 5 kHz from 100 to 400 ms") for each in said)
    assert not any("first" in each for each in said)


def test_what_has_no_level_of_its_own_but_differs():
    t = times_s(0.5)
    beating = torch.from_numpy(np.sign(np.sin(2.0 * np.pi * 10.0 * t)) * 0.45 + 0.55)
    said = [str(each) for each in unmatched(sound() * beating, sound() * beating.flip(0), RATE)]
    assert any("differs by" in each for each in said)


@pytest.mark.parametrize("samples", [32, 2000])
def test_silence_and_short_sounds(samples):
    one = torch.ones(1, 1, samples)
    assert len(unmatched(torch.zeros_like(one), one, RATE)) <= 3
    assert unmatched(torch.zeros_like(one), torch.zeros_like(one), RATE) == ()
