"""Swept modes as one operation, by Triton on a GPU, and the formula that it is held against."""

import math
from functools import lru_cache
from typing import Any, TypeAlias

import torch
from torch import Tensor

from backbeat.dsp.gpu.custom_operation import differentiable_gradients, operation
from backbeat.dsp.gpu.trial import agree, spread
from backbeat.dsp.tracing import is_watched

_TRIED = 2, 3, 65
"""Items, modes and blocks of the tables that kernels are tried on."""

Tables: TypeAlias = tuple[Tensor, ...]
"""Of modes that share a sweep, in cycles: per second (..., modes, 1); at each block's start (..., blocks, modes); the
level there and, with a shape, what it gains by the block's end (..., blocks, 1 or 2, modes); the decay within a block
(..., modes, block); how far the sweep will still run ahead of time, in seconds (..., blocks, 1); and which share of
that it does within the block (..., 1, block)."""


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
    return torch.addcmul(steps * tick_s, remaining_shift_s, shift_progress), steps / len(steps)


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
    grad_shift = (grad_since * shift_progress).sum(-1, keepdim=True)
    return [
        grad_per_second,
        grad_start,
        grad_level,
        grad_decay,
        grad_shift,
        (grad_since * remaining_shift_s).sum(-2, keepdim=True),
    ]


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
        0.01 * spread(device, items, blocks, 1),
        spread(device, items, 1, 64),
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
