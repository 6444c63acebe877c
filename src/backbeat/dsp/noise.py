"""Noise without state, in continuous time.

Value k of a stream is a hash of (seed, stream, k). So the noise is the same alone or in any batch, at any length, on
any device, and any part of it can be computed by itself. Values lie on a lattice of 44,100 a second, and other sample
rates read between them. So its density, and up to 18 kHz its very shape, is the same at every sample rate.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from backbeat.dsp.grid import Grid
from backbeat.dsp.operation import operation
from backbeat.dsp.tape import Signal

if TYPE_CHECKING:
    from torch import Tensor

LATTICE_HZ = 44_100
_GOLDEN = 0x9E3779B9
_FIRST, _SECOND = 0x21F0AAAD, 0xD35A2D97
_HALF, _BETA, _MOST_PHASES = 16, 7.857, 1024


@operation
def noise(grid: Grid, stream: int) -> Signal:
    """White noise up to 20 kHz, uniform in [-1, 1) at 44.1 kHz, RMS 1/√3: `x(t) = Σ_k x_k h(44100 t - k)`.

    h is a sinc in a Kaiser window, cut off at half the lower of the two rates; at 44.1 kHz the samples are the x_k.

    Args:
        grid: where to render; its seeds choose the noise of each item.
        stream: tells apart the noises of one instrument.

    Returns:
        (batch, samples), or (1, samples) where one seed serves all; without gradient.

    References:
        | Prospecting for Hash Functions (Wellons, 2018), for the mixing constants
    """
    raise NotImplementedError


@noise.formula
def _(grid: Grid, stream: int) -> Tensor:
    return white_noise(grid, stream)


def white_noise(grid: Grid, stream: int, first: int = 0, first_point: int = 0) -> Tensor:
    """The noise from a sample on, which may be below 0; at time 0 it is that of a point of the lattice."""
    import torch

    from backbeat.dsp.constants import table

    samples = torch.arange(first, first + grid.samples, device=grid.device)
    if grid.sample_rate == LATTICE_HZ:
        return _hashed(grid, stream, samples + first_point)
    weights = table(_weights, float(grid.sample_rate), dtype=grid.precision, device=grid.device)
    phases, taps = weights.shape
    places = torch.round(samples.double() * (LATTICE_HZ * phases / grid.sample_rate)).long()
    points, rows = places.div(phases, rounding_mode="floor") - taps // 2 + 1, places.remainder(phases)
    weights = weights[rows]
    begin, end = (round(n * LATTICE_HZ / grid.sample_rate) for n in (first, first + grid.samples))
    begin, end = begin - taps // 2 - 1, end + taps // 2 + 2
    lattice = _hashed(grid, stream, torch.arange(begin, end, device=grid.device) + first_point)
    total = torch.zeros(len(grid.seeds), grid.samples, dtype=grid.precision, device=grid.device)
    for tap in range(taps):
        total = total + weights[:, tap] * lattice[:, points - begin + tap]
    return total


def _weights(sample_rate: float) -> NDArray[np.float64]:
    """The filter h for each place between two points, (phases, taps)."""
    cutoff = min(1.0, sample_rate / LATTICE_HZ)
    half = 8 * math.ceil(_HALF / cutoff / 8)
    phases = _MOST_PHASES
    if sample_rate == int(sample_rate):
        exact = int(sample_rate) // math.gcd(int(sample_rate), LATTICE_HZ)
        phases = exact if exact <= _MOST_PHASES else _MOST_PHASES
    at = np.arange(phases)[:, None] / phases + (half - 1 - np.arange(2 * half))
    window = np.i0(_BETA * np.sqrt(np.clip(1.0 - (at / half) ** 2, 0.0, None))) / np.i0(_BETA)
    rows = np.sinc(cutoff * at) * np.where(np.abs(at) < half, window, 0.0)
    weights: NDArray[np.float64] = rows / rows.sum(-1, keepdims=True)
    return weights


def _hashed(grid: Grid, stream: int, points: Tensor) -> Tensor:
    """Values at points of the lattice, (seeds, points)."""
    import torch

    key = _mix(grid.seeds.to(torch.int32) ^ _signed(_mixed(stream * _GOLDEN)))
    second_key = _mix(key + _signed(_GOLDEN)).unsqueeze(-1)
    bits = points.to(torch.int32) + key.unsqueeze(-1)
    return _mix(_fold(bits, 16) * _signed(_FIRST) + second_key).to(grid.dtype) * 2.0**-31


def _mix(bits: Tensor) -> Tensor:
    """Every output bit depends on every input bit: xor-shift and multiply, twice, wrapping."""
    bits = _fold(bits, 16) * _signed(_FIRST)
    bits = _fold(bits, 15) * _signed(_SECOND)
    return _fold(bits, 15)


def _mixed(word: int) -> int:
    """`_mix` of an unsigned 32-bit word."""
    word %= 2**32
    word = (word ^ word >> 16) * _FIRST % 2**32
    word = (word ^ word >> 15) * _SECOND % 2**32
    return word ^ word >> 15


def _fold(bits: Tensor, places: int) -> Tensor:
    """`bits ^ (bits >> places)` with a logical shift: int32 has only the arithmetic one, which copies the sign."""
    return bits ^ (bits >> places & (1 << (32 - places)) - 1)


def _signed(word: int) -> int:
    """The int32 with the bits of an unsigned 32-bit word."""
    return (word + 2**31) % 2**32 - 2**31
