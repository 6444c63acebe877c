"""Banks of damped sinusoids: the ringing of a struck body."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from backbeat.dsp.envelopes import shaped_fall
from backbeat.dsp.grid import BLOCK, Grid
from backbeat.dsp.linear import matmul
from backbeat.dsp.units import semitones_to_ratio, t60_to_rate
from backbeat.types import Control, Mono

_MODAL_BLOCK = 256
_FADE_BELOW_NYQUIST = 0.1
_FIRST_S = 1e-12
"""Stands for t = 0, where a power has no finite gradient."""
_MOST_FALLEN = -20.0
_CACHED = 1 << 16
"""Values that are worked on at a time, so that they stay in cache, but not fewer blocks than:"""
_FEWEST_BLOCKS = 16


def modal(
    grid: Grid, frequency_hz: Control, t60_s: Control, gain: Control, start_cycles: Control | None = None
) -> Mono:
    """Sum of damped sinusoids: `Σ_k g_k exp(-d_k t) sin 2π(f_k t + φ_k)`, with `d_k = ln 1000 / T60_k`.

    With n = aL + b, the term of mode k is `Im exp((jω_k - d_k) aL) exp((jω_k - d_k) b)`: two short tables and one
    matrix product instead of a sinusoid per mode and sample. A mode within a tenth of Nyquist fades out, and one
    above it is silent.

    Args:
        grid: where to render.
        frequency_hz: f, (..., modes), Hz.
        t60_s: (..., modes), seconds.
        gain: g, (..., modes).
        start_cycles: φ, (..., modes), cycles; none starts at a rising zero crossing.

    Returns:
        (..., samples).
    """
    frequency, rate = frequency_hz.double(), t60_to_rate(t60_s.double())
    phase = torch.zeros_like(frequency) if start_cycles is None else start_cycles.double()
    level = (gain * _below_nyquist(grid, frequency_hz)).unsqueeze(-2)

    def table(t: Tensor, offset_cycles: Tensor) -> tuple[Tensor, Tensor]:
        """Real and imaginary part of `exp((jω - d) t + 2πjφ)`, (..., times, modes)."""
        cycles = frequency.unsqueeze(-2) * t.unsqueeze(-1) + offset_cycles.unsqueeze(-2)
        angle = (2.0 * math.pi * (cycles - torch.floor(cycles))).to(grid.dtype)
        envelope = torch.exp(-rate.unsqueeze(-2) * t.unsqueeze(-1)).to(grid.dtype)
        return envelope * torch.cos(angle), envelope * torch.sin(angle)

    starts_re, starts_im = table(grid.block_starts_s(_MODAL_BLOCK).squeeze(-1), phase)
    steps_re, steps_im = table(grid.block_steps_s(_MODAL_BLOCK), torch.zeros_like(phase))
    starts = torch.cat([level * starts_re, level * starts_im], dim=-1)
    steps = torch.cat([steps_im, steps_re], dim=-1)
    return grid.join(matmul(starts, steps.mT))


def swept_modal(
    grid: Grid,
    frequency_hz: Control,
    t60_s: Control,
    gain: Control,
    start_cycles: Control,
    *,
    sweep_st: Control,
    sweep_s: Control,
    shape: Control | None = None,
) -> Mono:
    """Sum of damped sinusoids that share a pitch sweep: `Σ_k g_k exp(-ln 1000 (t / T60_k)^p_k) sin 2π(f_k θ(t) + φ_k)`.

    Time runs `θ(t) = t + D τ (1 - exp(-t / τ))` with `D = 2^(sweep / 12) - 1`. The sine is computed directly, since θ
    is no longer a straight line: of the phase at a block's start (float64, less its whole cycles) and the time since
    then, which all modes share. The envelope is a product of tables: exact where p = 1, and otherwise the exponential
    decay times what a straight line in every block makes of the rest. While the sweep lifts a mode to within a tenth
    of Nyquist it fades, and above Nyquist it is silent.

    Args:
        grid: where to render.
        frequency_hz: f, the frequency each mode settles at, (..., modes), Hz.
        t60_s: (..., modes), seconds.
        gain: g, (..., modes).
        start_cycles: φ, (..., modes), cycles.
        sweep_st: how far above its frequency each mode starts, (..., 1), semitones.
        sweep_s: T60 of the sweep, (..., 1), seconds.
        shape: p, (..., modes), as that of `shaped_decay`; none is 1.

    Returns:
        (..., samples).
    """
    dtype, starts_s, steps_s = grid.dtype, grid.block_starts_s(), grid.block_steps_s()
    # A row for each block, a column for each mode; then an axis for the samples of a block.
    frequency, level = frequency_hz.unsqueeze(-2), gain.unsqueeze(-2)
    sweep_rate = t60_to_rate(sweep_s.double()).unsqueeze(-1)
    excess = (semitones_to_ratio(sweep_st.double()) - 1.0).unsqueeze(-1)
    excess_now = excess * torch.exp(-sweep_rate * starts_s)
    cycles = frequency.double() * (starts_s + (excess - excess_now) / sweep_rate) + start_cycles.unsqueeze(-2)
    angle = (2.0 * math.pi * (cycles - torch.floor(cycles))).to(dtype).unsqueeze(-1)
    bends_s, bend = (excess_now / sweep_rate).to(dtype), -torch.expm1(-sweep_rate * steps_s).to(dtype)
    since_s = torch.addcmul(steps_s.to(dtype), bends_s, bend).unsqueeze(-2)
    rate = t60_to_rate(t60_s).unsqueeze(-2)
    level = level * _below_nyquist(grid, frequency * (1.0 + excess_now).to(dtype))
    levels = level.unsqueeze(-2) * _block_levels(grid, t60_s, shape)
    decay = torch.exp(-rate.unsqueeze(-1) * steps_s.to(dtype))
    per_second = 2.0 * math.pi * frequency.unsqueeze(-1)
    piece = max(_FEWEST_BLOCKS, _CACHED // decay.numel())
    pieces = zip(*(torch.split(table, piece, dim=-3) for table in (angle, since_s, levels)), strict=True)
    sounds = [_ringing(per_second, since, start, decay, now) for start, since, now in pieces]
    if shape is not None:
        rise = torch.linspace(0.0, 1.0, BLOCK + 1, device=grid.device, dtype=dtype)[:-1]
        sounds = [torch.addcmul(sound[..., :1, :], sound[..., 1:, :], rise) for sound in sounds]
    return grid.join(torch.cat(sounds, dim=-3).squeeze(-2))


def _block_levels(grid: Grid, t60_s: Tensor, shape: Tensor | None) -> Tensor:
    """Level of each mode where each block begins and, with a shape, what it gains by its end over the plain decay.

    Returns:
        (..., blocks, 1 or 2, modes).
    """
    starts_s = grid.block_starts_s().to(grid.dtype)
    rate = t60_to_rate(t60_s).unsqueeze(-2)
    if shape is None:
        return torch.exp(-rate * starts_s).unsqueeze(-2)
    block_s = BLOCK / grid.sample_rate
    times_s = torch.cat([starts_s, starts_s[-1:] + block_s]).clamp(min=_FIRST_S)
    level = shaped_fall(times_s, t60_s.unsqueeze(-2), shape.unsqueeze(-2))
    # A mode whose plain decay would not leave anything within a block has no use for the rest.
    plain = torch.exp((-rate * block_s).clamp(min=_MOST_FALLEN))
    first, last = level[..., :-1, :], level[..., 1:, :] / plain
    return torch.stack([first, last - first], dim=-2)


def _below_nyquist(grid: Grid, frequency_hz: Tensor) -> Tensor:
    """1 well below Nyquist, 0 above it, a straight fade between."""
    nyquist_hz = 0.5 * grid.sample_rate
    return ((nyquist_hz - frequency_hz) / (_FADE_BELOW_NYQUIST * nyquist_hz)).clamp(0.0, 1.0)


def _ringing(*tables: Tensor) -> Tensor:
    sound: Tensor = _Ringing.apply(*tables)  # type: ignore[no-untyped-call]
    return sound


class _Ringing(torch.autograd.Function):
    """`Σ_k now_k decay_k sin(per_second_k · since + start_k)`, block by block.

    Its gradient is written out, and begins again from the tables: autograd would keep three values for each mode and
    sample. Shapes: per_second (..., 1, modes, 1), since (..., blocks, 1, block), start (..., blocks, modes, 1),
    decay (..., 1, modes, block), now (..., blocks, rows, modes); the result is (..., blocks, rows, block).
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(per_second: Tensor, since: Tensor, start: Tensor, decay: Tensor, now: Tensor) -> Tensor:
        # In place: fresh memory takes longer than the sine.
        return matmul(now, (per_second * since).add_(start).sin_().mul_(decay))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, ...]:
        inputs = per_second, since, start, decay, now = ctx.saved_tensors
        angle = (per_second * since).add_(start)
        sine, heard = torch.sin(angle), matmul(now.mT, slope)
        of_decay = (heard * sine).sum(-3, keepdim=True)
        of_now = matmul(slope, sine.mul_(decay).mT)
        turned = angle.cos_().mul_(heard.mul_(decay))
        slopes = (
            matmul(turned, since.mT).sum(-3, keepdim=True),
            matmul(per_second.mT, turned),
            turned.sum(-1, keepdim=True),
            of_decay,
            of_now,
        )
        return tuple(found.sum_to_size(wanted.shape) for found, wanted in zip(slopes, inputs, strict=True))
