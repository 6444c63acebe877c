"""Swept modes and sines as one operation, by Triton on a GPU, and the formula that it is held against."""

import math
from functools import lru_cache
from typing import Any, TypeAlias

import torch
from torch import Tensor

from backbeat.dsp.gpu.custom_operation import differentiable_gradients, operation
from backbeat.dsp.gpu.trial import agree, spread
from backbeat.dsp.grid import BLOCK, Grid
from backbeat.dsp.tracing import is_watched

_TRIED = 2, 3, 65
"""Items, modes and blocks of the tables that kernels are tried on."""

Tables: TypeAlias = tuple[Tensor, ...]
"""Of modes that share their sweeps, in cycles: per second (..., modes, 1); at each block's start (..., blocks, modes);
the level there and, with a shape, what it gains by the block's end (..., blocks, 1 or 2, modes); the decay within a
block (..., modes, block); how far each sweep will still run ahead of time, in seconds (..., blocks, sweeps); and which
share of that it does within the block (..., sweeps, block)."""


def rung(
    grid: Grid, frequency_hz: Tensor, start: Tensor, levels: list[Tensor], falling: Tensor, excess: Tensor, rate: Tensor
) -> Tensor:
    """The sound of modes whose pitch sweeps together, from their tables.

    Args:
        grid: where to render.
        frequency_hz: each settles at, (..., modes), float64.
        start: in cycles, (..., modes), float64.
        levels: where each block begins and, with a shape, what a level gains beyond its fall by the block's end,
            (..., modes, blocks) each.
        falling: in nepers per second within a block, (..., modes), float64.
        excess: of each sweep's ratio over 1, (..., sweeps), float64.
        rate: of each sweep, in nepers per second, (..., sweeps), float64.

    Returns:
        (..., samples).
    """
    blocks_s = grid.control_times_s()[:-1].unsqueeze(-1)
    steps_s = torch.arange(BLOCK, device=grid.device, dtype=torch.float64) * grid.tick_s
    depth_s, wide = (excess / rate).unsqueeze(-2), rate.unsqueeze(-2)
    shifted_s = (depth_s * -(-wide * blocks_s).expm1()).sum(-1, keepdim=True)
    cycles = frequency_hz.unsqueeze(-2) * (blocks_s + shifted_s) + start.unsqueeze(-2)
    tables = (
        frequency_hz.unsqueeze(-1),
        cycles - cycles.floor(),
        torch.stack(levels, dim=-2).transpose(-3, -1),
        (-falling.unsqueeze(-1) * steps_s).exp(),
        depth_s * (-wide * blocks_s).exp(),
        -(-rate.unsqueeze(-1) * steps_s).expm1(),
    )
    found = ringing(tuple(each.to(grid.precision) for each in tables), grid.tick_s)
    return found.flatten(-2)[..., : grid.samples]


def ringing(tables: Tables, tick_s: float) -> Tensor:
    """`ringing_mode_by_mode` as one operation, of which nothing is kept for the gradient but the tables."""
    lead = tables[0].shape[:-2]
    items = (table.reshape(lead.numel(), *table.shape[len(lead) :]).contiguous() for table in tables)
    sound: Tensor = _ringing(*items, tick_s)
    return sound.reshape(*lead, *sound.shape[1:])


def ringing_mode_by_mode(tables: Tables, tick_s: float) -> Tensor:
    """`Σ_k level_k decay_k sin 2π(start_k + per_second_k (step + remaining_shift shift_progress))`, as one expression.

    Returns:
        (..., blocks, block).
    """
    since_s, rise = _times(tables, tick_s)
    sound = torch.zeros_like(since_s)
    for mode in range(tables[0].shape[-2]):
        now, _, fallen, cycles = _mode(tables, mode, since_s, rise)
        sound = torch.addcmul(sound, now * fallen, _sine(cycles))
    return sound


def _sine(cycles: Tensor) -> Tensor:
    return torch.sin(2.0 * math.pi * (cycles - torch.round(cycles)))


def _times(tables: Tables, tick_s: float) -> tuple[Tensor, Tensor]:
    """Time since the block's start, as the sweep bends it, (..., blocks, block), and from 0 there to 1 at its end."""
    _, _, _, decay, remaining_shift_s, shift_progress = tables
    steps = torch.arange(decay.shape[-1], device=decay.device, dtype=decay.dtype)
    since_s = steps * tick_s
    for sweep in range(shift_progress.shape[-2]):
        own = slice(sweep, sweep + 1)
        since_s = torch.addcmul(since_s, remaining_shift_s[..., own], shift_progress[..., own, :])
    return since_s, steps / len(steps)


def _mode(tables: Tables, mode: int, since_s: Tensor, rise: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Level, cycles per second, decay and cycles of one mode."""
    per_second, start, level, decay, *_ = tables
    now = level[..., 0, mode : mode + 1]
    if level.shape[-2] > 1:
        now = torch.addcmul(now, level[..., 1, mode : mode + 1], rise)
    hertz = per_second[..., mode : mode + 1, :]
    cycles = torch.addcmul(start[..., mode : mode + 1], hertz, since_s)
    return now, hertz, decay[..., mode : mode + 1, :], cycles


def _sound(
    per_second: Tensor,
    start: Tensor,
    level: Tensor,
    decay: Tensor,
    remaining_shift_s: Tensor,
    shift_progress: Tensor,
    tick_s: float,
) -> Tensor:
    tables = per_second, start, level, decay, remaining_shift_s, shift_progress
    if not _kernels_work(start.device):
        return ringing_mode_by_mode(tables, tick_s)
    from backbeat.dsp.gpu import ringing_kernels

    return ringing_kernels.render(tables, tick_s)


def _sound_shape(
    per_second: Tensor,
    start: Tensor,
    level: Tensor,
    decay: Tensor,
    remaining_shift_s: Tensor,
    shift_progress: Tensor,
    tick_s: float,
) -> Tensor:
    return start.new_empty(*start.shape[:2], decay.shape[-1])


def _gradients(
    grad_sound: Tensor,
    per_second: Tensor,
    start: Tensor,
    level: Tensor,
    decay: Tensor,
    remaining_shift_s: Tensor,
    shift_progress: Tensor,
    tick_s: float,
) -> list[Tensor]:
    tables = per_second, start, level, decay, remaining_shift_s, shift_progress
    if not _kernels_work(start.device):
        return gradients_mode_by_mode(grad_sound, tables, tick_s)
    from backbeat.dsp.gpu import ringing_kernels

    return ringing_kernels.differentiate(grad_sound, tables, tick_s)


def gradients_mode_by_mode(grad_sound: Tensor, tables: Tables, tick_s: float) -> list[Tensor]:
    """Of all tables, by that of the sound: written out, since autograd has no hand in what an operation does."""
    per_second, _, level, _, remaining_shift_s, shift_progress = tables
    since_s, rise = _times(tables, tick_s)
    grad_per_second, grad_start, grad_level, grad_decay = (torch.empty_like(table) for table in tables[:4])
    grad_since = torch.zeros_like(since_s)
    for mode in range(per_second.shape[-2]):
        now, hertz, fallen, cycles = _mode(tables, mode, since_s, rise)
        along = grad_sound * _sine(cycles)
        grad_decay[..., mode, :] = (along * now).sum(-2)
        grad_level[..., 0, mode] = (along * fallen).sum(-1)
        if level.shape[-2] > 1:
            grad_level[..., 1, mode] = (along * fallen * rise).sum(-1)
        turned = grad_sound * now * fallen * (2.0 * math.pi * _sine(cycles + 0.25))
        grad_start[..., mode] = turned.sum(-1)
        grad_per_second[..., mode, 0] = (turned * since_s).sum((-2, -1))
        grad_since += hertz * turned
    grad_shift, grad_progress = torch.empty_like(remaining_shift_s), torch.empty_like(shift_progress)
    for sweep in range(shift_progress.shape[-2]):
        grad_shift[..., sweep] = (grad_since * shift_progress[..., sweep : sweep + 1, :]).sum(-1)
        grad_progress[..., sweep, :] = (grad_since * remaining_shift_s[..., sweep : sweep + 1]).sum(-2)
    return [grad_per_second, grad_start, grad_level, grad_decay, grad_shift, grad_progress]


def _gradients_shapes(grad_sound: Tensor, *tables: Any) -> list[Tensor]:
    return [torch.empty_like(table) for table in tables[:-1]]


@lru_cache(maxsize=8)
def _kernels_work(device: torch.device) -> bool:
    items, modes, blocks = _TRIED
    tables = (
        800.0 * spread(device, items, modes, 1),
        spread(device, items, blocks, modes),
        spread(device, items, blocks, 2, modes),
        spread(device, items, modes, 64),
        0.01 * spread(device, items, blocks, 2),
        spread(device, items, 2, 64),
    )
    grad_sound, tick_s = spread(device, items, blocks, 64) - 0.5, 1.0 / 44100.0

    def by_kernels() -> list[Tensor]:
        from backbeat.dsp.gpu import ringing_kernels

        return [ringing_kernels.render(tables, tick_s), *ringing_kernels.differentiate(grad_sound, tables, tick_s)]

    def by_formula() -> list[Tensor]:
        return [ringing_mode_by_mode(tables, tick_s), *gradients_mode_by_mode(grad_sound, tables, tick_s)]

    return agree("swept modes", device, by_kernels, by_formula)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    *tables, ctx.tick_s = inputs
    ctx.save_for_backward(*tables)


def _backward(ctx: Any, grad_sound: Tensor) -> tuple[Tensor | None, ...]:
    tables = ctx.saved_tensors
    if torch.is_grad_enabled() and not is_watched():  # the gradient is to have one itself
        return *differentiable_gradients(ringing_mode_by_mode(tables, ctx.tick_s), tables, grad_sound), None
    return *_ringing_backward(grad_sound.contiguous(), *tables, ctx.tick_s), None


_ringing = operation("ringing", _sound, _sound_shape, (_setup, _backward))
_ringing_backward = operation("ringing_backward", _gradients, _gradients_shapes)
