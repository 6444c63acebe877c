"""Band-limited squares as one operation, by Triton on a GPU; what they are held against is the formula itself."""

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from backbeat.dsp.arithmetic import shared_shape
from backbeat.dsp.constants import table
from backbeat.dsp.gpu.custom_operation import differentiable_gradients, operation
from backbeat.dsp.gpu.trial import agree, spread
from backbeat.dsp.squares import HALF, PHASES, edge_by_edge, edges_in_reach, residual, since_edge
from backbeat.dsp.tracing import is_watched
from backbeat.types import Mono

_TRIED = 2, 3, 2500
"""Items, squares and samples that kernels are tried on."""


def band_limited(per_sample: Tensor, start: Tensor, level: Tensor, samples: int) -> Mono:
    """`edge_by_edge` as one operation, of which nothing is kept for the gradient but what it takes."""
    shape = shared_shape(per_sample.shape, start.shape, level.shape)
    items = (each.expand(shape).reshape(-1, shape[-1]).contiguous() for each in (per_sample, start, level))
    found: Mono = _squares(*items, samples)
    return found.reshape(*shape[:-1], samples)


def cubics() -> NDArray[np.float64]:
    """The residual `1 - S` as polynomials of a phase's share, (4, phases, 25): whole samples of one phase in a row.

    So neighbours in time, whose distances from an edge are a sample apart, read what lies side by side. Nothing is left
    of the residual in the last sample.
    """
    value, gained = residual().T
    risen, low, high = np.diff(value), gained[:-1], gained[1:]
    coefficients = np.stack([value[:-1], low, 3.0 * risen - 2.0 * low - high, low + high - 2.0 * risen])
    by_phase = coefficients.reshape(4, HALF, PHASES).transpose(0, 2, 1)
    return np.pad(by_phase, ((0, 0), (0, 0), (0, 1)))


def _rows(device: torch.device, dtype: torch.dtype) -> Tensor:
    return table(cubics, dtype=dtype, device=device)


def _sound(per_sample: Tensor, start: Tensor, level: Tensor, samples: int) -> Tensor:
    if not _kernels_work(level.device):
        return edge_by_edge(per_sample, start, level, samples)
    from backbeat.dsp.gpu import squares_kernels

    return squares_kernels.render(per_sample, start, level, _rows(level.device, torch.float32), samples)


def _sound_shape(per_sample: Tensor, start: Tensor, level: Tensor, samples: int) -> Tensor:
    return level.new_empty(level.shape[0], samples)


def _gradients(grad_sound: Tensor, per_sample: Tensor, start: Tensor, level: Tensor) -> list[Tensor]:
    if not _kernels_work(level.device):
        return gradients_edge_by_edge(grad_sound, per_sample, start, level)
    from backbeat.dsp.gpu import squares_kernels

    return squares_kernels.differentiate(grad_sound, per_sample, start, level, _rows(level.device, torch.float32))


def gradients_edge_by_edge(grad_sound: Tensor, per_sample: Tensor, start: Tensor, level: Tensor) -> list[Tensor]:
    """Of what a square is made of, by that of the sound: written out, for autograd has no hand in an operation."""
    n = torch.arange(grad_sound.shape[-1], device=level.device, dtype=torch.float64)
    rows, found = _rows(level.device, torch.float64), []
    for k in range(per_sample.shape[-1]):
        own = slice(k, k + 1)
        sign, behind, half_period = since_edge(per_sample[:, own], start[:, own], n)
        square, moved, stretched = torch.ones_like(behind), torch.zeros_like(behind), torch.zeros_like(behind)
        for m in range(edges_in_reach(per_sample[:, own])):
            turned = 2.0 if m % 2 else -2.0
            for distance, way in ((behind + m * half_period, 1.0), ((m + 1) * half_period - behind, -1.0)):
                value, gradient = _read(rows, distance)
                square += turned * value
                moved += turned * way * gradient
                stretched += turned * distance * gradient
        felt, by_cycles = grad_sound * sign, level[:, own] / per_sample[:, own]
        by_frequency = by_cycles * (felt * (moved * n - stretched)).sum(-1, keepdim=True)
        by_start = by_cycles * (felt * moved).sum(-1, keepdim=True)
        found.append((by_frequency, by_start, (felt * square).sum(-1, keepdim=True).to(level.dtype)))
    return [torch.cat(each, dim=-1) for each in zip(*found, strict=True)]


def _read(rows: Tensor, distance: Tensor) -> tuple[Tensor, Tensor]:
    """The residual at a distance, and its gradient."""
    place = (distance * PHASES).clamp(max=HALF * PHASES)
    row = place.floor().long()
    w, (first, second, third, fourth) = place - row, rows[:, row % PHASES, row // PHASES]
    return first + w * (second + w * (third + w * fourth)), PHASES * (second + w * (2.0 * third + w * 3.0 * fourth))


def _gradients_shapes(grad_sound: Tensor, *oscillators: Tensor) -> list[Tensor]:
    return [torch.empty_like(each) for each in oscillators]


@lru_cache(maxsize=8)
def _kernels_work(device: torch.device) -> bool:
    items, squares, samples = _TRIED
    per_sample, start, level = spread(device, 3, items, squares)
    oscillators = 0.01 + 0.2 * per_sample.double(), start.double(), level
    grad_sound = spread(device, items, samples) - 0.5

    def by_kernels() -> list[Tensor]:
        from backbeat.dsp.gpu import squares_kernels

        given = *oscillators, _rows(device, torch.float32)
        return [squares_kernels.render(*given, samples), *squares_kernels.differentiate(grad_sound, *given)]

    def by_formula() -> list[Tensor]:
        return [edge_by_edge(*oscillators, samples), *gradients_edge_by_edge(grad_sound, *oscillators)]

    return agree("squares", device, by_kernels, by_formula)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    *oscillators, _ = inputs
    ctx.save_for_backward(*oscillators)


def _backward(ctx: Any, grad_sound: Tensor) -> tuple[Tensor | None, ...]:
    oscillators: tuple[Tensor, Tensor, Tensor] = ctx.saved_tensors
    if torch.is_grad_enabled() and not is_watched():  # the gradient is to have one itself
        again = edge_by_edge(*oscillators, grad_sound.shape[-1])
        return *differentiable_gradients(again, oscillators, grad_sound), None
    return *_squares_backward(grad_sound.contiguous(), *oscillators), None


_squares = operation("gpu_squares", _sound, _sound_shape, (_setup, _backward))
_squares_backward = operation("gpu_squares_backward", _gradients, _gradients_shapes)
