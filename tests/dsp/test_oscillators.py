"""The sine against NumPy's, read along a phase integrated numerically."""

import numpy as np
import pytest
import torch

from backbeat import dsp
from backbeat.dsp.oscillators import sine_of_cycles
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


def test_sines_are_the_sum_of_their_voices():
    grid = make_grid(3000)
    phase = dsp.sweep(grid, column(60.0), column(24.0), column(0.02)) + dsp.steady(grid, column(60.0))
    second = phase.times(column(1.5))
    voices = [dsp.Voice(phase, column(0.1), column(0.7)), dsp.Voice(second, None, column(0.2)), dsp.Voice(second)]
    expected = 0.7 * dsp.sine(grid, phase, column(0.1)) + 1.2 * dsp.sine(grid, second)
    torch.testing.assert_close(dsp.sines(grid, voices), expected, atol=1e-12, rtol=0.0)


def test_no_voices_are_no_sound():
    with pytest.raises(ValueError, match="found no voices"):
        dsp.sines(make_grid(10), [])


def test_the_compilers_sine_is_a_sine():
    cycles = torch.linspace(-40.0, 40.0, 100_001, dtype=torch.float64, requires_grad=True)
    wave = sine_of_cycles(cycles)
    (slope,) = torch.autograd.grad(wave.sum(), cycles)
    angle = 2.0 * np.pi * cycles.detach()
    torch.testing.assert_close(wave.detach(), torch.sin(angle), atol=2e-9, rtol=0.0)
    torch.testing.assert_close(slope, 2.0 * np.pi * torch.cos(angle), atol=2e-8, rtol=0.0)
    single = cycles.detach().float().remainder(3.0)
    torch.testing.assert_close(
        sine_of_cycles(single).double(), torch.sin(2.0 * np.pi * single.double()), atol=4e-7, rtol=0
    )
