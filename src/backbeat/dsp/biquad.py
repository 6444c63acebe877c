"""Recursive filters: sections of second order, and the usual ones by cutoff and Q.

A cutoff is kept below 0.49 of the sample rate, where the poles would reach the unit circle.

References:
    | Matched Second Order Digital Filters (Vicanek, 2016)
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from backbeat.dsp.arithmetic import cos, exp, maximum, minimum, shared_shape, sin, sqrt, stack
from backbeat.dsp.grid import Grid
from backbeat.dsp.operation import operation
from backbeat.dsp.tape import Control, Signal

if TYPE_CHECKING:
    from torch import Tensor

_LEAST = 1e-18
"""Below a square root, whose gradient at 0 is none."""
_HIGHEST_CUTOFF = 0.49
_BETWEEN = 0.6
"""Where a band-pass is matched beside its centre: that share of the way from there to Nyquist."""
_FLAT_Q = math.sqrt(0.5)


@operation
def biquad(grid: Grid, signal: Signal, b: Control, a: Control) -> Signal:
    """A recursive filter, from rest: `y[n] = b_0 x[n] + b_1 x[n-1] + b_2 x[n-2] - a_1 y[n-1] - a_2 y[n-2]`.

    Args:
        grid: where to render.
        signal: x, (..., samples).
        b: b_0, b_1, b_2, (..., 3).
        a: a_1, a_2, (..., 2); with them, `z² + a_1 z + a_2` has its roots within the unit circle.

    Returns:
        (..., samples).
    """
    raise NotImplementedError


@biquad.formula
def _(grid: Grid, signal: Tensor, b: Tensor, a: Tensor) -> Tensor:
    import torch

    from backbeat.dsp.iir import Section, iir

    lead = shared_shape(b.shape[:-1], a.shape[:-1])
    ahead, back = (each.double().expand(*lead, each.shape[-1]) for each in (b, a))
    section = Section(ahead, torch.cat([torch.ones_like(back[..., :1]), back], dim=-1))
    return iir(signal[..., : grid.samples], section)


def lowpass(grid: Grid, signal: Signal, cutoff_hz: Control, q: Control | float = _FLAT_Q) -> Signal:
    """Low-pass, 12 dB per octave, of gain 1 at 0 Hz and Q at the cutoff.

    The poles are those of the analog filter, and the magnitude is that filter's at 0 Hz and at the cutoff. So the
    response hardly depends on the sample rate, unlike that of a bilinear transform. Cutoffs count up to 0.49 of the
    sample rate.

    Args:
        grid: where to render.
        signal: (..., samples).
        cutoff_hz: (..., 1), Hz.
        q: resonance, (..., 1); √½ is flat.

    References:
        | Matched Second Order Digital Filters (Vicanek, 2016)
    """
    match = _Matched(grid, cutoff_hz, q)
    at_zero = match.at_zero
    at_nyquist = (match.power * match.q * match.q - at_zero * match.low) / match.high
    first, second = sqrt(at_zero), sqrt(maximum(at_nyquist, _LEAST))
    b0 = 0.5 * (first + second)
    return match.filter(signal, b0, first - b0, 0.0 * b0)


def highpass(grid: Grid, signal: Signal, cutoff_hz: Control, q: Control | float = _FLAT_Q) -> Signal:
    """High-pass, 12 dB per octave, of gain Q at the cutoff; as `lowpass`, with a double zero at 0 Hz."""
    match = _Matched(grid, cutoff_hz, q)
    b0 = sqrt(match.power) * match.q / (4.0 * match.high)
    return match.filter(signal, b0, -2.0 * b0, b0)


def bandpass(grid: Grid, signal: Signal, center_hz: Control, q: Control | float) -> Signal:
    """Band-pass, of gain 1 at its centre and a width of centre / Q; as `lowpass`, with a zero at 0 Hz.

    Its magnitude is the analog filter's at the centre and at a frequency between that and Nyquist; up to 18 kHz it is
    within 0.5 dB of it at 44.1 kHz, for centres up to 10 kHz.
    """
    match = _Matched(grid, center_hz, q)
    above = match.angle + _BETWEEN * (math.pi - match.angle)
    far = above / match.angle
    wide, off = far / match.q, 1.0 - far * far
    low, high, power = match.at(above)
    # |b|² = B_1 φ_1 + B_2 φ_2 = φ_1 (B_1 + 4 B_2 φ_0), at both frequencies.
    here, there = match.power / match.high, power * wide * wide / ((off * off + wide * wide) * high)
    second = (here - there) / (4.0 * (match.low - low))
    first = maximum(here - 4.0 * second * match.low, _LEAST)
    b1 = -0.5 * sqrt(first)
    b0 = 0.5 * (sqrt(maximum(second + b1 * b1, _LEAST)) - b1)
    return match.filter(signal, b0, b1, -b0 - b1)


def one_pole_lowpass(grid: Grid, signal: Signal, cutoff_hz: Control) -> Signal:
    """Low-pass, 6 dB per octave, of gain 1 at 0 Hz: `(1 - p) / (1 - p z⁻¹)`, `p = exp(-2π cutoff / R)`.

    Args:
        grid: where to render.
        signal: (..., samples).
        cutoff_hz: (..., 1), Hz.
    """
    pole = exp(-_angle(grid, cutoff_hz))
    return biquad(grid, signal, stack(1.0 - pole, 0.0, 0.0), stack(-pole, 0.0))


def one_pole_highpass(grid: Grid, signal: Signal, cutoff_hz: Control) -> Signal:
    """High-pass, 6 dB per octave, of gain 1 at Nyquist: `(1 + p) / 2 (1 - z⁻¹) / (1 - p z⁻¹)`, p as in the low-pass.

    Args:
        grid: where to render.
        signal: (..., samples).
        cutoff_hz: (..., 1), Hz.
    """
    pole = exp(-_angle(grid, cutoff_hz))
    gain = 0.5 * (1.0 + pole)
    return biquad(grid, signal, stack(gain, -gain, 0.0), stack(-pole, 0.0))


class _Matched:
    """The denominator of an analog filter's poles, and its squared magnitude at 0 Hz, Nyquist and the cutoff.

    With `a(z) = 1 + a_1 z⁻¹ + a_2 z⁻²`, `|a|² = A_0 φ_0 + A_1 φ_1 + A_2 φ_2` at ω, where `φ_1 = sin² ω/2`,
    `φ_0 = 1 - φ_1` and `φ_2 = 4 φ_0 φ_1`.
    """

    def __init__(self, grid: Grid, cutoff_hz: Any, q: Any) -> None:
        self.angle, self.q, self._grid = _angle(grid, cutoff_hz), _precise(grid, q), grid
        angle = self.angle
        damping = 0.5 / self.q
        turn, apart = (angle * sqrt(maximum(sign * (1.0 - damping * damping), _LEAST)) for sign in (1.0, -1.0))
        fall = exp(-damping * angle)
        # cos(turn) of a pair that oscillates, or cosh(apart) of one that does not: the other is 1.
        self._a1 = -fall * cos(turn) * (exp(apart) + exp(-apart))
        self._a2 = fall * fall
        self.at_zero, self.at_nyquist = (each * each for each in (1.0 + self._a1 + self._a2, 1.0 - self._a1 + self._a2))
        self.between = -4.0 * self._a2
        self.low, self.high, self.power = self.at(angle)

    def at(self, angle: Any) -> tuple[Any, Any, Any]:
        """φ_0, φ_1 and `|a|²` at a frequency in radians a sample."""
        half_sine = sin(0.5 * angle)
        high = half_sine * half_sine
        low = 1.0 - high
        return low, high, self.at_zero * low + self.at_nyquist * high + 4.0 * self.between * low * high

    def filter(self, signal: Signal, b0: Any, b1: Any, b2: Any) -> Signal:
        """The signal through the poles and these zeros."""
        return biquad(self._grid, signal, stack(b0, b1, b2), stack(self._a1, self._a2))


def _angle(grid: Grid, cutoff_hz: Any) -> Any:
    """Cutoff in radians a sample."""
    return 2.0 * math.pi * minimum(_precise(grid, cutoff_hz) / grid.sample_rate, _HIGHEST_CUTOFF)


def _precise(grid: Grid, value: Any) -> Any:
    """A number as a control, and a tensor in float64."""
    found = grid.constant(value) if isinstance(value, int | float) else value
    return found if isinstance(found, Control) else found.double()
