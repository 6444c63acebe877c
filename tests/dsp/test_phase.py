"""Closed-form phases against the numerical integral of the pitch that their docstrings state."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat import dsp
from backbeat.dsp import Grid, Phase
from oracles import SAMPLE_RATE, column, error_db, integrated_cycles, make_grid, swept_hz, times_s

ONE_S = int(SAMPLE_RATE)


def unwrapped(grid: Grid, phase: Phase) -> np.ndarray:
    """The whole phase in cycles, in float64."""
    return grid.join(phase.starts + phase.ratio * sum(row * column for row, column in phase.terms))[0].numpy()


def fraction_error(found: torch.Tensor, expected: np.ndarray) -> float:
    """Largest difference in cycles, whole cycles aside."""
    difference = found[0].double().numpy() - expected
    return float(np.abs(difference - np.round(difference)).max())


def test_steady():
    grid = make_grid(ONE_S)
    np.testing.assert_allclose(
        unwrapped(grid, dsp.steady(grid, column(440.0))), 440.0 * times_s(ONE_S), rtol=1e-13, atol=1e-12
    )


@settings(max_examples=12)
@given(
    pitch_hz=st.floats(25.0, 200.0),
    depth_st=st.floats(-12.0, 60.0),
    t60_s=st.floats(0.005, 2.0),
    fast_st=st.floats(0.0, 60.0),
    fast_s=st.floats(0.002, 0.05),
)
def test_two_sweeps(pitch_hz, depth_st, t60_s, fast_st, fast_s):
    grid = make_grid(ONE_S // 2)
    phase = (
        dsp.steady(grid, column(pitch_hz))
        + dsp.sweep(grid, column(pitch_hz), column(depth_st), column(t60_s))
        + dsp.sweep(grid, column(pitch_hz), column(fast_st), column(fast_s))
    )
    expected = integrated_cycles(
        lambda t: pitch_hz + swept_hz(t, pitch_hz, depth_st, t60_s) + swept_hz(t, pitch_hz, fast_st, fast_s),
        grid.samples,
    )
    np.testing.assert_allclose(unwrapped(grid, phase), expected, rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize("rate_hz", [0.0, 1e-6, 0.5, 5.0, 40.0, 700.0])
def test_vibrato(rate_hz):
    grid, pitch_hz, depth_st = make_grid(ONE_S // 2), 90.0, 1.5
    phase = dsp.vibrato(grid, column(pitch_hz), column(depth_st), column(rate_hz))
    depth_hz = pitch_hz * (2.0 ** (depth_st / 12.0) - 1.0)
    expected = integrated_cycles(lambda t: depth_hz * np.sin(2.0 * np.pi * rate_hz * t), grid.samples)
    np.testing.assert_allclose(unwrapped(grid, phase), expected, rtol=1e-9, atol=1e-11)


def test_vibrato_that_stands_still_has_a_finite_gradient():
    rate = column(0.0, grad=True)
    grid = make_grid(500)
    dsp.vibrato(grid, column(50.0), column(2.0), rate).radians(grid.dtype).sum().backward()
    assert torch.isfinite(rate.grad).all()
    assert rate.grad.abs().item() > 0.0


def test_a_ratio_multiplies_the_pitch():
    grid = make_grid(1000)
    phase = dsp.steady(grid, column(100.0)) + dsp.sweep(grid, column(100.0), column(24.0), column(0.01))
    for ratio in (0.5, 2.0 ** (7.0 / 1200.0)):
        np.testing.assert_allclose(
            unwrapped(grid, phase.times(column(ratio))), ratio * unwrapped(grid, phase), rtol=1e-12, atol=1e-12
        )


def test_a_start_phase_is_added():
    grid = make_grid(1000)
    phase = dsp.steady(grid, column(100.0))
    found = grid.join(phase.radians(torch.float64, column(0.3))) / (2.0 * np.pi)
    assert fraction_error(found, 100.0 * times_s(1000) + 0.3) < 1e-12


def test_float32_after_ten_seconds():
    samples = 10 * ONE_S
    grid = make_grid(samples, dtype=torch.float32)
    pitch, depth, t60, vibrato, rate = (column(x, dtype=torch.float32) for x in (5000.3, 11.7, 3.1, 0.53, 6.1))
    phase = dsp.steady(grid, pitch) + dsp.sweep(grid, pitch, depth, t60) + dsp.vibrato(grid, pitch, vibrato, rate)
    tone = dsp.sine(grid, phase)[0]
    assert tone.dtype == torch.float32
    t = times_s(samples)
    f, st, fall_s, wobble_st, r = (float(control) for control in (pitch, depth, t60, vibrato, rate))
    tau = fall_s / np.log(1000.0)
    cycles = (
        f * t
        - f * (2.0 ** (st / 12.0) - 1.0) * tau * np.expm1(-t / tau)
        + f * (2.0 ** (wobble_st / 12.0) - 1.0) * np.sin(np.pi * r * t) ** 2 / (np.pi * r)
    )
    assert error_db(tone, np.sin(2.0 * np.pi * (cycles % 1.0))) < -80.0


def test_gradients():
    grid = make_grid(130, sample_rate=1000.0)
    controls = (
        column(40.0, 90.0, grad=True),
        column(12.0, -3.0, grad=True),
        column(0.05, 0.2, grad=True),
        column(1.0, 0.5, grad=True),
        column(4.0, 9.0, grad=True),
        column(0.9, 1.2, grad=True),
        column(0.2, 0.6, grad=True),
    )

    def tone(pitch, depth, t60, vibrato, rate, ratio, start):
        phase = dsp.steady(grid, pitch) + dsp.sweep(grid, pitch, depth, t60) + dsp.vibrato(grid, pitch, vibrato, rate)
        return dsp.sine(grid, phase.times(ratio), start)

    assert torch.autograd.gradcheck(tone, controls)
