"""The bursts that a one-shot begins with: when each begins, and how loud it is."""

from dataclasses import dataclass

import numpy as np

from backbeat.matching.analysis.envelope import level_db
from backbeat.types import Series

_BLOCK_S = 0.0005
_SMOOTHED = 4
_APART_S = 0.004
_RISE_DB = 5.0
_AUDIBLE_DB, _QUIET_DB = -40.0, -60.0
_SHORTEST_T60_S, _LONGEST_T60_S = 0.006, 0.1


@dataclass(frozen=True)
class Bursts:
    """Bursts in the order of their times.

    Attributes:
        onset_s: of each; those that are not there follow at equal steps.
        level_db: of each, beside the loudest; -60 for those that are not there.
        t60_s: of all.
        loudest_s: onset of the loudest.
    """

    onset_s: Series
    level_db: Series
    t60_s: float
    loudest_s: float


def find_bursts(signal: Series, sample_rate: int, count: int, *, latest_s: float) -> Bursts:
    """Peaks of the level that rise by 5 dB out of what lies before, the loudest rises first.

    Args:
        signal: (samples,).
        sample_rate: in Hz.
        count: how many, at most.
        latest_s: of what begins later, nothing is told.
    """
    block_s = max(1, round(_BLOCK_S * sample_rate)) / sample_rate
    power = 10.0 ** (0.1 * level_db(signal, sample_rate, _BLOCK_S))
    levels = 10.0 * np.log10(np.convolve(power, np.full(_SMOOTHED, 1.0 / _SMOOTHED), "same") + 1e-20)
    near, last = max(1, round(_APART_S / block_s)), max(1, min(len(levels), int(latest_s / block_s)))
    loudest_db = float(np.max(levels[:last]))
    rises: list[tuple[float, int]] = []
    for place in range(last):
        nearby = levels[max(0, place - near) : place + near + 1]
        if levels[place] < max(float(np.max(nearby)), loudest_db + _AUDIBLE_DB):
            continue
        before = levels[max(0, place - 3 * near) : place]
        rise = float(levels[place] - np.min(before)) if place > near // 2 else np.inf
        if rise >= _RISE_DB and not any(abs(place - other) < near for _, other in rises):
            rises.append((rise, place))
    heard = [place for _, place in sorted(rises, key=lambda each: -levels[each[1]])[:count]] or [
        int(np.argmax(levels[:last]))
    ]
    loudest = heard[0]
    heard.sort()
    falls = [_fall_s(levels[place : place + 3 * near], block_s) for place in heard]
    onsets = [max(0.0, (place - 0.5 * _SMOOTHED) * block_s) for place in heard]
    missing = count - len(onsets)
    spare = [min(latest_s, onsets[-1] + 0.01 * (k + 1)) for k in range(missing)]
    return Bursts(
        np.array(onsets + spare),
        np.array([max(_QUIET_DB, levels[place] - levels[loudest]) for place in heard] + [_QUIET_DB] * missing),
        float(np.median(falls)),
        onsets[heard.index(loudest)],
    )


def _fall_s(levels: Series, block_s: float) -> float:
    """T60 of the fall from the first level to the least of the next few."""
    lowest = int(np.argmin(levels))
    fallen_db = float(levels[0] - levels[lowest])
    if lowest == 0 or fallen_db <= 0.0:
        return _LONGEST_T60_S
    return float(np.clip(60.0 * lowest * block_s / fallen_db, _SHORTEST_T60_S, _LONGEST_T60_S))
