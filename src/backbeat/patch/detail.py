"""The detail of a patch: apart from its voice, and turned with it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

import numpy as np

from backbeat.dsp import band_centers_hz
from backbeat.parameters import DETAIL, Value, numbers
from backbeat.patch.document import Patch
from backbeat.plugins.base import BRIGHTNESS, LENGTH, NOISINESS, TUNE, Macro, Plugin

_PIVOT_HZ = 1000.0
MOST_OCTAVES = 500.0
"""Past the end of any range."""
_Amount = TypeVar("_Amount")


def voice_of(patch: Patch) -> Patch:
    """The patch without its detail; itself where it has none."""
    voice = patch.instrument.voice
    if voice is None:
        return patch
    values = {name: patch.values[name] for name in voice.table}
    return replace(
        patch,
        options=voice.options,
        values=values,
        velocity=_of_table(voice, patch.velocity),
        humanize=_of_table(voice, patch.humanize),
    )


def _of_table(plugin: Plugin, amounts: Mapping[str, _Amount] | None) -> dict[str, _Amount] | None:
    return None if amounts is None else {name: each for name, each in amounts.items() if name in plugin.table}


def with_voice(
    patch: Patch, voice: Patch, macro: str, knob: Macro, amount: float, pivot_hz: float = _PIVOT_HZ
) -> Patch:
    """The patch with a voice whose macro has been turned, and its detail turned as far.

    Partials are tuned, stretched and tilted; bands of noise stay where they are, and their levels are read off from
    where they would have been moved.

    Args:
        patch: with detail.
        voice: its voice, turned.
        macro: which of its macros.
        knob: that macro.
        amount: in the macro's unit.
        pivot_hz: about which levels are tilted, where the macro has no pivot of its own.
    """
    table = patch.instrument.table
    if knob.pivot is not None:
        (pivot_hz,) = numbers(patch.values[knob.pivot])
    changed: dict[str, Value] = {}
    for name, parameter in table.items():
        if not isinstance(parameter.role, DETAIL) or parameter.role is DETAIL.level:
            continue
        entries = np.array(numbers(patch.values[name]))
        at_hz = frequencies_hz(patch, parameter.role, len(entries))
        entries = _turned(parameter.role, entries, at_hz, macro, knob, amount, pivot_hz)
        changed[name] = parameter.within(tuple(entries.tolist()))
    return replace(patch, values={**patch.values, **voice.values, **changed})


def _turned(
    role: DETAIL,
    entries: np.ndarray,
    at_hz: np.ndarray,
    macro: str,
    knob: Macro,
    amount: float,
    pivot_hz: float,
) -> np.ndarray:
    ratio = 2.0 ** octaves(amount) if knob.unit == "st" else 1.0 + amount / 100.0
    is_level = role in (DETAIL.level_db, DETAIL.band_db)
    if macro in (TUNE, BRIGHTNESS) and knob.unit == "st":
        if role is DETAIL.hz:
            return entries * ratio
        if role is DETAIL.band_db:
            return np.interp(np.log(at_hz / ratio), np.log(at_hz), entries)
    if macro == LENGTH and knob.unit == "%" and role in (DETAIL.t60_s, DETAIL.band_t60_s):
        return entries * ratio
    if macro == BRIGHTNESS and knob.unit == "dB/oct" and is_level:
        return entries + amount * np.log2(at_hz / pivot_hz)
    if macro == NOISINESS and knob.unit == "dB" and role is DETAIL.band_db:
        return entries + amount
    return entries


def octaves(amount_st: float) -> float:
    """Of so many semitones, as far as float64 reaches."""
    return max(-MOST_OCTAVES, min(amount_st / 12.0, MOST_OCTAVES))


def frequencies_hz(patch: Patch, role: DETAIL, size: int) -> np.ndarray:
    """Of the entries of a parameter of the detail."""
    if role in (DETAIL.band_db, DETAIL.band_t60_s):
        return np.array(band_centers_hz(size))
    name = patch.instrument.table.with_role(DETAIL.hz)
    return np.array(numbers(patch.values[name])) if name else np.full(size, math.nan)
