"""Square waves: the oscillators of hats, cymbals and cowbells."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from backbeat.dsp.grid import Grid
from backbeat.dsp.operation import operation
from backbeat.dsp.tape import Control, Signal

if TYPE_CHECKING:
    from torch import Tensor

HALF, PHASES = 24, 16
"""Samples that an edge reaches, and rows of the table in each."""

_STEPS, _CUTOFF, _BETA = 8, 0.45, 7.5
_LOWEST_HZ = 1.0
_FADE = 0.1


@operation
def squares(grid: Grid, frequency_hz: Control, gain: Control, start_cycles: Control | None = None) -> Signal:
    """Square waves of ±1, band-limited: `Σ_k g_k q(f_k t + φ_k)`.

    A naive square, and around each edge j what a band-limited step has beyond a plain one:
    `q(c) = sgn(c) + Σ_j 2 (-1)^j r(d_j)`, with `d_j = (c - j/2) R / f` samples past the edge, `r(d) = S(d) - 1` from 0
    on and S(d) before. S is the integral of a sinc in a Kaiser window of ±24 samples, lowered to end in 0, read from
    a table. So harmonic m, odd, has `4 / (π m)` as far as 0.4 of the sample rate R; from there to Nyquist it falls
    to below -72 dB. A square fades out within the last tenth below Nyquist.

    Args:
        grid: where to render.
        frequency_hz: f, (..., squares), Hz; below 1 Hz is as 1 Hz.
        gain: g, (..., squares).
        start_cycles: φ, (..., squares), cycles; none starts at a rising edge.

    Returns:
        (..., samples).

    References:
        | Hard sync without aliasing (Brandt, ICMC 2001), for steps from a table
    """
    raise NotImplementedError


@squares.formula
def _(grid: Grid, frequency_hz: Tensor, gain: Tensor, start_cycles: Tensor | None) -> Tensor:
    return edge_by_edge(*_oscillators(grid, frequency_hz, gain, start_cycles), grid.samples)


@squares.gpu_kernel
def _(grid: Grid, frequency_hz: Tensor, gain: Tensor, start_cycles: Tensor | None) -> Tensor:
    from backbeat.dsp.gpu.squares import band_limited

    return band_limited(*_oscillators(grid, frequency_hz, gain, start_cycles), grid.samples)


def _oscillators(
    grid: Grid, frequency_hz: Tensor, gain: Tensor, start_cycles: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """What a square is made of: cycles per sample and at the start, float64, and its level on the grid's dtype."""
    import torch

    nyquist_hz, frequency = 0.5 * grid.sample_rate, frequency_hz.double().clamp(min=_LOWEST_HZ)
    level = gain.double() * ((nyquist_hz - frequency) / (_FADE * nyquist_hz)).clamp(0.0, 1.0)
    start = torch.zeros_like(frequency) if start_cycles is None else start_cycles.double()
    return frequency / grid.sample_rate, start, level.to(grid.dtype)


def edge_by_edge(per_sample: Tensor, start: Tensor, level: Tensor, samples: int) -> Tensor:
    """Squares by their cycles per sample, cycles at the start and level, (..., squares), and the edges in reach."""
    import torch

    from backbeat.dsp.constants import table

    device = per_sample.device
    rows = table(residual, dtype=torch.float64, device=device)
    n = torch.arange(samples, device=device, dtype=torch.float64)
    total: Any = 0.0
    for k in range(per_sample.shape[-1]):
        own = slice(k, k + 1)
        sign, behind, half_period = since_edge(per_sample[..., own], start[..., own], n)
        square = torch.ones_like(behind)
        for m in range(edges_in_reach(per_sample[..., own])):
            turned = 2.0 if m % 2 else -2.0
            square = square + turned * _read(rows, behind + m * half_period)
            square = square + turned * _read(rows, (m + 1) * half_period - behind)
        total = total + level[..., own] * (sign * square).to(level.dtype)
    return total


def since_edge(per_sample: Tensor, start: Tensor, n: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A naive square's sign, how many samples its last edge is behind, and half a period in samples."""
    cycles = per_sample * n + start
    edge = (2.0 * cycles).floor().detach()
    half_period = 0.5 / per_sample
    return 1.0 - 2.0 * edge.remainder(2.0), (2.0 * cycles - edge) * half_period, half_period


def edges_in_reach(per_sample: Tensor) -> int:
    """How many edges on either side of a sample reach it: as many as can be, where no frequency may be looked at."""
    from backbeat.dsp.tracing import is_watched

    most = 0.5
    if not is_watched():
        most = min(most, float(per_sample.detach().max()))
    return int(2.0 * most * HALF) + 1


def _read(table: Tensor, distance: Tensor) -> Tensor:
    """The residual `1 - S` at a distance from an edge, in samples, by a cubic through values and gradients."""
    place = (distance * PHASES).clamp(max=HALF * PHASES)
    row = place.detach().floor().long().clamp(max=HALF * PHASES - 1)
    low, high = table[row], table[row + 1]
    w = place - row
    risen = w * w * (3.0 - 2.0 * w) * (high[..., 0] - low[..., 0])
    return low[..., 0] + risen + w * (1.0 - w) * ((1.0 - w) * low[..., 1] - w * high[..., 1])


@lru_cache(maxsize=1)
def residual() -> NDArray[np.float64]:
    """`1 - S` at distances from 0 to 24 samples, in phases of 1/16, and what it gains in a phase, (rows, 2)."""
    steps = PHASES * _STEPS
    at = np.arange(2 * HALF * steps + 1) / (2 * steps)
    window = np.i0(_BETA * np.sqrt(np.clip(1.0 - (at / HALF) ** 2, 0.0, None))) - 1.0
    impulse = np.sinc(2.0 * _CUTOFF * at) * window
    areas = (impulse[:-2:2] + 4.0 * impulse[1::2] + impulse[2::2]) / (6.0 * steps)  # Simpson's rule
    risen = np.concatenate([[0.0], np.cumsum(areas)])[::_STEPS]
    gained = impulse[:: 2 * _STEPS] / (risen[-1] * PHASES)
    return 0.5 * np.stack([1.0 - risen / risen[-1], -gained], axis=-1)
