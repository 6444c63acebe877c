"""Noise in bands, each with an envelope of its own: the wires of a snare, the wash of a cymbal."""

import math
from dataclasses import replace
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from backbeat.dsp.constant import is_watched
from backbeat.dsp.filters.fir import fir
from backbeat.dsp.grid import BLOCK, Grid
from backbeat.dsp.linear import matmul
from backbeat.dsp.noise import noise
from backbeat.types import Mono

_KERNEL_S = 0.023
_HIGHEST_HZ = 18_000.0
_FEWEST_ROWS = 8


def band_centers_hz(bands: int) -> tuple[float, ...]:
    """Middle frequencies of noise bands, equally spaced on the mel scale below 18 kHz, in Hz."""
    highest = math.log1p(_HIGHEST_HZ / 700.0)
    return tuple(700.0 * math.expm1(highest * (k + 0.5) / bands) for k in range(bands))


def control_times_s(grid: Grid) -> Float[Tensor, " points"]:
    """Where `noise_bands` takes levels, in seconds: every 64 samples, the end included."""
    points = -(-grid.samples // BLOCK) + 1
    return torch.arange(points, device=grid.device, dtype=grid.dtype) * (BLOCK / grid.sample_rate)


def between(grid: Grid, levels: Float[Tensor, "... points"]) -> Mono:
    """Straight lines between levels at the `control_times_s`."""
    rise = torch.arange(BLOCK, device=grid.device, dtype=grid.dtype) / BLOCK
    first, step = levels[..., :-1].unsqueeze(-1), levels.diff(dim=-1).unsqueeze(-1)
    return grid.join(torch.addcmul(first, step, rise))


def noise_bands(grid: Grid, stream: int, levels: Float[Tensor, "batch points bands"]) -> Mono:
    """Noise whose colour changes: `Σ_b level_b(t) (h_b * noise)(t)`.

    The bands overlap as triangles on the mel scale and add up to white noise, uniform in ±1, where every level is 1;
    between the `control_times_s` levels are straight lines. So a block of 64 samples is one product of the levels at
    its two ends with a table, which serves all items where one seed does: that is many times as fast.

    Args:
        grid: where to render.
        stream: of the `noise`.
        levels: amplitude of each band at each of the `control_times_s`.

    Returns:
        (batch, samples).
    """
    if grid.seeds.shape[0] == 1:
        return _shared_seed(grid, stream, levels)
    if torch.compiler.is_compiling() or grid.device.type != "cpu":
        return _own_seeds(grid, stream, levels)
    size = max(1, len(levels) // len(grid.seeds))
    items = zip(torch.split(grid.seeds, 1), torch.split(levels, size), strict=True)
    return torch.cat([_shared_seed(replace(grid, seeds=seed), stream, some) for seed, some in items])


def _shared_seed(grid: Grid, stream: int, levels: Float[Tensor, "batch points bands"]) -> Mono:
    """`noise_bands` of items that share one seed."""
    tables = _tables if grid.device.type != "cpu" or torch.compiler.is_compiling() else _kept_tables
    ends = torch.cat([levels[:, :-1], levels[:, 1:]], dim=-1).transpose(0, 1)
    # A product of few rows rounds differently from one of many, so that they get company, unless compiled.
    items = levels.shape[0]
    company = 0 if torch.compiler.is_compiling() else max(0, _FEWEST_ROWS - items)
    blocks = matmul(pad(ends, (0, 0, 0, company)), tables(grid, stream, levels.shape[-1]))
    return grid.join(blocks[:, :items].transpose(0, 1))


def _own_seeds(grid: Grid, stream: int, levels: Float[Tensor, "batch points bands"]) -> Mono:
    """`noise_bands` of items with a seed each, as one expression for a batch of any size, and for a GPU."""
    kernels = _kernels(levels.shape[-1], grid.sample_rate, grid.device, grid.dtype)
    half = kernels.shape[-1] // 2
    noises = noise(grid.ahead(2 * half), stream).unsqueeze(-2)
    parts = fir(noises, kernels)[..., half : half + grid.samples]
    parts = pad(parts, (0, -grid.samples % BLOCK))
    parts = parts.reshape(*parts.shape[:-1], -1, BLOCK)
    first, step = levels[:, :-1].mT.unsqueeze(-1), levels.diff(dim=1).mT.unsqueeze(-1)
    rise = torch.arange(BLOCK, device=grid.device, dtype=grid.dtype) / BLOCK
    return grid.join((torch.addcmul(first, step, rise) * parts).sum(-3))


def _tables(grid: Grid, stream: int, bands: int) -> Float[Tensor, "blocks ends block"]:
    """The noise of each band, fading out and then fading in over every block."""
    kernels = _kernels(bands, grid.sample_rate, grid.device, grid.dtype)
    half = kernels.shape[-1] // 2
    parts = fir(noise(grid.ahead(2 * half), stream), kernels)[..., half : half + grid.samples]
    parts = pad(parts, (0, -grid.samples % BLOCK)).reshape(bands, -1, BLOCK).transpose(0, 1)
    rise = torch.arange(BLOCK, device=grid.device, dtype=grid.dtype) / BLOCK
    return torch.cat([parts * (1.0 - rise), parts * rise], dim=-2)


def _kept_tables(grid: Grid, stream: int, bands: int) -> Float[Tensor, "blocks ends block"]:
    """As `_tables`; those of the last noises are kept, since a search renders one noise hundreds of times."""
    return _remembered(int(grid.seeds), grid.samples, grid.sample_rate, grid.dtype, stream, bands)


@lru_cache(maxsize=2)
def _remembered(
    seed: int, samples: int, sample_rate: float, dtype: torch.dtype, stream: int, bands: int
) -> Float[Tensor, "blocks ends block"]:
    # What is born under inference_mode could never again be used where gradients flow.
    with torch.inference_mode(False), torch.no_grad():
        return _tables(Grid(sample_rate, samples, torch.tensor([seed]), dtype), stream, bands)


def _kernels(bands: int, sample_rate: float, device: torch.device, dtype: torch.dtype) -> Float[Tensor, "bands taps"]:
    """`_split_kernels`, kept where they can be."""
    make = _split_kernels.__wrapped__ if is_watched() else _split_kernels
    return make(bands, sample_rate, device, dtype)


@lru_cache(maxsize=16)
def _split_kernels(
    bands: int, sample_rate: float, device: torch.device, dtype: torch.dtype
) -> Float[Tensor, "bands taps"]:
    """Linear-phase FIR filters that split white noise into bands and add up to a single tap."""
    half = round(0.5 * _KERNEL_S * sample_rate)
    frequencies = torch.arange(half + 1, dtype=torch.float64) * (0.5 * sample_rate / half)
    mel = torch.log1p(frequencies / 700.0)
    spacing = math.log1p(_HIGHEST_HZ / 700.0) / bands
    position = (mel / spacing - 0.5).clamp(0.0, bands - 1.0)
    triangles = (1.0 - (position - torch.arange(bands).unsqueeze(-1)).abs()).clamp(min=0.0)
    responses = torch.fft.irfft(triangles, 2 * half).roll(half, -1)
    window = 0.5 - 0.5 * torch.cos(math.pi * torch.arange(2 * half, dtype=torch.float64) / half)
    with torch.inference_mode(False):
        return (responses * window)[..., 1:].to(device=device, dtype=dtype)
