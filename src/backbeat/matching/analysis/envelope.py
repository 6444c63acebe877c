"""How the level of a one-shot falls: attack, hold and T60 by regression on its decibels."""

from dataclasses import dataclass

import numpy as np

from backbeat.types import Series

BLOCK_S = 0.0025
_AUDIBLE_DB = -50.0
_LONGEST_T60_S = 6.0
_SHORTEST_T60_S = 0.005
_HOLDS = 24
_GATES = 40
_SILENT_DB = -60.0
_RELEASED_AT_END_S = 0.02


@dataclass(frozen=True)
class Decay:
    """A rise, a hold and an exponential fall.

    Attributes:
        attack_s: time of the peak.
        hold_s: from the peak to where the fall starts.
        t60_s: of the fall.
        level_db: of the hold, RMS, dB relative to full scale.
    """

    attack_s: float
    hold_s: float
    t60_s: float
    level_db: float


@dataclass(frozen=True)
class Release:
    """Where a sound is released, and how fast it falls from there.

    Attributes:
        gate_s: time of the release.
        t60_s: of the fall that it adds.
    """

    gate_s: float
    t60_s: float


def level_db(signal: Series, sample_rate: int, block_s: float = BLOCK_S) -> Series:
    """RMS level of each block, in dB relative to full scale, not below -200 dB."""
    block = max(1, round(block_s * sample_rate))
    whole = np.pad(signal, (0, -len(signal) % block)).reshape(-1, block)
    return 10.0 * np.log10(np.mean(whole**2, axis=1) + 1e-20)


def fit_decay(signal: Series, sample_rate: int) -> Decay:
    """Fit a hold and then a straight line in dB to the level after its peak.

    For each of a set of hold times, the slope that passes through the held level has a closed form; the pair with the
    least absolute error wins. Levels more than 50 dB under the peak do not count.

    Args:
        signal: (samples,).
        sample_rate: in Hz.
    """
    levels = level_db(signal, sample_rate)
    peak = int(np.argmax(levels))
    block_s = max(1, round(BLOCK_S * sample_rate)) / sample_rate
    times = np.arange(len(levels) - peak) * block_s
    fall = levels[peak:] - levels[peak]
    audible = fall > _AUDIBLE_DB
    last = times[audible][-1]
    holds = np.linspace(0.0, 0.8 * last, _HOLDS)
    since = np.maximum(times[audible] - holds[:, None], 0.0)
    slopes = np.sum(since * fall[audible], axis=1) / np.maximum(np.sum(since**2, axis=1), 1e-9)
    slopes = np.clip(slopes, -60.0 / _SHORTEST_T60_S, -60.0 / _LONGEST_T60_S)
    errors = np.mean(np.abs(slopes[:, None] * since - fall[audible]), axis=1)
    best = int(np.argmin(errors))
    return Decay(peak * block_s, float(holds[best]), -60.0 / float(slopes[best]), float(levels[peak]))


def fit_release(signal: Series, sample_rate: int) -> Release:
    """Fit a straight line in dB, and a second one that bends down from it, to the level after its peak.

    For each of a set of times, the two lines have a closed form; the time with the least squared error wins. What
    follows the last level within 60 dB of the peak does not count. A sound that does not bend down is released at its
    end.

    Args:
        signal: (samples,).
        sample_rate: in Hz.
    """
    end_s = len(signal) / sample_rate
    levels = level_db(signal, sample_rate)
    peak = int(np.argmax(levels))
    fall = np.maximum(levels[peak:] - levels[peak], _SILENT_DB)
    fall = fall[: np.flatnonzero(fall > _SILENT_DB)[-1] + 1]
    times = (peak + np.arange(len(fall))) * (max(1, round(BLOCK_S * sample_rate)) / sample_rate)
    best = Release(end_s, _RELEASED_AT_END_S)
    least = np.inf
    for gate_s in np.linspace(times[0], end_s, _GATES + 2)[1:-1]:
        after = np.maximum(times - gate_s, 0.0)
        lines = np.stack([np.ones_like(times), times, after], axis=1)
        solution = np.linalg.lstsq(lines, fall, rcond=None)[0]
        error = float(np.sum((lines @ solution - fall) ** 2))
        if error < least and solution[2] < -60.0 / _LONGEST_T60_S:
            least = error
            best = Release(float(gate_s), min(max(-60.0 / float(solution[2]), _SHORTEST_T60_S), _LONGEST_T60_S))
    return best
