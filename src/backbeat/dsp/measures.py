"""Measures of a sound that do without PyTorch: pure functions of arrays, float64; names end in their units."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]

_TINY = 1e-20
_FROM_DB, _TO_DB, _AFTER_PEAK_S = -5.0, -25.0, 0.01
_FADED = 1e-4


def decay_time_s(power: Array, sample_rate: float) -> float:
    """Seconds between -5 and -25 dB of the backward-integrated energy, `Σ_{k ≥ n} p`, from 10 ms after the peak on.

    A sound that ends before that, or is silent, has a single sample.

    Args:
        power: p, the square of a sound, or its mean over several seeds of the noise, (samples,).
        sample_rate: in Hz.
    """
    begin = int(power.argmax()) + round(_AFTER_PEAK_S * sample_rate)
    left = power[begin:][::-1].cumsum()[::-1]
    if not len(left) or left[0] == 0.0:
        return 1.0 / sample_rate
    level_db = 10.0 * np.log10(left / left[0] + _TINY)
    first, last = (int((level_db < limit_db).argmax()) for limit_db in (_FROM_DB, _TO_DB))
    return max(last - first, 1) / sample_rate


def until_faded(sound: Array) -> int:
    """Samples until a ten-thousandth of a sound's energy is left; all of a sound that is cut before, or silent."""
    left = np.square(sound)[::-1].cumsum()[::-1]
    return int((left < _FADED * left[0]).argmax()) or len(sound)


def centroid_hz(sounds: Array, sample_rate: float) -> float:
    """The spectrum's mean frequency, its amplitudes as weights: `Σ f |X| / Σ |X|` over whole sounds.

    Args:
        sounds: (samples,), or one row for each of several seeds, whose amplitudes are added up.
        sample_rate: in Hz.
    """
    amplitudes = np.abs(np.fft.rfft(sounds))
    hz = np.fft.rfftfreq(sounds.shape[-1], 1.0 / sample_rate)
    return float((hz * amplitudes).sum() / max(amplitudes.sum(), _TINY))


def strongest_hz(sound: Array, sample_rate: float, lowest_hz: float, highest_hz: float) -> tuple[float, float]:
    """The frequency of the highest peak of a spectrum within a range, and the peak's share of all energy.

    The spectrum is that of the whole sound under a Hann window, whose main lobe is the peak.

    Args:
        sound: (samples,).
        sample_rate: in Hz.
        lowest_hz: of the range.
        highest_hz: of the range.
    """
    fft = max(1 << 18, 1 << (2 * len(sound) - 1).bit_length())
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), fft)) ** 2
    hz = np.fft.rfftfreq(fft, 1.0 / sample_rate)
    peak = int(np.where((hz >= lowest_hz) & (hz <= highest_hz), power, 0.0).argmax())
    lobe = 2 * fft // len(sound)
    return float(hz[peak]), float(power[max(0, peak - lobe) : peak + lobe + 1].sum() / max(power.sum(), _TINY))
