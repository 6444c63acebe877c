"""Numbers of kit files: what they say where they say it well, and nothing where they do not."""

from __future__ import annotations

import math
import re

from backbeat.samplers.description import LAST_NOTE

LEAST_DB = -100.0
"""What stands for silence."""

_NUMBER = re.compile(r"\s*([-+]?(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})(?:[eE][-+]?\d{1,3})?)")
_NOTE = re.compile(r"([a-gA-G])([#♯b♭]?)(-?\d)$")
_STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}


def number(text: str | None) -> float | None:
    """The finite number that a text begins with, as players read them; none if it begins with none."""
    found = _NUMBER.match(text or "")
    value = float(found[1]) if found else math.nan
    return value if math.isfinite(value) else None


def whole(text: str | None) -> int | None:
    """The whole number that a text begins with, rounded down; none if it begins with none."""
    value = number(text)
    return None if value is None else math.floor(value)


def note(text: str | None) -> int | None:
    """A MIDI note of its number or its name: `60` and `c4` are middle C, `-1` no note; none if it is neither."""
    text = (text or "").strip()
    named = _NOTE.match(text)
    if not named:
        return whole(text)
    letter, accidental, octave = named.groups()
    return 12 * (int(octave) + 1) + _STEPS[letter.lower()] + _ACCIDENTALS[accidental]


def is_note(value: int | None) -> bool:
    """Whether MIDI has such a note."""
    return value is not None and 0 <= value <= LAST_NOTE


def decibels(factor: float) -> float:
    """A factor of the amplitude as a level in dB, rounded to what nobody hears; `LEAST_DB` for silence."""
    return LEAST_DB if factor <= 0.0 else max(LEAST_DB, round(20.0 * math.log10(factor), 6))


def within(value: float, low: float, high: float) -> float:
    """A value, or the end of the range that it is beyond."""
    return min(max(value, low), high)
