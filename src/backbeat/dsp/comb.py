"""A comb resonator: a delay that feeds itself through a filter, as a tube or a shell does."""

import math
from typing import TypeAlias

import torch
from torch import Tensor

from backbeat.dsp.fourier import fast_length, irfft, rfft
from backbeat.dsp.grid import Grid
from backbeat.types import Control, Mono

_SMEAR_S = 0.2
_SILENCE = 1e-20
_QUIETEST_LOG = -60.0
_TABLE = 512
_PIECES = 4

_Planes: TypeAlias = tuple[Tensor, Tensor]
"""Real and imaginary parts: PyTorch's complex quotients are slow, and its products round differently in a tensor's
body and in its tail."""


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
    # The loop's filter smears each echo: a fifth of a second more keeps the last ones from wrapping around.
    length = fast_length(2 * grid.samples + math.ceil(_SMEAR_S * grid.sample_rate))
    spectrum = rfft(signal, length)
    bins = torch.arange(spectrum.shape[-1], device=grid.device, dtype=torch.float64)
    # Piece by piece, so that what is computed per bin stays in cache.
    piece = -(-len(bins) // (_PIECES * _TABLE)) * _TABLE
    resonant = [
        torch.complex(
            *_times((x.real, x.imag), _gain(grid, k / length, frequency_hz, feedback, low_damping_hz, high_damping_hz))
        )
        for x, k in zip(torch.split(spectrum, piece, dim=-1), torch.split(bins, piece), strict=True)
    ]
    return irfft(torch.cat(resonant, dim=-1), length)[..., : grid.samples]


def _gain(
    grid: Grid,
    cycles: Tensor,
    frequency_hz: Control,
    feedback: Control,
    low_damping_hz: Control,
    high_damping_hz: Control,
) -> _Planes:
    """The truncated series at some frequencies, (bins,), in cycles per sample."""
    delay = grid.sample_rate / frequency_hz.double()
    echoes = torch.floor((grid.samples - 1) / delay) + 1.0
    many = echoes.to(grid.dtype)
    once, lag = _loop(grid, cycles, delay, feedback, low_damping_hz, high_damping_hz)
    level = 0.5 * many * torch.log(torch.addcmul(once[0] * once[0], once[1], once[1]) + _SILENCE)
    level = torch.exp(level.clamp(min=_QUIETEST_LOG))
    lag = many * lag
    last = _times(
        (level * torch.cos(lag), -level * torch.sin(lag)),
        _turn(0.25 * echoes, echoes * (delay + 0.5), cycles, grid.dtype),
    )
    return _over((1.0 - last[0], -last[1]), (1.0 - once[0], -once[1]))


def _loop(
    grid: Grid, cycles: Tensor, delay: Tensor, feedback: Control, low_damping_hz: Control, high_damping_hz: Control
) -> tuple[_Planes, Tensor]:
    """Once around the loop, `g F z^-D`, and by how much the poles of F turn it back, in radians."""
    angle = 2.0 * math.pi * cycles
    rise = 2.0 * torch.sin(0.5 * angle) ** 2, torch.sin(angle)  # 1 - z^-1
    rise_squared = rise[0] ** 2 - rise[1] ** 2, 2.0 * rise[0] * rise[1]
    low_step, high_step = (-2.0 * math.pi / grid.sample_rate * hz for hz in (low_damping_hz, high_damping_hz))
    low_pole, low_rest = torch.exp(low_step), -torch.expm1(low_step)
    high_pole, high_rest = torch.exp(high_step), -torch.expm1(high_step)
    # The poles' (1 - p z^-1) (1 - q z^-1), in powers of 1 - z^-1: near DC, powers of z^-1 would cancel.
    linear, square = low_pole * high_rest + high_pole * low_rest, low_pole * high_pole
    real = torch.addcmul(low_rest * high_rest + linear * rise[0].to(grid.dtype), square, rise_squared[0].to(grid.dtype))
    imag = torch.addcmul(linear * rise[1].to(grid.dtype), square, rise_squared[1].to(grid.dtype))
    # The zero's 1 - z^-1 is 2 sin(ω/2), a quarter cycle ahead and half a sample late.
    zero = feedback * high_rest * (1.0 + low_pole) * torch.sin(0.5 * angle).to(grid.dtype)
    turn = _turn(torch.full_like(delay, 0.25), delay + 0.5, cycles, grid.dtype)
    # The angle of a + jb is 2 atan(b / (|a + jb| + a)).
    lag = 2.0 * torch.atan(imag / (torch.sqrt(torch.addcmul(real * real, imag, imag)) + real))
    return _over((zero * turn[0], zero * turn[1]), (real, imag)), lag


def _turn(start: Tensor, delay: Tensor, cycles: Tensor, dtype: torch.dtype) -> _Planes:
    """Spectrum of a delay of D samples, `exp(2πj (φ - D f))`, as a product of two short tables.

    Args:
        start: φ, in cycles, (..., 1).
        delay: D, in samples, (..., 1).
        cycles: f, evenly spaced from their first, in cycles per sample, (bins,).
        dtype: of the result, (..., bins).
    """

    def phasor(turns: Tensor) -> _Planes:
        angle = (2.0 * math.pi * (turns - torch.floor(turns))).to(dtype)
        return torch.cos(angle), torch.sin(angle)

    rows = phasor((start - delay * cycles[::_TABLE]).unsqueeze(-1))
    columns = phasor((-delay * (cycles[:_TABLE] - cycles[0])).unsqueeze(-2))
    real, imag = _times(rows, columns)
    return real.flatten(-2)[..., : len(cycles)], imag.flatten(-2)[..., : len(cycles)]


def _times(first: _Planes, second: _Planes) -> _Planes:
    (a, b), (c, d) = first, second
    return torch.addcmul(a * c, b, d, value=-1.0), torch.addcmul(a * d, b, c)


def _over(first: _Planes, second: _Planes) -> _Planes:
    (a, b), (c, d) = first, second
    power = torch.addcmul(c * c, d, d)
    return torch.addcmul(a * c, b, d) / power, torch.addcmul(b * c, a, d, value=-1.0) / power
