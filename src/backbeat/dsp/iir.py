"""Recursive filters: one-pole and second-order sections, run exactly, for every item at once.

A filter in state-space form, `s[n+1] = A s[n] + B x[n]`, `y[n] = C s[n] + D x[n]`, runs block by block: what a block
does to itself, to its state and from its state are three small matrix products, and the states follow from one another
in a number of steps that grows with the logarithm of the length.
"""

import math
from dataclasses import dataclass
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from backbeat.dsp.grid import Grid
from backbeat.dsp.units import db_to_gain
from backbeat.types import Control, Kernel, Mono

_HIGHEST_CUTOFF = 0.49
"""Cutoffs are kept below this share of the sample rate: at Nyquist a section's poles reach the unit circle."""

_BLOCK_DOUBLINGS = 6
_BLOCK = 1 << _BLOCK_DOUBLINGS

BUTTERWORTH_Q = math.sqrt(0.5)
"""The Q of a second-order section that is maximally flat."""


@dataclass(frozen=True)
class Section:
    """A transfer function `B(z) / A(z)` in powers of z⁻¹, with a₀ = 1.

    Attributes:
        b: numerator, (..., order + 1), float64.
        a: denominator, (..., order + 1), float64.
    """

    b: Float[Tensor, "... coefficients"]
    a: Float[Tensor, "... coefficients"]


def iir(signal: Mono, *sections: Section) -> Mono:
    """Run recursive filters in series from rest: each is `y[n] = Σ b_k x[n-k] - Σ_{k>0} a_k y[n-k]`.

    With the states of all sections in one vector, a block of L samples x that starts in state s gives `T x + R s`,
    where `T[i, j] = h[i-j]` and `R[i] = C A^i`, and leaves the state `A^L s + G x` with `G[j] = A^(L-1-j) B`. The
    sections are not multiplied into one polynomial: its roots would be lost to rounding where several lie near z = 1.

    Args:
        signal: (..., samples).
        sections: their coefficients, over the same leading axes; stable.
    """
    transition, source, sense, through = _companion(sections[0])
    for section in sections[1:]:
        transition, source, sense, through = _series((transition, source, sense, through), _companion(section))
    rows, columns, power = sense, source, transition
    for _ in range(_BLOCK_DOUBLINGS):
        rows = torch.cat([rows, _product(rows, power)], dim=-2)
        columns = torch.cat([_product(power, columns), columns], dim=-1)
        power = _product(power, power)
    response = torch.cat([through, _product(rows, source)[..., :-1, :]], dim=-2).squeeze(-1).to(signal.dtype)

    samples = signal.shape[-1]
    blocks = -(-samples // _BLOCK)
    inputs = pad(signal, (0, blocks * _BLOCK - samples)).reshape(*signal.shape[:-1], blocks, _BLOCK)
    # The states in float64: with poles near z = 1 they are small differences of large sums.
    states = _states(_product(inputs.double(), columns.mT), power).to(signal.dtype)
    outputs = _product(inputs, _toeplitz(response).mT) + _product(states, rows.mT.to(signal.dtype))
    return outputs.flatten(-2)[..., :samples]


def impulse_response(samples: int, *sections: Section) -> Kernel:
    """The first samples of the response of sections in series to an impulse, (..., samples), float64."""
    instant = torch.arange(samples, device=sections[0].a.device) == 0
    return iir(instant.double().expand(*sections[0].a.shape[:-1], -1), *sections)


def _states(gained: Tensor, power: Tensor) -> Tensor:
    """States at the blocks' starts, `s[b+1] = P s[b] + gained[b]` from zero, doubling the reach of P every time.

    Args:
        gained: (..., blocks, order).
        power: P, (..., order, order).
    """
    blocks = gained.shape[-2]
    states = pad(gained[..., :-1, :], (0, 0, 1, 0))
    reach = 1
    while reach < blocks:
        states = states + pad(_product(states[..., :-reach, :], power.mT), (0, 0, reach, 0))
        power = _product(power, power)
        reach *= 2
    return states


def _toeplitz(response: Kernel) -> Tensor:
    """The matrix `T[i, j] = h[i - j]`, zero above the diagonal."""
    taps = response.shape[-1]
    return pad(response, (taps - 1, 0)).unfold(-1, taps, 1).flip(-1)


_StateSpace: TypeAlias = tuple[Tensor, Tensor, Tensor, Tensor]
"""A, B, C, D of `s[n+1] = A s[n] + B x[n]`, `y[n] = C s[n] + D x[n]`, as matrices."""


def _companion(section: Section) -> _StateSpace:
    """State-space form of one section: direct form II transposed, whose states are no larger than its output."""
    b, a = section.b, section.a
    order = a.shape[-1] - 1
    shift = torch.eye(order, order - 1, device=a.device, dtype=a.dtype).expand(*a.shape[:-1], -1, -1)
    transition = torch.cat([-a[..., 1:].unsqueeze(-1), shift], dim=-1)
    source = (b[..., 1:] - b[..., :1] * a[..., 1:]).unsqueeze(-1)
    sense = torch.eye(1, order, device=a.device, dtype=a.dtype).expand(*a.shape[:-1], -1, -1)
    return transition, source, sense, b[..., :1].unsqueeze(-1)


def _series(first: _StateSpace, second: _StateSpace) -> _StateSpace:
    """Feed the first into the second."""
    (a1, b1, c1, d1), (a2, b2, c2, d2) = first, second
    nothing = torch.zeros_like(_product(b1, c2))
    return (
        torch.cat([torch.cat([a1, nothing], -1), torch.cat([_product(b2, c1), a2], -1)], -2),
        torch.cat([b1, _product(b2, d1)], -2),
        torch.cat([_product(d2, c1), c2], -1),
        _product(d2, d1),
    )


def _product(
    first: Float[Tensor, "... rows inner"], second: Float[Tensor, "... inner columns"]
) -> Float[Tensor, "..."]:
    """Matrix product over any leading axes, which broadcast.

    Where there are fewer products than threads, each is split over threads and rounds differently from one in a larger
    batch. So that every thread has a product of its own, they then get copies of themselves for company. Compiled code,
    whose bits are its own, goes without.

    On CUDA, float32 is multiplied in float64: with TF32, which training scripts switch on for the whole process, a
    phase would keep 10 bits. It also leaves float32 the same bits in most batches.
    """
    if first.device.type == "cuda" and first.dtype == torch.float32:
        return (first.double() @ second.double()).float()
    if torch.compiler.is_compiling() or first.device.type != "cpu":
        return first @ second
    products = max(first.shape[:-2].numel(), second.shape[:-2].numel())
    copies = -(-torch.get_num_threads() // max(products, 1))
    if copies == 1:
        return first @ second
    return (first.expand(copies, *first.shape) @ second.expand(copies, *second.shape))[0]


def one_pole_lowpass(grid: Grid, cutoff_hz: Control) -> Section:
    """`(1 - p) / (1 - p z⁻¹)` with `p = exp(-2π f)`: unity at DC.

    Args:
        grid: gives the sample rate.
        cutoff_hz: (..., 1), Hz.
    """
    pole = torch.exp(-_angle(grid, cutoff_hz))
    return Section(torch.cat([1.0 - pole, torch.zeros_like(pole)], -1), _one_pole_denominator(pole))


def one_pole_highpass(grid: Grid, cutoff_hz: Control) -> Section:
    """`(1 + p) / 2 · (1 - z⁻¹) / (1 - p z⁻¹)` with `p = exp(-2π f)`: unity at Nyquist.

    Args:
        grid: gives the sample rate.
        cutoff_hz: (..., 1), Hz.
    """
    pole = torch.exp(-_angle(grid, cutoff_hz))
    gain = 0.5 * (1.0 + pole)
    return Section(torch.cat([gain, -gain], -1), _one_pole_denominator(pole))


def lowpass(grid: Grid, cutoff_hz: Control, q: float | Control = BUTTERWORTH_Q) -> Section:
    """Second-order low-pass, 12 dB per octave, gain Q at the cutoff.

    Args:
        grid: gives the sample rate.
        cutoff_hz: (..., 1), Hz.
        q: resonance; `BUTTERWORTH_Q` is flat.

    References:
        | Cookbook formulae for audio EQ biquad filter coefficients (Bristow-Johnson)
    """
    cosine, alpha = _prewarp(grid, cutoff_hz, q)
    edge = 1.0 - cosine
    return _normalised(0.5 * edge, edge, 0.5 * edge, 1.0 + alpha, -2.0 * cosine, 1.0 - alpha)


def highpass(grid: Grid, cutoff_hz: Control, q: float | Control = BUTTERWORTH_Q) -> Section:
    """Second-order high-pass; arguments and source as `lowpass`."""
    cosine, alpha = _prewarp(grid, cutoff_hz, q)
    edge = 1.0 + cosine
    return _normalised(0.5 * edge, -edge, 0.5 * edge, 1.0 + alpha, -2.0 * cosine, 1.0 - alpha)


def bandpass(grid: Grid, center_hz: Control, q: float | Control) -> Section:
    """Second-order band-pass, 0 dB at its centre, bandwidth centre / Q; source as `lowpass`."""
    cosine, alpha = _prewarp(grid, center_hz, q)
    return _normalised(alpha, torch.zeros_like(alpha), -alpha, 1.0 + alpha, -2.0 * cosine, 1.0 - alpha)


def peak(grid: Grid, center_hz: Control, gain_db: Control, q: float | Control) -> Section:
    """Peaking equaliser: `gain_db` at the centre, 0 dB far from it; source as `lowpass`."""
    cosine, alpha = _prewarp(grid, center_hz, q)
    amplitude = db_to_gain(0.5 * gain_db.double())
    boost, cut = alpha * amplitude, alpha / amplitude
    return _normalised(1.0 + boost, -2.0 * cosine, 1.0 - boost, 1.0 + cut, -2.0 * cosine, 1.0 - cut)


def low_shelf(grid: Grid, corner_hz: Control, gain_db: Control) -> Section:
    """Shelf with `gain_db` below the corner and 0 dB above it, slope 1; source as `lowpass`."""
    return _shelf(grid, corner_hz, gain_db, side=1.0)


def high_shelf(grid: Grid, corner_hz: Control, gain_db: Control) -> Section:
    """Shelf with `gain_db` above the corner and 0 dB below it, slope 1; source as `lowpass`."""
    return _shelf(grid, corner_hz, gain_db, side=-1.0)


def _shelf(grid: Grid, corner_hz: Control, gain_db: Control, *, side: float) -> Section:
    """Both shelves: they differ by the sign of the cosine and of the odd coefficients."""
    cosine, alpha = _prewarp(grid, corner_hz, BUTTERWORTH_Q)
    amplitude = db_to_gain(0.5 * gain_db.double())
    slope = 2.0 * torch.sqrt(amplitude) * alpha
    up, down = amplitude + 1.0, amplitude - 1.0
    lean = side * cosine
    return _normalised(
        amplitude * (up - down * lean + slope),
        side * 2.0 * amplitude * (down - up * lean),
        amplitude * (up - down * lean - slope),
        up + down * lean + slope,
        -side * 2.0 * (down + up * lean),
        up + down * lean - slope,
    )


def _angle(grid: Grid, cutoff_hz: Control) -> Tensor:
    """Cutoff in radians per sample, float64, kept below Nyquist."""
    return 2.0 * math.pi * (cutoff_hz.double() / grid.sample_rate).clamp(max=_HIGHEST_CUTOFF)


def _prewarp(grid: Grid, cutoff_hz: Control, q: float | Control) -> tuple[Tensor, Tensor]:
    """The cookbook's `cos ω` and `α = sin ω / 2Q`."""
    angle = _angle(grid, cutoff_hz)
    return torch.cos(angle), torch.sin(angle) / (2.0 * q)


def _normalised(b0: Tensor, b1: Tensor, b2: Tensor, a0: Tensor, a1: Tensor, a2: Tensor) -> Section:
    return Section(torch.cat([b0 / a0, b1 / a0, b2 / a0], -1), torch.cat([torch.ones_like(a0), a1 / a0, a2 / a0], -1))


def _one_pole_denominator(pole: Tensor) -> Tensor:
    return torch.cat([torch.ones_like(pole), -pole], -1)
