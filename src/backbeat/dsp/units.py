"""Decibels, semitones, cents and decay times, to and from what signal processing needs: of handles and of tensors."""

from __future__ import annotations

import math
from typing import Any

from backbeat.dsp.arithmetic import exp, log, maximum

LN_1000 = math.log(1000.0)
"""A T60 is the time to fall by 60 dB, a factor of 1000."""

SHORTEST_T60_S = 1e-5
"""Decay times below this are as good as zero, and are rendered as this, so that rates stay finite."""

_DB = math.log(10.0) / 20.0
_SEMITONE = math.log(2.0) / 12.0
_QUIETEST = 1e-10


def db_to_gain(level_db: Any) -> Any:
    """Amplitude ratio of a level in dB: `10^(dB / 20)`."""
    return exp(level_db * _DB)


def gain_to_db(gain: Any) -> Any:
    """Level in dB of an amplitude ratio: `20 log10 |gain|`, not below -200 dB."""
    return log(maximum(abs(gain), _QUIETEST)) / _DB


def semitones_to_ratio(interval_st: Any) -> Any:
    """Frequency ratio of an interval in semitones: `2^(st / 12)`."""
    return exp(interval_st * _SEMITONE)


def cents_to_ratio(interval_cents: Any) -> Any:
    """Frequency ratio of an interval in cents: `2^(cents / 1200)`."""
    return exp(interval_cents * (_SEMITONE / 100.0))


def ratio_to_semitones(ratio: Any) -> Any:
    """Interval in semitones of a frequency ratio: `12 log2 ratio`."""
    return log(ratio) / _SEMITONE


def t60_to_rate(t60_s: Any) -> Any:
    """Decay rate in 1/s of a T60 in seconds: `ln 1000 / T60`, so that the envelope is `exp(-rate · t)`."""
    return LN_1000 / maximum(t60_s, SHORTEST_T60_S)


def t60_to_time_constant(t60_s: Any) -> Any:
    """Time constant τ in seconds of a T60: `T60 / ln 1000`."""
    return t60_s / LN_1000


def time_constant_to_t60(time_constant_s: Any) -> Any:
    """T60 in seconds of a time constant τ: `τ · ln 1000`."""
    return time_constant_s * LN_1000
