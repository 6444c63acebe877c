"""How much of a sound is noise, and what colour it has, from one recording of it."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from backbeat.types import Series

_WINDOW_S, _HOPS = 0.04, 4
_PADDING = 2
_MIDDLES, _LOWEST_HZ, _HIGHEST = 60, 60.0, 0.45
_AROUND_HZ, _AROUND = 250.0, 0.1
"""Reach of the surroundings of a frequency: that, or as a share of it."""
_QUANTILE = 0.25
_TINY = 1e-30


@dataclass(frozen=True)
class Noisiness:
    """The noise of a sound.

    Attributes:
        share: of the energy, from 0 to 1.
        centroid_hz: mean frequency of the noise's spectrum, its amplitudes as weights.
    """

    share: float
    centroid_hz: float


def measure_noise(signal: Series, sample_rate: int) -> Noisiness:
    """Take for noise what lies no higher than its surroundings in a spectrogram.

    Under a Hann window of 40 ms the power of noise is exponentially distributed around its mean N. So N is the lower
    quartile of the surroundings of each frequency over `-ln 3/4`: tones stand in few of the bins, and hardly move it.
    The noise is `min(P, N) / (1 - 1/e)`, which is N in the mean where there is nothing else. Every window lies within
    the sound: across its onset, a tone would have the spectrum of a click. Partials closer than 25 Hz count as noise.

    Args:
        signal: (samples,).
        sample_rate: in Hz.
    """
    window = max(8, round(_WINDOW_S * sample_rate))
    padded = np.pad(signal, (0, max(0, window - len(signal))))
    frames = sliding_window_view(padded, window)[:: window // _HOPS] * np.hanning(window)
    power = np.abs(np.fft.rfft(frames, _PADDING * window, axis=1)) ** 2
    hz = np.fft.rfftfreq(_PADDING * window, 1.0 / sample_rate)
    middles_hz = np.geomspace(_LOWEST_HZ, _HIGHEST * sample_rate, _MIDDLES)
    quartiles = [np.quantile(power[:, _around(hz, middle)], _QUANTILE, axis=1) for middle in middles_hz]
    at = np.interp(np.log(np.maximum(hz, 1.0)), np.log(middles_hz), np.arange(_MIDDLES))
    below = np.minimum(at.astype(int), _MIDDLES - 2)
    mean = np.stack(quartiles, axis=1) / -np.log(1.0 - _QUANTILE)
    floor = mean[:, below] * (1.0 - (at - below)) + mean[:, below + 1] * (at - below)
    noise = np.minimum(power, floor).sum(0) / (1.0 - np.exp(-1.0))
    amplitudes = np.sqrt(noise)
    return Noisiness(
        share=min(1.0, float(noise.sum() / max(power.sum(), _TINY))),
        centroid_hz=float((hz * amplitudes).sum() / max(amplitudes.sum(), _TINY)),
    )


def _around(hz: Series, middle_hz: float) -> slice:
    """The bins around a frequency."""
    reach = max(_AROUND_HZ, _AROUND * middle_hz)
    first, last = np.searchsorted(hz, (middle_hz - reach, middle_hz + reach))
    return slice(int(first), max(int(last), int(first) + 1))
