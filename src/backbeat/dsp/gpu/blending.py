"""Bands whose levels are straight lines from block to block, as one operation, and the formula it is held against."""

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from backbeat.dsp.gpu.custom_operation import differentiable_gradients, operation
from backbeat.dsp.gpu.trial import agree, spread
from backbeat.dsp.grid import BLOCK
from backbeat.dsp.tracing import is_watched

_TRIED = 2, 3, 65
"""Items, bands and blocks that kernels are tried on."""


def blended(levels: Tensor, parts: Tensor) -> Tensor:
    """`blended_band_by_band` as one operation, of which nothing is kept for the gradient but what it was given.

    Args:
        levels: at every 64th sample, the end included, (items, bands, points).
        parts: the bands at level 1, (items or 1, bands, samples), without gradient.

    Returns:
        (items, samples).
    """
    found: Tensor = _blending(levels.contiguous(), parts.contiguous())
    return found


def blended_band_by_band(levels: Tensor, parts: Tensor) -> Tensor:
    """`Σ_b level_b(t) part_b(t)`."""
    rise = _rise(levels)
    total = torch.zeros(len(levels), parts.shape[-1], device=levels.device, dtype=levels.dtype)
    for band in range(levels.shape[-2]):
        first, step = levels[:, band, :-1].unsqueeze(-1), levels[:, band].diff(dim=-1).unsqueeze(-1)
        total = total + (first + step * rise).flatten(-2)[:, : parts.shape[-1]] * parts[:, band]
    return total


def gradients_band_by_band(grad_sound: Tensor, parts: Tensor, points: int) -> tuple[Tensor, Tensor]:
    """Of the levels, as the beginnings and as the ends of blocks, (items, bands, blocks) each."""
    blocks, rise = points - 1, _rise(grad_sound)
    missing = blocks * BLOCK - grad_sound.shape[-1]
    along = torch.unflatten(pad(grad_sound.unsqueeze(-2) * parts, (0, missing)), -1, (blocks, BLOCK))
    return (along * (1.0 - rise)).sum(-1), (along * rise).sum(-1)


def _rise(like: Tensor) -> Tensor:
    return torch.arange(BLOCK, device=like.device, dtype=like.dtype) / BLOCK


def _sound(levels: Tensor, parts: Tensor) -> Tensor:
    if not _kernels_work(levels.device):
        return blended_band_by_band(levels, parts)
    from backbeat.dsp.gpu import blending_kernels

    return blending_kernels.render(levels, parts)


def _sound_shape(levels: Tensor, parts: Tensor) -> Tensor:
    return levels.new_empty(levels.shape[0], parts.shape[-1])


def _gradients(grad_sound: Tensor, parts: Tensor, points: int) -> Tensor:
    if _kernels_work(grad_sound.device):
        from backbeat.dsp.gpu import blending_kernels

        first, last = blending_kernels.differentiate(grad_sound, parts, points)
    else:
        first, last = gradients_band_by_band(grad_sound, parts, points)
    return pad(first, (0, 1)) + pad(last, (1, 0))


def _gradients_shape(grad_sound: Tensor, parts: Tensor, points: int) -> Tensor:
    return grad_sound.new_empty(grad_sound.shape[0], parts.shape[1], points)


@lru_cache(maxsize=8)
def _kernels_work(device: torch.device) -> bool:
    items, bands, blocks = _TRIED
    levels = spread(device, items, bands, blocks + 1)
    parts, grad_sound = (spread(device, *shape, blocks * BLOCK - 7) - 0.5 for shape in ((1, bands), (items,)))

    def by_kernels() -> list[Tensor]:
        from backbeat.dsp.gpu import blending_kernels

        return [
            blending_kernels.render(levels, parts),
            *blending_kernels.differentiate(grad_sound, parts, blocks + 1),
        ]

    def by_formula() -> list[Tensor]:
        return [blended_band_by_band(levels, parts), *gradients_band_by_band(grad_sound, parts, blocks + 1)]

    return agree("noise in bands", device, by_kernels, by_formula)


def _setup(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _backward(ctx: Any, grad_sound: Tensor) -> tuple[Tensor | None, None]:
    levels, parts = ctx.saved_tensors
    if torch.is_grad_enabled() and not is_watched():  # the gradient is to have one itself
        return differentiable_gradients(blended_band_by_band(levels, parts), (levels,), grad_sound)[0], None
    return _blending_backward(grad_sound.contiguous(), parts, levels.shape[-1]), None


_blending = operation("blending", _sound, _sound_shape, (_setup, _backward))
_blending_backward = operation("blending_backward", _gradients, _gradients_shape)
