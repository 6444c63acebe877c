"""A comb resonator: a delay that feeds itself through a filter, as a tube or a shell does."""

import math

import torch
from torch import Tensor

from backbeat.dsp.fourier import fast_length, irfft, rfft
from backbeat.dsp.grid import Grid
from backbeat.types import Control, Mono

_SILENCE = 1e-20
_SMEAR_S = 0.25
_TABLE = 256


def comb(
    grid: Grid,
    signal: Mono,
    frequency_hz: Control,
    feedback: Control,
    low_damping_hz: Control,
    high_damping_hz: Control,
) -> Mono:
    """Resonator: `y = x + g F z^-D y`, D one period of the frequency, F a one-pole high-pass and low-pass.

    Solved as the truncated geometric series `Y = X (1 - (g F z^-D)^M) / (1 - g F z^-D)` with M echoes, the last that
    starts before the end, on an FFT grid of twice the length: exact for the rendered span. D need not be an integer:
    a fraction of a sample is a linear phase, so the frequency has a gradient.

    Args:
        grid: where to render.
        signal: x, (..., samples).
        frequency_hz: of the lowest resonance, (..., 1), Hz; its overtones are harmonic but for F's phase.
        feedback: g, (..., 1), in [0, 1).
        low_damping_hz: cutoff of the loop's high-pass, (..., 1), Hz.
        high_damping_hz: cutoff of the loop's low-pass, (..., 1), Hz.
    """
    # The loop's filter smears each echo: a quarter of a second more keeps the last ones from wrapping around.
    length = fast_length(2 * grid.samples + math.ceil(_SMEAR_S * grid.sample_rate))
    turns = torch.arange(length // 2 + 1, device=grid.device, dtype=torch.float64) / length
    versine = (2.0 * torch.sin(math.pi * turns) ** 2).to(grid.dtype)
    sine = torch.sin(2.0 * math.pi * turns).to(grid.dtype)
    # 1 - p and 1 - cos ω, which float32 would lose at low frequencies if it took the difference.
    below_low = -torch.expm1(-2.0 * math.pi / grid.sample_rate * low_damping_hz)
    below_high = -torch.expm1(-2.0 * math.pi / grid.sample_rate * high_damping_hz)
    low_pole, high_pole = 1.0 - below_low, 1.0 - below_high
    delay = grid.sample_rate / frequency_hz.double()
    echoes = torch.floor((grid.samples - 1) / delay) + 1.0

    # |g F|², and the angle of F: the high-pass' zero at DC turns by a quarter cycle less half a sample.
    constant = 0.5 * (feedback * below_high * (1.0 + low_pole)) ** 2
    power = constant * versine / (_pole_power(below_high, versine) * _pole_power(below_low, versine))
    lag = torch.atan(low_pole * sine / (below_low + low_pole * versine))
    lag = lag + torch.atan(high_pole * sine / (below_high + high_pole * versine))
    lead = (2.0 * math.pi * (0.25 - 0.5 * turns)).to(grid.dtype) - lag

    many = echoes.to(grid.dtype)
    once = torch.sqrt(power + _SILENCE) * (_phasor(lead) / _advance(delay, length, grid.dtype))
    last = torch.exp(0.5 * many * torch.log(power + _SILENCE)) * (
        _phasor(many * lead) / _advance(delay * echoes, length, grid.dtype)
    )
    # Quotients only: a complex product rounds differently in a tensor's body and in its tail.
    return irfft(rfft(signal, length) / ((1.0 - once) / (1.0 - last)), length)[..., : grid.samples]


def _pole_power(below_one: Tensor, versine: Tensor) -> Tensor:
    """`|1 - p exp(-jω)|² = (1 - p)² + 2p (1 - cos ω)`, of 1 - p."""
    return below_one**2 + 2.0 * (1.0 - below_one) * versine


def _phasor(angle: Tensor) -> Tensor:
    """`exp(jθ)`."""
    return torch.complex(torch.cos(angle), torch.sin(angle))


def _advance(samples: Tensor, length: int, dtype: torch.dtype) -> Tensor:
    """Spectrum of an advance, `exp(2πj k D / length)` for k up to `length / 2`: a product of two short tables."""
    bins = length // 2 + 1
    starts = torch.arange(0, bins, _TABLE, device=samples.device, dtype=torch.float64).unsqueeze(-1)
    steps = torch.arange(_TABLE, device=samples.device, dtype=torch.float64)

    def phasor(k: Tensor) -> Tensor:
        turns = samples.unsqueeze(-1) / length * k
        return _phasor((2.0 * math.pi * (turns - torch.floor(turns))).to(dtype))

    return (phasor(starts) * phasor(steps)).flatten(-2)[..., :bins]
