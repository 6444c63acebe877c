"""The squares of which the metal of a hat or a cymbal is made, in the machines that sum a few oscillators."""

import math
from dataclasses import dataclass

import numpy as np

from backbeat.dsp.measures import until_faded
from backbeat.types import Series

_LOWEST_HZ, _HIGHEST_HZ = 2500.0, 15000.0
"""Between them, harmonics of squares stand out: a band-pass takes those below, and noise covers those above."""
_STRUCK_S, _LONGEST_S, _SHORTEST_S = 0.004, 0.5, 0.03
_AROUND_HZ = 400.0
_LEAST_LOG, _PASSED_LOG = -1.0, -0.3
_SILENT = 1e-6
"""Of the highest mean: what lies between the lines of a sound without noise is nothing."""
_PADDING = 4
_FEWEST = 3
"""Harmonics that a square has to have there."""
CLEAR = 5.0
"""Of a score: about a square of which no line is lost in noise. Noise itself scores up to 3."""


@dataclass(frozen=True)
class Squares:
    """Square waves that sound together, clearest first.

    Attributes:
        hz: their frequencies.
        score: how clear each is.
    """

    hz: Series
    score: Series


def find_squares(signal: Series, sample_rate: int, count: int, *, lowest_hz: float, highest_hz: float) -> Squares:
    """Squares whose odd harmonics are lines of a sound's treble, one after the other.

    The power spectrum over its mean within 400 Hz stands out at lines: `l(f) = log(P / P̄)`, -1 at least. The score of a
    frequency is `Σ_k l(k f) / √n` over its n odd harmonics between 2.5 and 15 kHz: noise has a score around that of
    chance, however many there are. The harmonics of the best are then taken away, and the next is looked for.

    Args:
        signal: (samples,).
        sample_rate: in Hz.
        count: how many.
        lowest_hz: least frequency.
        highest_hz: greatest frequency.

    Returns:
        As many; none of a sound that is too short to have lines.
    """
    ringing = _ringing(signal, sample_rate)
    top_hz = min(_HIGHEST_HZ, 0.45 * sample_rate)
    if len(ringing) < _SHORTEST_S * sample_rate or top_hz <= _LOWEST_HZ:
        return Squares(np.zeros(0), np.zeros(0))
    fft = _PADDING << (len(ringing) - 1).bit_length()
    step_hz, width_hz = sample_rate / fft, sample_rate / len(ringing)
    lines = _standing_out(
        np.abs(np.fft.rfft(ringing * np.hanning(len(ringing)), fft)) ** 2, round(_AROUND_HZ / step_hz)
    )
    octaves = math.log(highest_hz / lowest_hz)
    hz = lowest_hz * np.exp(np.arange(0.0, octaves, width_hz / (3.0 * top_hz)))
    found: list[tuple[float, float]] = []
    for _ in range(count):
        total, harmonics = np.zeros(len(hz)), np.zeros(len(hz))
        for k in range(1, int(top_hz / lowest_hz) + 1, 2):
            inside = slice(*np.searchsorted(hz, (_LOWEST_HZ / k, top_hz / k)))
            total[inside] += lines[np.rint(k * hz[inside] / step_hz).astype(np.int64)]
            harmonics[inside] += 1.0
        score = np.where(harmonics >= _FEWEST, total / np.sqrt(np.maximum(harmonics, 1.0)), -math.inf)
        best = int(score.argmax())
        found.append((float(hz[best]), float(score[best])))
        reach = max(1, round(1.5 * width_hz / step_hz))
        for k in range(1, int(top_hz / hz[best]) + 1, 2):
            at = round(k * hz[best] / step_hz)
            lines[max(0, at - reach) : at + reach + 1] = _PASSED_LOG
    return Squares(*(np.array(each) for each in zip(*found, strict=True)))


def _ringing(signal: Series, sample_rate: int) -> Series:
    """What follows the strike, until little is left."""
    begin, longest = round(_STRUCK_S * sample_rate), round(_LONGEST_S * sample_rate)
    return signal[begin : max(until_faded(signal), begin + round(_SHORTEST_S * sample_rate))][:longest]


def _standing_out(power: Series, reach: int) -> Series:
    """The logarithm of a power spectrum over its mean within so many bins on either side."""
    running = np.pad(power, (reach + 1, reach), mode="reflect").cumsum()
    mean = (running[2 * reach + 1 :] - running[: -2 * reach - 1]) / (2 * reach + 1)
    found: Series = np.log(np.maximum(power / np.maximum(mean, _SILENT * mean.max() + 1e-30), math.exp(_LEAST_LOG)))
    return found
