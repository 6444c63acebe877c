"""The noise of a one-shot: its colour, level and decay."""

from dataclasses import dataclass

import numpy as np

from backbeat.matching.analysis.envelope import Decay, fit_decay
from backbeat.types import Series

_LOW_SHARE, _HIGH_SHARE = 0.08, 0.92


@dataclass(frozen=True)
class Hiss:
    """Band-limited noise that decays.

    Attributes:
        low_hz: below it lies a twelfth of the energy.
        high_hz: above it lies a twelfth of the energy.
        decay: of its level.
    """

    low_hz: float
    high_hz: float
    decay: Decay


def fit_hiss(signal: Series, sample_rate: int) -> Hiss:
    """Measure what modes left of a one-shot.

    Args:
        signal: (samples,).
        sample_rate: in Hz.
    """
    power = np.abs(np.fft.rfft(signal)) ** 2
    share = np.cumsum(power) / max(float(np.sum(power)), 1e-30)
    frequencies = np.fft.rfftfreq(len(signal), 1.0 / sample_rate)
    low, high = (float(frequencies[int(np.searchsorted(share, x))]) for x in (_LOW_SHARE, _HIGH_SHARE))
    return Hiss(max(low, 20.0), max(high, 200.0), fit_decay(signal, sample_rate))
