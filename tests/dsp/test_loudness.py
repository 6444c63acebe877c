"""K-weighting against the recommendation's own coefficients."""

import numpy as np
import pytest
import torch
from scipy.signal import freqz, lfilter

from backbeat.dsp.loudness import energy_db, k_weighted
from oracles import white

HEAD = [1.53512485958697, -2.69169618940638, 1.19839281085285], [1.0, -1.69065929318241, 0.73248077421585]
LOW = [1.0, -2.0, 1.0], [1.0, -1.99004745483398, 0.99007225036621]
"""Of ITU-R BS.1770-4, tables 1 and 2, for 48 kHz."""
PASSED_DB = 0.0431
"""How far the gain of the second at high frequencies is above 1, which does not depend on the sound."""


def test_at_48_khz_the_filters_are_those_of_the_recommendation():
    impulse = torch.zeros(48000, dtype=torch.float64)
    impulse[0] = 1.0
    found = np.abs(np.fft.rfft(k_weighted(48000.0, impulse).numpy()))
    expected = np.abs(freqz(*HEAD, 24001, include_nyquist=True)[1] * freqz(*LOW, 24001, include_nyquist=True)[1])
    difference_db = 20.0 * np.log10(found[20:] / expected[20:])
    np.testing.assert_allclose(difference_db, -PASSED_DB, atol=0.005)


@pytest.mark.parametrize("sample_rate", [44100.0, 96000.0])
def test_a_tone_is_as_loud_at_any_sample_rate(sample_rate):
    for hz in (30.0, 100.0, 1000.0, 2000.0, 8000.0):
        found = []
        for rate in (48000.0, sample_rate):
            tone = torch.sin(2.0 * torch.pi * hz * torch.arange(int(rate), dtype=torch.float64) / rate)
            found.append(float(energy_db(k_weighted(rate, tone))) - 10.0 * np.log10(rate))
        assert found[0] == pytest.approx(found[1], abs=0.1)


def test_energy_of_a_batch():
    sounds = white((2, 3, 4800), 1) * np.array([[[1.0]], [[0.1]]])
    expected = 10.0 * np.log10(np.square(lfilter(*LOW, lfilter(*HEAD, sounds))).sum(-1)) - PASSED_DB
    found = energy_db(k_weighted(48000.0, torch.from_numpy(sounds)))
    np.testing.assert_allclose(found.numpy(), expected, atol=0.01)


def test_silence_has_a_level_too():
    assert float(energy_db(torch.zeros(10, dtype=torch.float64))) == pytest.approx(-200.0)
    assert float(energy_db(torch.zeros(10))) == pytest.approx(-200.0)
