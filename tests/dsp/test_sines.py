"""Sines against NumPy's, read along a phase integrated numerically."""

import numpy as np
import pytest
import torch

from backbeat import dsp
from oracles import column, error_db, integrated_cycles, make_grid, swept_hz, times_s

SAMPLES = 22050
DTYPES = [(torch.float64, -140.0), (torch.float32, -100.0)]


def row(*values: float) -> torch.Tensor:
    return torch.tensor([values], dtype=torch.float64)


@pytest.mark.parametrize(("dtype", "limit_db"), DTYPES)
@pytest.mark.parametrize("ratio", [1.0, 0.5, 2.0 ** (-35.0 / 1200.0)], ids=["plain", "sub octave", "detuned"])
def test_sweeps(dtype, limit_db, ratio):
    controls = column(50.0), column(ratio), column(1.0), column(0.17), row(36.0, -7.0), row(0.08, 0.9)
    tone = dsp.sines(make_grid(SAMPLES, dtype=dtype), *controls)
    cycles = integrated_cycles(lambda t: 50.0 + swept_hz(t, 50.0, 36.0, 0.08) + swept_hz(t, 50.0, -7.0, 0.9), SAMPLES)
    assert tone.dtype == dtype
    assert error_db(tone[0], np.sin(2.0 * np.pi * (ratio * cycles + 0.17))) < limit_db


@pytest.mark.parametrize(("dtype", "limit_db"), DTYPES)
def test_vibrato(dtype, limit_db):
    grid = make_grid(SAMPLES, dtype=dtype)
    one = column(1.0)
    tone = dsp.sines(grid, column(80.0), one, one, 0.0 * one, vibrato_st=column(2.0), vibrato_hz=column(6.0))
    depth = 80.0 * (2.0 ** (2.0 / 12.0) - 1.0)
    cycles = integrated_cycles(lambda t: 80.0 + depth * np.sin(2.0 * np.pi * 6.0 * t), SAMPLES)
    assert error_db(tone[0], np.sin(2.0 * np.pi * cycles)) < limit_db


def test_a_sine_starts_at_a_rising_zero_crossing():
    tone = dsp.sine(make_grid(10), column(100.0), column(0.0), column(1.0))[0]
    assert float(tone[0]) == 0.0
    assert float(tone[1]) > 0.0


def test_every_item_has_its_own_pitch_and_start():
    tones = dsp.sine(make_grid(200), column(100.0, 1000.0), column(0.0, 0.25), column(1.0))
    t = times_s(200)
    np.testing.assert_allclose(tones[0], np.sin(2 * np.pi * 100.0 * t), atol=1e-12)
    np.testing.assert_allclose(tones[1], np.cos(2 * np.pi * 1000.0 * t), atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_numbers_serve_as_controls(dtype):
    grid = make_grid(300, dtype=dtype)
    torch.testing.assert_close(dsp.sine(grid, column(440.0)), dsp.sine(grid, column(440.0), column(0.0), column(1.0)))


@pytest.mark.parametrize("pitch_hz", [0.0, 22050.0, 100000.0])
def test_it_stays_within_full_scale(pitch_hz):
    tone = dsp.sine(make_grid(1000, dtype=torch.float32), column(pitch_hz), column(0.0), column(1.0))
    assert torch.isfinite(tone).all()
    assert tone.abs().max() <= 1.0 + 1e-6


def test_sines_add_up():
    grid, sweep = make_grid(3000), {"sweep_st": column(24.0), "sweep_s": column(0.02)}
    found = dsp.sines(grid, column(60.0), row(1.0, 1.5, 1.5), row(0.7, 0.2, 1.0), row(0.1, 0.0, 0.0), **sweep)
    first = dsp.sines(grid, column(60.0), column(1.0), column(0.7), column(0.1), **sweep)
    second = dsp.sines(grid, column(60.0), column(1.5), column(1.2), column(0.0), **sweep)
    torch.testing.assert_close(found, first + second, atol=1e-12, rtol=0.0)
