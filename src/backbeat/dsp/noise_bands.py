"""Noise in bands, each with an envelope of its own: the wires of a snare, the wash of a cymbal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from backbeat.dsp.arithmetic import shared_shape
from backbeat.dsp.envelopes import shaped_fall
from backbeat.dsp.grid import BLOCK, Grid
from backbeat.dsp.noise import LATTICE_HZ, white_noise
from backbeat.dsp.operation import operation
from backbeat.dsp.tape import Control, Signal
from backbeat.dsp.units import t60_to_rate

if TYPE_CHECKING:
    from torch import Tensor

_KERNEL_S = 0.023
_HIGHEST_HZ = 18_000.0
_DEEPEST = 80.0


def band_centers_hz(bands: int) -> tuple[float, ...]:
    """Middle frequencies of noise bands, equally spaced on the mel scale below 18 kHz, in Hz."""
    highest = math.log1p(_HIGHEST_HZ / 700.0)
    return tuple(700.0 * math.expm1(highest * (k + 0.5) / bands) for k in range(bands))


@operation
def noise_bands(
    grid: Grid,
    stream: int,
    gain: Control,
    t60_s: Control,
    shape: Control | None = None,
    attack_s: Control | float = 0.0,
    snap_gain: Control | None = None,
    snap_s: Control | None = None,
    burst_s: Control | None = None,
    burst_gain: Control | None = None,
) -> Signal:
    """Noise whose colour changes: `Σ_b level_b(t) (h_b * noise)(t)`.

    The bands overlap as triangles on the mel scale and add up to white noise where every level is 1. A level is
    `g exp(-ln 1000 (t / T60)^p) min((t + 1/R) / (attack + 1/R), 1)`, and beside it a snap that may repeat,
    `s Σ_j a_j c(t - t_j) exp(-r max(t - t_j, 0))` with `t_0 = 0, a_0 = 1`; c rises from 0 to 1 within the block before.
    It is taken at every 64th sample, and is a straight line between.

    Args:
        grid: where to render.
        stream: of the `noise`.
        gain: g, (..., bands).
        t60_s: of each band, (..., bands), seconds.
        shape: p, (..., bands), as that of `swept_modal`; none is 1.
        attack_s: rise of all bands, (..., 1), seconds.
        snap_gain: s, (..., bands); none is no snap.
        snap_s: T60 of the snap, (..., 1), seconds.
        burst_s: when the snap repeats, (..., bursts), seconds.
        burst_gain: a, its level then, (..., bursts).

    Returns:
        (..., samples).
    """
    raise NotImplementedError


@noise_bands.formula
def _(grid: Grid, stream: int, **controls: Any) -> Tensor:
    levels = _levels(grid, **controls)
    total: Any = 0.0
    for band, part in enumerate(_parts(grid, stream, levels.shape[-2]).unbind(-2)):
        total = total + grid.between(levels[..., band, :]) * part
    return total


@noise_bands.gpu_kernel
def _(grid: Grid, stream: int, **controls: Any) -> Tensor:
    from backbeat.dsp.gpu.blending import blended

    levels = _levels(grid, **controls)
    items = max(levels.shape[0], len(grid.seeds))
    return blended(levels.expand(items, -1, -1), _parts(grid, stream, levels.shape[-2]))


def _levels(
    grid: Grid,
    gain: Tensor,
    t60_s: Tensor,
    shape: Tensor | None,
    attack_s: Tensor,
    snap_gain: Tensor | None,
    snap_s: Tensor | None,
    burst_s: Tensor | None,
    burst_gain: Tensor | None,
) -> Tensor:
    """Of each band at the control times, (..., bands, points)."""
    import torch

    times_s = grid.control_times_s()
    power = torch.ones_like(t60_s) if shape is None else shape
    body = shaped_fall(times_s.clamp(min=0.5 * grid.tick_s), t60_s.double().unsqueeze(-1), power.double().unsqueeze(-1))
    rise = ((times_s + grid.tick_s) / (attack_s.double() + grid.tick_s)).clamp(max=1.0)
    levels = gain.double().unsqueeze(-1) * body * rise.unsqueeze(-2)
    if snap_gain is not None and snap_s is not None:
        snaps = _snaps(grid, snap_s.double(), burst_s, burst_gain)
        levels = levels + snap_gain.double().unsqueeze(-1) * snaps.unsqueeze(-2)
    return levels.to(grid.dtype)


def _parts(grid: Grid, stream: int, bands: int) -> Tensor:
    """Noise in each band at level 1, (seeds, bands, samples)."""
    from backbeat.dsp.constants import table
    from backbeat.dsp.convolution import convolve

    kernels = table(_kernels, bands, float(grid.sample_rate), dtype=grid.precision, device=grid.device)
    half = kernels.shape[-1] // 2
    before = round(0.5 * _KERNEL_S * LATTICE_HZ) - 1
    longer = Grid(grid.sample_rate, grid.samples + 2 * half, grid.seeds, grid.dtype)
    white = white_noise(longer, stream, -half, before)
    return convolve(white.unsqueeze(-2), kernels, advance=half)[..., half : half + grid.samples]


def _snaps(grid: Grid, t60_s: Tensor, burst_s: Tensor | None, burst_gain: Tensor | None) -> Tensor:
    """A snap and its repeats at the control times, (..., points)."""
    import torch

    onset_s, gain = torch.zeros_like(t60_s), torch.ones_like(t60_s)
    if burst_s is not None and burst_gain is not None:
        lead = shared_shape(onset_s.shape[:-1], burst_s.shape[:-1], burst_gain.shape[:-1])
        onset_s = torch.cat([onset_s.expand(*lead, 1), burst_s.double().expand(*lead, -1)], dim=-1)
        gain = torch.cat([gain.expand(*lead, 1), burst_gain.double().expand(*lead, -1)], dim=-1)
    since_s = grid.control_times_s() - onset_s.unsqueeze(-1)
    begun = (1.0 + since_s * (grid.sample_rate / BLOCK)).clamp(0.0, 1.0)
    fallen = (t60_to_rate(t60_s).unsqueeze(-1) * since_s.clamp(min=0.0)).clamp(max=_DEEPEST)
    return (gain.unsqueeze(-1) * begun * (-fallen).exp()).sum(-2)


def _kernels(bands: int, sample_rate: float) -> NDArray[np.float64]:
    """Linear-phase FIR filters that split white noise into bands and add up to a single tap, (bands, taps)."""
    half = max(round(0.5 * _KERNEL_S * sample_rate), 1)
    mel = np.log1p(np.arange(half + 1) * (0.5 * sample_rate / half) / 700.0)
    position = np.clip(mel * (bands / math.log1p(_HIGHEST_HZ / 700.0)) - 0.5, 0.0, bands - 1.0)
    triangles = np.clip(1.0 - np.abs(position - np.arange(bands)[:, None]), 0.0, None)
    responses = np.roll(np.fft.irfft(triangles, 2 * half), half, -1)
    window = 0.5 - 0.5 * np.cos(np.pi * np.arange(2 * half) / half)
    return np.ascontiguousarray((responses * window)[:, 1:])
