"""The sine against NumPy's, read along a phase integrated numerically."""

import numpy as np
import pytest
import torch

from backbeat import dsp
from oracles import column, error_db, integrated_cycles, make_grid, swept_hz, times_s

SAMPLES = 22050


@pytest.mark.parametrize(("dtype", "limit_db"), [(torch.float64, -140.0), (torch.float32, -100.0)])
@pytest.mark.parametrize("ratio", [1.0, 0.5, 2.0 ** (-35.0 / 1200.0)], ids=["plain", "sub octave", "detuned"])
def test_swept_sine(dtype, limit_db, ratio):
    grid = make_grid(SAMPLES, dtype=dtype)
    pitch = column(50.0)
    phase = dsp.steady(grid, pitch) + dsp.sweep(grid, pitch, column(36.0), column(0.08))
    tone = dsp.sine(grid, phase.times(column(ratio)), column(0.17))
    cycles = integrated_cycles(lambda t: 50.0 + swept_hz(t, 50.0, 36.0, 0.08), SAMPLES)
    assert tone.dtype == dtype
    assert error_db(tone[0], np.sin(2.0 * np.pi * (ratio * cycles + 0.17))) < limit_db


def test_it_starts_at_a_rising_zero_crossing():
    tone = dsp.sine(make_grid(10), dsp.steady(make_grid(10), column(100.0)))[0]
    assert float(tone[0]) == 0.0
    assert float(tone[1]) > 0.0


def test_every_item_has_its_own_pitch_and_start():
    grid = make_grid(200)
    tones = dsp.sine(grid, dsp.steady(grid, column(100.0, 1000.0)), column(0.0, 0.25))
    t = times_s(200)
    np.testing.assert_allclose(tones[0], np.sin(2 * np.pi * 100.0 * t), atol=1e-12)
    np.testing.assert_allclose(tones[1], np.cos(2 * np.pi * 1000.0 * t), atol=1e-12)


@pytest.mark.parametrize("pitch_hz", [0.0, 22050.0, 100000.0])
def test_it_stays_within_full_scale(pitch_hz):
    grid = make_grid(1000, dtype=torch.float32)
    tone = dsp.sine(grid, dsp.steady(grid, column(pitch_hz, dtype=torch.float32)))
    assert torch.isfinite(tone).all()
    assert tone.abs().max() <= 1.0
