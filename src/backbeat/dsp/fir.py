"""Windowed-sinc FIR filters of linear phase, whose delay is taken out, so that onsets do not move."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from backbeat.dsp.grid import Grid
from backbeat.dsp.operation import operation
from backbeat.dsp.tape import Control, Signal

if TYPE_CHECKING:
    from torch import Tensor

_SMALLEST_GAIN = 1e-3
"""A high-pass at Nyquist passes nothing, and a band of no width: without the bound, the gain would be 0 / 0."""


@operation
def fir(
    grid: Grid,
    signal: Signal,
    weights: Control,
    cutoff_hz: Control,
    low_hz: Control,
    high_hz: Control,
    seconds: float,
) -> Signal:
    """A mix of a low-pass, a band-pass and a high-pass: `y = x * (w_0 h_low + w_1 h_band + w_2 h_high)`.

    With taps m = -M … M, `M = seconds R / 2`, and a Hamming window `w[m] = 0.54 + 0.46 cos(π m / M)`:

    - `h_low[m] = w[m] 2c sinc(2c m) / S`, with c the cutoff over the sample rate R; gain 1 at 0 Hz
    - `h_band[m] = w[m] (2b sinc(2b m) - 2a sinc(2a m)) / S`, with a, b the band's edges over R; gain 1 in its middle
    - `h_high[m] = w[m] (δ[m] - 2c sinc(2c m)) / S`; gain 1 at Nyquist

    Args:
        grid: where to render.
        signal: x, (..., samples), which may go on past the grid.
        weights: w, (..., 3).
        cutoff_hz: where low- and high-pass have -6 dB, (..., 1), Hz.
        low_hz: lower edge of the band, (..., 1), Hz.
        high_hz: upper edge of the band, (..., 1), Hz.
        seconds: length of the kernel.

    Returns:
        (..., samples).
    """
    raise NotImplementedError


@fir.formula
def _(grid: Grid, signal: Tensor, **controls: Any) -> Tensor:
    from backbeat.dsp.convolution import convolve

    kernel = _kernel(grid, **controls)
    return convolve(signal, kernel, advance=kernel.shape[-1] // 2)[..., : grid.samples]


@fir.gpu_kernel
def _(grid: Grid, signal: Tensor, **controls: Any) -> Tensor:
    from backbeat.dsp.gpu.filtering import filtered

    return filtered(signal, _kernel(grid, **controls))[..., : grid.samples]


def _kernel(grid: Grid, weights: Tensor, cutoff_hz: Tensor, low_hz: Tensor, high_hz: Tensor, seconds: float) -> Tensor:
    """The taps h, (..., 2M + 1)."""
    import torch

    half = half_taps(seconds, grid.sample_rate)
    taps = torch.arange(-half, half + 1, device=grid.device, dtype=torch.float64)
    window = 0.54 + 0.46 * (math.pi / max(half, 1) * taps).cos() if half else torch.ones_like(taps)

    def sinc(edge_hz: Tensor) -> Tensor:
        width = (2.0 * edge_hz.double() / grid.sample_rate).clamp(max=1.0)
        radians = math.pi * torch.where(taps == 0.0, 1.0, taps)  # `torch.sinc` has no second derivative at 0
        return torch.where(taps == 0.0, width, (radians * width).sin() / radians)

    middle = math.pi * (low_hz.double() + high_hz.double()) / grid.sample_rate
    low = window * sinc(cutoff_hz)
    band = window * (sinc(high_hz) - sinc(low_hz))
    high = window * ((taps == 0.0).double() - sinc(cutoff_hz))
    low = low / low.sum(-1, keepdim=True)
    band = band / (band * (middle * taps).cos()).sum(-1, keepdim=True).clamp(min=_SMALLEST_GAIN)
    high = high / (high * (math.pi * taps).cos()).sum(-1, keepdim=True).clamp(min=_SMALLEST_GAIN)
    kernel = weights[..., 0:1] * low + weights[..., 1:2] * band + weights[..., 2:3] * high
    return kernel.to(grid.precision)


def half_taps(seconds: float, sample_rate: float) -> int:
    """M, the taps on each side of the middle one."""
    return round(0.5 * seconds * float(sample_rate))


def lowpass_fir(grid: Grid, signal: Signal, cutoff_hz: Control, seconds: float = 0.01) -> Signal:
    """What lies below the cutoff, by a kernel of so many seconds; see `fir`."""
    return _one(grid, signal, (1.0, 0.0, 0.0), cutoff_hz, seconds)


def highpass_fir(grid: Grid, signal: Signal, cutoff_hz: Control, seconds: float = 0.01) -> Signal:
    """What lies above the cutoff, by a kernel of so many seconds; see `fir`."""
    return _one(grid, signal, (0.0, 0.0, 1.0), cutoff_hz, seconds)


def bandpass_fir(grid: Grid, signal: Signal, low_hz: Control, high_hz: Control, seconds: float = 0.01) -> Signal:
    """What lies between two edges, by a kernel of so many seconds; see `fir`."""
    return fir(grid, signal, _weights(signal, 0.0, 1.0, 0.0), high_hz, low_hz, high_hz, seconds)


def _one(grid: Grid, signal: Signal, weights: tuple[float, float, float], cutoff_hz: Control, seconds: float) -> Signal:
    return fir(grid, signal, _weights(signal, *weights), cutoff_hz, 0.5 * cutoff_hz, cutoff_hz, seconds)


def _weights(signal: Signal, *weights: float) -> Control:
    if isinstance(signal, Signal):
        return signal.tape.constant(*weights)
    return signal.new_tensor(weights)
