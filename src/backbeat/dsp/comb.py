"""A comb resonator: a delay that feeds itself through a filter."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from backbeat.dsp.grid import Grid
from backbeat.dsp.operation import operation
from backbeat.dsp.tape import Control, Signal

if TYPE_CHECKING:
    from torch import Tensor

_SMEAR_S = 0.2
"""How long a single pass through the loop's filter lasts, for what matters."""

NEARLY_NOTHING = 1e-30
"""Stands for a loop of 0, whose size and angle have no second derivative."""


@operation
def comb(
    grid: Grid,
    signal: Signal,
    frequency_hz: Control,
    feedback: Control,
    low_hz: Control,
    high_hz: Control,
    gain: Control | float = 1.0,
) -> Signal:
    """A delay that feeds itself through a filter: `Y = G X / (1 - L)`.

    It is the series of all echoes that begin in the sound. The loop is `L(z) = g F(z) z^-D` with a delay of any length,
    `D = R / frequency`, and a band-pass of two poles, `F(z) = k (1 - z^-1) / ((1 - a z^-1)(1 - b z^-1))`,
    `a = exp(-2π low / R)`, `b = exp(-2π high / R)`, `k = (1 + a)(1 - b) / 2`. Computed in the frequency domain.

    Args:
        grid: where to render.
        signal: x, (..., samples).
        frequency_hz: lowest resonance, (..., 1), Hz.
        feedback: g, (..., 1), from 0 to below 1.
        low_hz: damping below this, (..., 1), Hz.
        high_hz: damping above this, (..., 1), Hz.
        gain: G, (..., 1).

    Returns:
        (..., samples).
    """
    raise NotImplementedError


@comb.formula
def _(
    grid: Grid,
    signal: Tensor,
    frequency_hz: Tensor,
    feedback: Tensor,
    low_hz: Tensor,
    high_hz: Tensor,
    gain: Tensor,
) -> Tensor:
    loop = _loop(grid, frequency_hz, feedback, low_hz, high_hz)
    found = resonated(signal[..., : grid.samples].double(), *loop, _length(grid))
    return (gain.double() * found).to(grid.dtype)


@comb.gpu_kernel
def _(
    grid: Grid,
    signal: Tensor,
    frequency_hz: Tensor,
    feedback: Tensor,
    low_hz: Tensor,
    high_hz: Tensor,
    gain: Tensor,
) -> Tensor:
    from backbeat.dsp.gpu.comb import resonated as resonated_there

    loop = _loop(grid, frequency_hz, feedback, low_hz, high_hz)
    return gain.to(grid.dtype) * resonated_there(signal[..., : grid.samples], *loop, _length(grid))


def _length(grid: Grid) -> int:
    """Samples of the FFT."""
    return 1 << (2 * grid.samples + math.ceil(_SMEAR_S * grid.sample_rate) - 1).bit_length()


def _loop(
    grid: Grid, frequency_hz: Tensor, feedback: Tensor, low_hz: Tensor, high_hz: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """D, g, a and b, float64."""
    low, high = ((-2.0 * math.pi * each.double() / grid.sample_rate).exp() for each in (low_hz, high_hz))
    return grid.sample_rate / frequency_hz.double(), feedback.double(), low, high


def resonated(signal: Tensor, delay: Tensor, feedback: Tensor, low: Tensor, high: Tensor, length: int) -> Tensor:
    """What a loop of D, g, a and b, (..., 1), makes of a signal, (..., samples), by an FFT of that length, float64."""
    import torch

    samples = signal.shape[-1]
    omega = torch.arange(length // 2 + 1, device=signal.device, dtype=torch.float64) * (2.0 * math.pi / length)
    late = torch.polar(torch.ones_like(omega), -omega)
    scale = 0.5 * feedback * (1.0 + low) * (1.0 - high)
    turns = omega * delay / (2.0 * math.pi)
    turned = torch.polar(torch.ones_like(turns), -2.0 * math.pi * (turns - turns.floor()))
    loop = scale * (1.0 - late) * turned / ((1.0 - low * late) * (1.0 - high * late))
    echoes = (samples - 1) // delay.detach() + 1.0
    turning = torch.where(loop == 0.0, NEARLY_NOTHING, loop)
    power = torch.complex(echoes * turning.abs().log(), echoes * turning.angle())
    response = (1.0 - power.exp()) / (1.0 - loop)
    return torch.fft.irfft(torch.fft.rfft(signal, length) * response, length)[..., :samples]
