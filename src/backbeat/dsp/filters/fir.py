"""Windowed-sinc FIR filters, one design per batch item.

A linear-phase filter of T taps delays by (T - 1) / 2 samples; `fir` takes that delay out, so that onsets do not move,
and what would then ring before the first sample is cut off.
"""

import math

import torch
from torch import Tensor

from backbeat.dsp.filters.convolution import convolve
from backbeat.dsp.filters.linear_phase import linear_phase
from backbeat.dsp.gpu import takes_gpu_kernels
from backbeat.dsp.gpu.filtering import filtered
from backbeat.dsp.grid import Grid
from backbeat.dsp.own import takes_own_operations
from backbeat.types import Control, Kernel, Mono


def fir_lowpass(grid: Grid, cutoff_hz: Control, taps: int) -> Kernel:
    """Low-pass kernel: `2 f sinc(2 f m) w[m]`, unity gain at DC, -6 dB at the cutoff.

    f is the cutoff over the sample rate, m counts from the middle tap, w is the Hamming window.

    Args:
        grid: gives the sample rate.
        cutoff_hz: (..., 1), Hz, up to Nyquist.
        taps: length, odd.
    """
    kernel = _sinc(grid, cutoff_hz, taps) * _hamming(grid, taps)
    return kernel / kernel.sum(-1, keepdim=True)


def fir_highpass(grid: Grid, cutoff_hz: Control, taps: int) -> Kernel:
    """High-pass kernel: `(sinc(m) - 2 f sinc(2 f m)) w[m]`, unity gain at Nyquist, -6 dB at the cutoff.

    Args:
        grid: gives the sample rate.
        cutoff_hz: (..., 1), Hz.
        taps: length, odd.
    """
    offsets = _offsets(grid, taps)
    kernel = ((offsets == 0.0).to(grid.dtype) - _sinc(grid, cutoff_hz, taps)) * _hamming(grid, taps)
    at_nyquist = (kernel * torch.cos(math.pi * offsets)).sum(-1, keepdim=True)
    # A high-pass at Nyquist passes nothing: without the bound, its gain would be 0 / 0.
    return kernel / at_nyquist.clamp(min=_SMALLEST_GAIN)


def fir_bandpass(grid: Grid, low_hz: Control, high_hz: Control, taps: int) -> Kernel:
    """Band-pass kernel: a low-pass at `high_hz` less one at `low_hz`, unity gain in the middle, -6 dB at the edges.

    Args:
        grid: gives the sample rate.
        low_hz: lower edge, (..., 1), Hz.
        high_hz: upper edge, above the lower, (..., 1), Hz.
        taps: length, odd.
    """
    kernel = (_sinc(grid, high_hz, taps) - _sinc(grid, low_hz, taps)) * _hamming(grid, taps)
    middle = 0.5 * (low_hz + high_hz) / grid.sample_rate
    at_middle = (kernel * torch.cos(2.0 * math.pi * middle * _offsets(grid, taps))).sum(-1, keepdim=True)
    return kernel / at_middle.clamp(min=_SMALLEST_GAIN)


def fir(signal: Mono, kernel: Kernel, heard: Control | None = None) -> Mono:
    """Filter with the delay of a linear-phase kernel taken out: `y[n] = Σ_k h[k] x[n + (taps - 1) / 2 - k]`.

    Args:
        signal: (..., samples).
        kernel: (..., taps), taps odd, symmetric about the middle one.
        heard: how many samples of the result are of use, (..., 1), without gradient: after them, it may be silent. As
            a decaying envelope is laid over most of what is filtered, that is half the time. See `dsp.heard`.
    """
    if takes_gpu_kernels(signal):
        return filtered(signal, kernel)
    if takes_own_operations(heard):
        return linear_phase(signal, kernel, heard)
    return convolve(signal, kernel, advance=(kernel.shape[-1] - 1) // 2)


_SMALLEST_GAIN = 1e-3


def _offsets(grid: Grid, taps: int) -> Tensor:
    """Tap index counted from the middle."""
    return torch.arange(taps, device=grid.device, dtype=grid.dtype) - (taps - 1) // 2


def _sinc(grid: Grid, cutoff_hz: Control, taps: int) -> Kernel:
    """Ideal low-pass response `2 f sinc(2 f m)`."""
    width = (2.0 * cutoff_hz / grid.sample_rate).clamp(max=1.0)
    return width * torch.sinc(width * _offsets(grid, taps))


def _hamming(grid: Grid, taps: int) -> Tensor:
    return 0.54 + 0.46 * torch.cos(2.0 * math.pi / max(taps - 1, 1) * _offsets(grid, taps))
