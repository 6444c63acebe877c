"""How a patch is listened to: its wave, how long it lasts, and its spectrum as an ear has it."""

import itertools

import numpy as np
from numpy.typing import NDArray

from backbeat import Patch
from backbeat.patch import Placement

SAMPLE_RATE = 44100
_BINS = 1 << 18


def wave_of(patch: Patch, seconds: float = 1.5) -> NDArray[np.float64]:
    return patch.render(Placement(SAMPLE_RATE, round(seconds * SAMPLE_RATE), 0))[0, 0].double().numpy()


def fall_s(wave: NDArray[np.float64]) -> float:
    """Time from -5 to -25 dB of what is still to come, from 10 ms after the peak."""
    rest = wave[np.abs(wave).argmax() + SAMPLE_RATE // 100 :] ** 2
    level_db = 10.0 * np.log10(np.cumsum(rest[::-1])[::-1] / rest.sum() + 1e-30)
    return float((level_db < -25.0).argmax() - (level_db < -5.0).argmax()) / SAMPLE_RATE


def early_db(wave: NDArray[np.float64], seconds: float = 0.01) -> float:
    """Energy of the first moments against that of the rest."""
    first = round(seconds * SAMPLE_RATE)
    return float(10.0 * np.log10(np.square(wave[:first]).sum() / np.square(wave[first:]).sum()))


def shift_st(before: NDArray[np.float64], after: NDArray[np.float64]) -> float:
    """By how many semitones the spectrum has moved, in eighths, within six."""
    here, there = (_spectrum_db(each) for each in (before, after))
    shifts = range(-48, 49)
    alike = [np.corrcoef(here[48:-48], there[48 + by : len(there) - 48 + by])[0, 1] for by in shifts]
    return shifts[int(np.argmax(alike))] / 8.0


def centroid_hz(wave: NDArray[np.float64]) -> float:
    """Mean of frequency, with power as weight."""
    power = np.square(np.abs(np.fft.rfft(wave)))
    return float((power * np.arange(len(power))).sum() / power.sum()) * SAMPLE_RATE / len(wave)


def middle_oct(wave: NDArray[np.float64]) -> float:
    """Mean of log2 of frequency, with power as weight."""
    power = np.square(np.abs(np.fft.rfft(wave)))[1:]
    return float((power * np.log2(np.arange(len(power)) + 1.0)).sum() / power.sum())


def _spectrum_db(wave: NDArray[np.float64]) -> NDArray[np.float64]:
    """Power in eighths of a semitone from 40 Hz to 14 kHz, in dB of the greatest, not below -50."""
    power = np.abs(np.fft.rfft(wave, _BINS)) ** 2
    edges = 40.0 * 2.0 ** (np.arange(round(96 * np.log2(14000.0 / 40.0))) / 96.0) * _BINS / SAMPLE_RATE
    bins = np.array([power[round(a) : round(b) + 1].mean() for a, b in itertools.pairwise(edges)])
    return np.maximum(10.0 * np.log10(bins / bins.max()), -50.0)
