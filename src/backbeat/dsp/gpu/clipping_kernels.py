"""The soft clip on a GPU: read once, written once."""

import torch
import triton
import triton.language as tl
from torch import Tensor

_TILE = 1024
"""Samples that a program clips."""


@triton.jit
def _load(signal, scale, bend, samples, tiles, TILE: tl.constexpr):
    """Where some samples of one item lie, which are there, what they are, and the item's numbers."""
    item = (tl.program_id(0) // tiles).to(tl.int64)
    sample = (tl.program_id(0) % tiles) * TILE + tl.arange(0, TILE)
    there, at = sample < samples, item * samples + sample
    return at, there, tl.load(signal + at, mask=there, other=0.0), tl.load(scale + item), tl.load(bend + item)


@triton.jit
def _render(signal, scale, bend, sound, samples, tiles, TILE: tl.constexpr):
    """Some samples of one item."""
    at, there, x, s, q = _load(signal, scale, bend, samples, tiles, TILE)
    tl.store(sound + at, x / tl.sqrt(s + q * x * x), mask=there)


@triton.jit
def _differentiate(
    grad_sound, signal, scale, bend, grad_signal, grad_scale, grad_bend, samples, tiles, TILE: tl.constexpr
):  # fmt: skip
    """Gradients by some samples of one item; of its numbers, this tile's part."""
    at, there, x, s, q = _load(signal, scale, bend, samples, tiles, TILE)
    root = 1.0 / tl.sqrt(s + q * x * x)
    cubed = tl.load(grad_sound + at, mask=there, other=0.0) * root * root * root
    tl.store(grad_signal + at, s * cubed, mask=there)
    lessened = -0.5 * cubed * x
    tl.store(grad_scale + tl.program_id(0), tl.sum(lessened, 0))
    tl.store(grad_bend + tl.program_id(0), tl.sum(lessened * x * x, 0))


def render(signal: Tensor, scale: Tensor, bend: Tensor) -> Tensor:
    """The clipped signal, (items, samples), of numbers (items,)."""
    (items, samples), tiles = signal.shape, triton.cdiv(signal.shape[-1], _TILE)
    sound = torch.empty_like(signal)
    with torch.cuda.device_of(signal):  # where launches go
        _render[(items * tiles,)](signal, scale, bend, sound, samples, tiles, _TILE)
    return sound


def differentiate(grad_sound: Tensor, signal: Tensor, scale: Tensor, bend: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of the signal and of the numbers."""
    (items, samples), tiles = signal.shape, triton.cdiv(signal.shape[-1], _TILE)
    grad_signal, grad_scale, grad_bend = torch.empty_like(signal), *(scale.new_empty(items, tiles) for _ in range(2))
    with torch.cuda.device_of(signal):
        _differentiate[(items * tiles,)](
            grad_sound, signal, scale, bend, grad_signal, grad_scale, grad_bend, samples, tiles, _TILE
        )
    return grad_signal, grad_scale.sum(1), grad_bend.sum(1)
