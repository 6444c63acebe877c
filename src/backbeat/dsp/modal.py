"""Banks of damped sinusoids: the ringing of a struck body. A mode fades out within the last tenth below Nyquist."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from backbeat.dsp.arithmetic import expanded, shared_shape
from backbeat.dsp.envelopes import shaped_fall
from backbeat.dsp.grid import BLOCK, Grid
from backbeat.dsp.operation import operation
from backbeat.dsp.tape import Control, Signal
from backbeat.dsp.units import semitones_to_ratio, t60_to_rate

if TYPE_CHECKING:
    from torch import Tensor

_FADE = 0.1
_FIRST_S = 1e-12
"""Stands for t = 0, where a power has no finite gradient."""
_MOST_FALLEN = 20.0
_VALUES_AT_A_TIME = 1 << 24


@operation
def modal(
    grid: Grid, frequency_hz: Control, t60_s: Control, gain: Control, start_cycles: Control | None = None
) -> Signal:
    """Damped sinusoids: `Σ_k g_k exp(-d_k t) sin 2π(f_k t + φ_k)`, with `d_k = ln 1000 / T60_k`.

    Args:
        grid: where to render.
        frequency_hz: f, (..., modes), Hz.
        t60_s: (..., modes), seconds.
        gain: g, (..., modes).
        start_cycles: φ, (..., modes), cycles; none starts at a rising zero crossing.

    Returns:
        (..., samples).
    """
    raise NotImplementedError


@modal.formula
def _(grid: Grid, frequency_hz: Tensor, t60_s: Tensor, gain: Tensor, start_cycles: Tensor | None) -> Tensor:
    t, level = grid.times_s(), (gain * _below_nyquist(grid, frequency_hz)).to(grid.dtype)
    total: Any = 0.0
    for k in range(frequency_hz.shape[-1]):
        own = slice(k, k + 1)
        cycles = frequency_hz[..., own].double() * t
        if start_cycles is not None:
            cycles = cycles + start_cycles[..., own].double()
        envelope = (-t60_to_rate(t60_s[..., own].double()) * t).exp()
        total = total + level[..., own] * envelope.to(grid.dtype) * _sine(cycles, grid)
    return total


@modal.gpu_kernel
def _(grid: Grid, frequency_hz: Tensor, t60_s: Tensor, gain: Tensor, start_cycles: Tensor | None) -> Tensor:
    import torch

    from backbeat.dsp.gpu.ringing import rung

    start = torch.zeros_like(frequency_hz) if start_cycles is None else start_cycles
    frequency_hz, t60_s, gain, start = expanded(frequency_hz, t60_s, gain, start)
    fallen = (-t60_to_rate(t60_s).unsqueeze(-1) * grid.control_times_s()[:-1]).exp()
    level = fallen * (gain * _below_nyquist(grid, frequency_hz)).unsqueeze(-1)
    still = torch.zeros_like(frequency_hz[..., :1])
    return rung(grid, frequency_hz, start, [level], t60_to_rate(t60_s), still, still + 1.0)


@operation
def swept_modal(
    grid: Grid,
    frequency_hz: Control,
    t60_s: Control,
    gain: Control,
    start_cycles: Control | None = None,
    *,
    sweep_st: Control,
    sweep_s: Control,
    shape: Control | None = None,
) -> Signal:
    """Damped sinusoids that share a pitch sweep: `Σ_k g_k exp(-ln 1000 (t / T60_k)^p_k) sin 2π(f_k θ(t) + φ_k)`.

    Time runs `θ(t) = t + D (1 - exp(-r t)) / r`, with `D = 2^(sweep / 12) - 1` and `r = ln 1000 / T60` of the sweep. A
    level is exact at every 64th sample and where p is 1; between, what it has beyond a plain decay is a straight line.

    Args:
        grid: where to render.
        frequency_hz: f, the frequency each mode settles at, (..., modes), Hz.
        t60_s: (..., modes), seconds.
        gain: g, (..., modes).
        start_cycles: φ, (..., modes), cycles; none starts at a rising zero crossing.
        sweep_st: how far above its frequency each mode starts, (..., 1), semitones.
        sweep_s: T60 of the sweep, (..., 1), seconds.
        shape: p, (..., modes): below 1, a mode falls at once and then slowly, above 1 after a hold; none is 1.

    Returns:
        (..., samples).
    """
    raise NotImplementedError


@swept_modal.formula
def _(
    grid: Grid,
    frequency_hz: Tensor,
    t60_s: Tensor,
    gain: Tensor,
    start_cycles: Tensor | None,
    sweep_st: Tensor,
    sweep_s: Tensor,
    shape: Tensor | None,
) -> Tensor:
    import torch

    rate, excess = t60_to_rate(sweep_s.double()), semitones_to_ratio(sweep_st.double()) - 1.0
    t = grid.times_s()
    cycles_s = t - excess / rate * (-rate * t).expm1()
    fade = _fade(grid, frequency_hz, excess, rate)
    modes = frequency_hz.shape[-1]
    start = torch.zeros_like(frequency_hz) if start_cycles is None else start_cycles
    power = torch.ones_like(t60_s) if shape is None else shape
    items = math.prod(shared_shape(*(each.shape[:-1] for each in (frequency_hz, t60_s, gain, start, sweep_s))))
    some = max(1, _VALUES_AT_A_TIME // max(1, items * grid.samples))
    total: Any = 0.0
    for k in range(0, modes, some):
        own = slice(k, k + some)
        cycles = frequency_hz[..., own].double().unsqueeze(-1) * cycles_s.unsqueeze(-2)
        cycles = cycles + start[..., own].double().unsqueeze(-1)
        level = _levels(grid, t60_s[..., own], power[..., own], fade[..., own, :])
        total = total + (gain[..., own].to(grid.dtype).unsqueeze(-1) * level * _sine(cycles, grid)).sum(-2)
    return total


@swept_modal.gpu_kernel
def _(
    grid: Grid,
    frequency_hz: Tensor,
    t60_s: Tensor,
    gain: Tensor,
    start_cycles: Tensor | None,
    sweep_st: Tensor,
    sweep_s: Tensor,
    shape: Tensor | None,
) -> Tensor:
    import torch

    from backbeat.dsp.gpu.ringing import rung

    start = torch.zeros_like(frequency_hz) if start_cycles is None else start_cycles
    power = torch.ones_like(t60_s) if shape is None else shape
    frequency_hz, t60_s, gain, start, power, sweep_st, sweep_s = expanded(
        frequency_hz, t60_s, gain, start, power, sweep_st, sweep_s
    )
    rate, excess = t60_to_rate(sweep_s), semitones_to_ratio(sweep_st) - 1.0
    first, gained = _lines(grid, t60_s, power, _fade(grid, frequency_hz, excess, rate) * gain.unsqueeze(-1))
    return rung(grid, frequency_hz, start, [first, gained], t60_to_rate(t60_s), excess, rate)


def _levels(grid: Grid, t60_s: Tensor, shape: Tensor, fade: Tensor) -> Tensor:
    """The envelope of each mode, (..., modes, samples): within a block, a plain decay times a straight line."""
    import torch

    first, gained = _lines(grid, t60_s, shape, fade)
    steps = torch.arange(BLOCK, device=grid.device, dtype=torch.float64)
    line = first.unsqueeze(-1) + gained.unsqueeze(-1) * (steps / BLOCK)
    level = line * (-t60_to_rate(t60_s.double())[..., None, None] * (steps * grid.tick_s)).exp()
    return level.flatten(-2)[..., : grid.samples].to(grid.dtype)


def _lines(grid: Grid, t60_s: Tensor, shape: Tensor, fade: Tensor) -> tuple[Tensor, Tensor]:
    """Where the line of each block begins, and what it gains by the block's end, (..., modes, blocks)."""
    rate, blocks_s = t60_to_rate(t60_s.double()).unsqueeze(-1), grid.control_times_s()
    fallen = shaped_fall(blocks_s.clamp(min=_FIRST_S), t60_s.double().unsqueeze(-1), shape.double().unsqueeze(-1))
    first = fallen[..., :-1] * fade[..., :-1]
    last = fallen[..., 1:] * (rate * (BLOCK * grid.tick_s)).clamp(max=_MOST_FALLEN).exp() * fade[..., :-1]
    return first, last - first


def _fade(grid: Grid, frequency_hz: Tensor, excess: Tensor, rate: Tensor) -> Tensor:
    """How far each mode is below Nyquist, where blocks begin, (..., modes, points)."""
    lift = 1.0 + excess * (-rate * grid.control_times_s()).exp()
    return _below_nyquist(grid, frequency_hz.double().unsqueeze(-1) * lift.unsqueeze(-2))


def _sine(cycles: Tensor, grid: Grid) -> Tensor:
    return (2.0 * math.pi * (cycles - cycles.floor())).to(grid.dtype).sin()


def _below_nyquist(grid: Grid, frequency_hz: Tensor) -> Tensor:
    nyquist_hz = 0.5 * grid.sample_rate
    return ((nyquist_hz - frequency_hz) / (_FADE * nyquist_hz)).clamp(0.0, 1.0)
