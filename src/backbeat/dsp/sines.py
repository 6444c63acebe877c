"""Oscillators that follow one pitch in closed form."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from backbeat.dsp.arithmetic import expanded
from backbeat.dsp.grid import BLOCK, Grid
from backbeat.dsp.operation import operation
from backbeat.dsp.tape import Control, Signal
from backbeat.dsp.units import semitones_to_ratio, t60_to_rate

if TYPE_CHECKING:
    from torch import Tensor


@operation
def sines(
    grid: Grid,
    pitch_hz: Control,
    ratio: Control | float,
    gain: Control | float,
    start_cycles: Control | float,
    sweep_st: Control | None = None,
    sweep_s: Control | None = None,
    vibrato_st: Control | None = None,
    vibrato_hz: Control | None = None,
) -> Signal:
    """Sines at ratios of one pitch that sweeps and vibrates: `Σ_k g_k sin 2π(ρ_k θ(t) + φ_k)`.

    The phase is the integral of the pitch, in closed form: `θ(t) = f t + Σ_j c_j (1 - exp(-r_j t)) + s (1 - cos w t)`
    cycles, with `c_j = f (2^(sweep_j / 12) - 1) / r_j`, `r_j = ln 1000 / T60_j`, `s = f (2^(vibrato / 12) - 1) / w` and
    `w = 2π rate`. A pitch that rises past Nyquist aliases.

    Args:
        grid: where to render.
        pitch_hz: f, the pitch it settles at, (..., 1), Hz.
        ratio: ρ, (..., sines).
        gain: g, (..., sines).
        start_cycles: φ, (..., sines), cycles.
        sweep_st: how far above its pitch it starts, (..., sweeps), semitones, at most 4 sweeps; none is none.
        sweep_s: T60 of each sweep, (..., sweeps), seconds.
        vibrato_st: depth, (..., 1), semitones.
        vibrato_hz: rate, (..., 1), Hz.

    Returns:
        (..., samples).
    """
    raise NotImplementedError


@sines.formula
def _by_formula(
    grid: Grid,
    pitch_hz: Tensor,
    ratio: Tensor,
    gain: Tensor,
    start_cycles: Tensor,
    sweep_st: Tensor | None,
    sweep_s: Tensor | None,
    vibrato_st: Tensor | None,
    vibrato_hz: Tensor | None,
) -> Tensor:
    t, pitch = grid.times_s(), pitch_hz.double()
    cycles = pitch * t
    if sweep_st is not None and sweep_s is not None:
        rate = t60_to_rate(sweep_s.double())
        depth = pitch * (semitones_to_ratio(sweep_st.double()) - 1.0) / rate
        for j in range(sweep_s.shape[-1]):
            cycles = cycles - depth[..., j : j + 1] * (-rate[..., j : j + 1] * t).expm1()
    if vibrato_st is not None and vibrato_hz is not None:
        radians = 2.0 * math.pi * (vibrato_hz.double() + 1e-12)
        swing = pitch * (semitones_to_ratio(vibrato_st.double()) - 1.0) / radians
        cycles = cycles + 2.0 * swing * (0.5 * radians * t).sin().square()
    total: Any = 0.0
    for k in range(ratio.shape[-1]):
        own = (each[..., k : k + 1] for each in (ratio.double(), start_cycles.double(), gain))
        times, start, level = own
        phase = times * cycles + start
        total = total + level.to(grid.dtype) * (2.0 * math.pi * (phase - phase.floor())).to(grid.dtype).sin()
    return total


@sines.gpu_kernel
def _(
    grid: Grid,
    pitch_hz: Tensor,
    ratio: Tensor,
    gain: Tensor,
    start_cycles: Tensor,
    sweep_st: Tensor | None,
    sweep_s: Tensor | None,
    vibrato_st: Tensor | None,
    vibrato_hz: Tensor | None,
) -> Tensor:
    import torch

    from backbeat.dsp.gpu.ringing import rung

    if vibrato_st is not None and vibrato_hz is not None:
        return _by_formula(grid, pitch_hz, ratio, gain, start_cycles, sweep_st, sweep_s, vibrato_st, vibrato_hz)
    if sweep_st is None or sweep_s is None:
        sweep_st, sweep_s = torch.zeros_like(pitch_hz), torch.ones_like(pitch_hz)
    pitch, times, level, start, depth, fall = expanded(pitch_hz, ratio, gain, start_cycles, sweep_st, sweep_s)
    frequency_hz = pitch * times
    level = level.expand_as(frequency_hz).unsqueeze(-1).expand(*frequency_hz.shape, -(-grid.samples // BLOCK))
    excess = semitones_to_ratio(depth) - 1.0
    still = torch.zeros_like(frequency_hz)
    return rung(grid, frequency_hz, start.expand_as(still), [level], still, excess, t60_to_rate(fall))


def sine(grid: Grid, frequency_hz: Control, start_cycles: Control | float = 0.0, gain: Control | float = 1.0) -> Signal:
    """A sine: `g sin 2π(f t + φ)`.

    Args:
        grid: where to render.
        frequency_hz: f, (..., 1), Hz.
        start_cycles: φ, (..., 1), cycles.
        gain: g, (..., 1).
    """
    return sines(grid, frequency_hz, 1.0, gain, start_cycles)
