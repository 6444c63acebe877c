"""The pitch of a one-shot and how it glides, from the instants at which the wave crosses zero."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backbeat.dsp.units import LN_1000
from backbeat.types import Series

_AUDIBLE = 0.01
_T60S = np.geomspace(0.006, 1.0, 48)
_REWEIGHTINGS = 6
_FAST_T60S = np.geomspace(0.002, 0.03, 8)
_SLOW_T60S = np.geomspace(0.02, 0.8, 14)
_APART = 2.5
"""A fast sweep is over so many times sooner than the slow one."""
_NEARER = np.geomspace(0.8, 1.25, 5), np.geomspace(0.93, 1.075, 5)
"""Factors on both T60s, tried around the best pair one round after the other."""
_FEWEST_FOR_TWO = 6
"""Crossings."""


@dataclass(frozen=True)
class Glide:
    """A pitch that falls exponentially: `pitch + excess · exp(-ln 1000 · t / t60)`, perhaps with a second, faster fall.

    Attributes:
        pitch_hz: where it rests.
        sweep_st: how far above that it starts, semitones.
        sweep_s: T60 of the sweep.
        start_cycles: phase at t = 0.
        error_cycles: mean weighted error of the phase, cycles.
        fast_st: how far above its pitch the fast fall would start it, semitones.
        fast_s: T60 of the fast fall.
    """

    pitch_hz: float
    sweep_st: float
    sweep_s: float
    start_cycles: float
    error_cycles: float
    fast_st: float = 0.0
    fast_s: float = 0.008

    def warp(self, t: Series) -> Series:
        """Time as the glide runs it, θ(t): a gliding partial is steady in θ."""
        theta = t
        for excess, tau in self._falls():
            theta = theta + excess * tau * (1.0 - np.exp(-t / tau))
        return theta

    def pace(self, t: Series) -> Series:
        """How fast that time runs, dθ/dt."""
        pace = np.ones_like(t)
        for excess, tau in self._falls():
            pace = pace + excess * np.exp(-t / tau)
        return pace

    def _falls(self) -> list[tuple[float, float]]:
        """Share of the pitch that each fall starts above it, and its time constant."""
        falls = ((self.sweep_st, self.sweep_s), (self.fast_st, self.fast_s))
        return [(2.0 ** (st / 12.0) - 1.0, t60 / LN_1000) for st, t60 in falls if st != 0.0]


def fit_glide(
    signal: Series, sample_rate: int, *, cutoff_hz: float, lowest_hz: float, highest_hz: float
) -> list[Glide]:
    """Fit the phase at the zero crossings, best fit first.

    Each crossing adds half a cycle. For a given T60 the phase `f t + F τ (1 - exp(-t / τ)) + φ` is linear in f, F and
    φ, which a reweighted least-squares fit gives; the T60 is searched. Crossings count by the wave's height around
    them.

    Args:
        signal: (samples,).
        sample_rate: in Hz.
        cutoff_hz: low-pass ahead of the crossings, so that they are those of the lowest partial.
        lowest_hz: least resting pitch.
        highest_hz: greatest resting pitch.

    Returns:
        Fits of distinct T60, best first; none where there are too few crossings.
    """
    times, phase, heights = _phase(signal, sample_rate, cutoff_hz)
    if len(times) < 4:
        return []
    fits = []
    for t60 in _T60S:
        tau = t60 / LN_1000
        basis = np.stack([np.ones_like(times), times, tau * (1.0 - np.exp(-times / tau))], axis=1)
        solution, error = _reweighted(basis, phase, heights)
        start, pitch, excess = (float(x) for x in solution)
        if not lowest_hz <= pitch <= highest_hz:
            pitch = float(np.clip(pitch, lowest_hz, highest_hz))
            solution, error = _reweighted(basis[:, [0, 2]], phase - pitch * times, heights)
            start, excess = (float(x) for x in solution)
        if excess < 0.0:
            solution, error = _reweighted(basis[:, :1], phase - pitch * times, heights)
            start, excess = float(solution[0]), 0.0
        fits.append(Glide(pitch, 12.0 * math.log2(1.0 + excess / pitch), float(t60), start % 1.0, error))
    fits.sort(key=lambda fit: fit.error_cycles)
    return fits


def fit_two_glides(
    signal: Series, sample_rate: int, *, cutoff_hz: float, lowest_hz: float, highest_hz: float
) -> Glide | None:
    """Fit a slow and a fast fall together, as `fit_glide` fits one.

    Returns:
        The T60s with the least error; none where no pair has a pitch and two falls from above.
    """
    times, phase, heights = _phase(signal, sample_rate, cutoff_hz)
    if len(times) < _FEWEST_FOR_TWO:
        return None

    def fitted(slow_s: float, fast_s: float) -> Glide | None:
        falls = [tau * (1.0 - np.exp(-times / tau)) for tau in (slow_s / LN_1000, fast_s / LN_1000)]
        solution, error = _reweighted(np.stack([np.ones_like(times), times, *falls], axis=1), phase, heights)
        start, pitch, *excesses = (float(x) for x in solution)
        if not lowest_hz <= pitch <= highest_hz or min(excesses) <= 0.0:
            return None
        slow_st, fast_st = (12.0 * math.log2(1.0 + excess / pitch) for excess in excesses)
        return Glide(pitch, slow_st, slow_s, start % 1.0, error, fast_st, fast_s)

    pairs = [(float(slow), float(fast)) for slow in _SLOW_T60S for fast in _FAST_T60S if slow > _APART * fast]
    best = _least_error([fitted(*pair) for pair in pairs])
    for near in _NEARER:
        if best is not None:
            pairs = [(best.sweep_s * float(a), best.fast_s * float(b)) for a in near for b in near]
            best = _least_error([best, *(fitted(*pair) for pair in pairs)])
    return best


def _least_error(glides: Sequence[Glide | None]) -> Glide | None:
    return min((glide for glide in glides if glide), key=lambda glide: glide.error_cycles, default=None)


def _phase(signal: Series, sample_rate: int, cutoff_hz: float) -> tuple[Series, Series, Series]:
    """Times of the low-passed wave's zero crossings, its phase there in cycles, and its height around them."""
    times, heights, rising = _crossings(_lowpass(signal, sample_rate, cutoff_hz), sample_rate)
    return times, 0.5 * np.arange(len(times)) + (0.0 if rising else 0.5), heights


def _lowpass(signal: Series, sample_rate: int, cutoff_hz: float) -> Series:
    """Zero-phase low-pass with a Gaussian skirt, so that crossings do not move."""
    length = 2 * len(signal)
    frequencies = np.fft.rfftfreq(length, 1.0 / sample_rate)
    return np.fft.irfft(np.fft.rfft(signal, length) * np.exp(-((frequencies / cutoff_hz) ** 2)), length)[: len(signal)]


def _crossings(signal: Series, sample_rate: int) -> tuple[Series, Series, bool]:
    """Times of the zero crossings, the wave's height around each, and whether the first one rises."""
    where = np.flatnonzero(np.signbit(signal[:-1]) != np.signbit(signal[1:]))
    if len(where) == 0:
        return np.empty(0), np.empty(0), True
    fraction = signal[where] / (signal[where] - signal[where + 1])
    swings = np.maximum.reduceat(np.abs(signal), np.concatenate([[0], where]))
    heights = np.minimum(swings[:-1], swings[1:])
    loud = heights > _AUDIBLE * swings.max()
    # The run of crossings ends where the wave first sinks into the noise: past that, half cycles go uncounted.
    first = int(np.argmax(loud))
    run = loud[first:]
    last = first + (int(np.argmin(run)) if not run.all() else len(run))
    kept = slice(first, last)
    rising = bool(signal[where[first] + 1] >= 0.0)
    return (where[kept] + fraction[kept]) / sample_rate, heights[kept], rising


def _reweighted(basis: Series, phase: Series, heights: Series) -> tuple[Series, float]:
    """Least absolute error by iteratively reweighted least squares, and that error."""
    weights: Series = np.sqrt(heights)
    solution: Series = np.zeros(basis.shape[1])
    for _ in range(_REWEIGHTINGS):
        root = np.sqrt(weights)
        solution = np.linalg.lstsq(basis * root[:, None], phase * root, rcond=None)[0]
        residual = np.abs(basis @ solution - phase)
        weights = np.sqrt(heights) / np.maximum(residual, 0.005)
    return solution, float(np.sum(np.sqrt(heights) * residual) / np.sum(np.sqrt(heights)))
