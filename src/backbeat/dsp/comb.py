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

_NEARLY_NOTHING = 1e-30
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
    import torch

    samples, rate = grid.samples, grid.sample_rate
    length = 1 << (2 * samples + math.ceil(_SMEAR_S * rate) - 1).bit_length()
    omega = torch.arange(length // 2 + 1, device=grid.device, dtype=torch.float64) * (2.0 * math.pi / length)
    delay = rate / frequency_hz.double()
    late = torch.polar(torch.ones_like(omega), -omega)
    low, high = (torch.exp(-2.0 * math.pi * each.double() / rate) for each in (low_hz, high_hz))
    scale = 0.5 * feedback.double() * (1.0 + low) * (1.0 - high)
    turns = omega * delay / (2.0 * math.pi)
    turned = torch.polar(torch.ones_like(turns), -2.0 * math.pi * (turns - turns.floor()))
    loop = scale * (1.0 - late) * turned / ((1.0 - low * late) * (1.0 - high * late))
    echoes = (samples - 1) // delay.detach() + 1.0
    turning = torch.where(loop == 0.0, _NEARLY_NOTHING, loop)
    response = (1.0 - torch.polar((echoes * turning.abs().log()).exp(), echoes * turning.angle())) / (1.0 - loop)
    spectrum = torch.fft.rfft(signal[..., :samples].double(), length)
    return (gain.double() * torch.fft.irfft(spectrum * response, length)[..., :samples]).to(grid.dtype)
