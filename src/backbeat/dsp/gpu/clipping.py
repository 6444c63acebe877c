"""The soft clip as one operation, by Triton on a GPU, and the formula that it is held against."""

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from backbeat.dsp.arithmetic import shared_shape
from backbeat.dsp.gpu.custom_operation import differentiable_gradients, operation
from backbeat.dsp.gpu.trial import agree, spread
from backbeat.dsp.tracing import is_watched

_TRIED = 3, 2500
"""Items and samples that kernels are tried on."""


def clipped(signal: Tensor, scale: Tensor, bend: Tensor) -> Tensor:
    """`clip_by_formula` as one operation, of which nothing is kept for the gradient but what it was given.

    Args:
        signal: x, (..., samples).
        scale: s, (..., 1).
        bend: q, (..., 1).

    Returns:
        (..., samples).
    """
    lead, samples = shared_shape(signal.shape[:-1], scale.shape[:-1], bend.shape[:-1]), signal.shape[-1]
    numbers = (each.expand(*lead, 1).reshape(-1).contiguous() for each in (scale, bend))
    found: Tensor = _clip(signal.expand(*lead, samples).reshape(-1, samples).contiguous(), *numbers)
    return found.reshape(*lead, samples)


def clip_by_formula(signal: Tensor, scale: Tensor, bend: Tensor) -> Tensor:
    """`x / √(s + q x²)`, of x (items, samples), s and q (items,)."""
    return signal * (scale.unsqueeze(-1) + bend.unsqueeze(-1) * signal * signal).rsqrt()


def gradients_by_formula(
    grad_sound: Tensor, signal: Tensor, scale: Tensor, bend: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Of the signal, of s and of q: with r the root's inverse, by `s r³`, `-x r³ / 2` and `-x³ r³ / 2`."""
    cubed = grad_sound * (scale.unsqueeze(-1) + bend.unsqueeze(-1) * signal * signal).rsqrt() ** 3
    lessened = -0.5 * cubed * signal
    return scale.unsqueeze(-1) * cubed, lessened.sum(-1), (lessened * signal * signal).sum(-1)


def _sound(signal: Tensor, scale: Tensor, bend: Tensor) -> Tensor:
    if not _kernels_work(signal.device):
        return clip_by_formula(signal, scale, bend)
    from backbeat.dsp.gpu import clipping_kernels

    return clipping_kernels.render(signal, scale, bend)


def _sound_shape(signal: Tensor, scale: Tensor, bend: Tensor) -> Tensor:
    return torch.empty_like(signal)


def _gradients(grad_sound: Tensor, signal: Tensor, scale: Tensor, bend: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    if not _kernels_work(signal.device):
        return gradients_by_formula(grad_sound, signal, scale, bend)
    from backbeat.dsp.gpu import clipping_kernels

    return clipping_kernels.differentiate(grad_sound, signal, scale, bend)


def _gradients_shapes(grad_sound: Tensor, signal: Tensor, scale: Tensor, bend: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return torch.empty_like(signal), torch.empty_like(scale), torch.empty_like(bend)


@lru_cache(maxsize=8)
def _kernels_work(device: torch.device) -> bool:
    items, samples = _TRIED
    signal, grad_sound = (scale * (spread(device, items, samples) - 0.4) for scale in (3.0, 1.0))
    given = signal, 0.1 + spread(device, items), spread(device, items).flip(0)

    def by_kernels() -> list[Tensor]:
        from backbeat.dsp.gpu import clipping_kernels

        return [clipping_kernels.render(*given), *clipping_kernels.differentiate(grad_sound, *given)]

    def by_formula() -> list[Tensor]:
        return [clip_by_formula(*given), *gradients_by_formula(grad_sound, *given)]

    return agree("soft clips", device, by_kernels, by_formula)


def _setup(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor], output: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _backward(ctx: Any, grad_sound: Tensor) -> tuple[Tensor | None, ...]:
    given = ctx.saved_tensors
    if torch.is_grad_enabled() and not is_watched():  # the gradient is to have one itself
        return tuple(differentiable_gradients(clip_by_formula(*given), given, grad_sound))
    found: tuple[Tensor, ...] = _clip_backward(grad_sound.contiguous(), *given)
    return found


_clip = operation("soft_clip", _sound, _sound_shape, (_setup, _backward))
_clip_backward = operation("soft_clip_backward", _gradients, _gradients_shapes)
