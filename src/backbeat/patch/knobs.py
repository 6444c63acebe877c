"""Macros as data: what a turn does to the values of a patch, for engines that know no instruments.

A macro is a list of steps, one for each parameter that it turns, each of which multiplies, divides, adds, tilts or
shifts its entries: docs/bundles.md has the equations. It is `backbeat.patch.turn`, but for what that hears: a macro in
dB/oct renders the patch and moves the output level, and without a pivot of its own all levels, until the sound is as
loud as before. Here it tilts about a frequency that is read off the values, as it does for soft hits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeAlias

from backbeat.parameters import BODY, DETAIL, MODES, numbers
from backbeat.patch.detail import frequencies_hz, voice_of
from backbeat.patch.document import Patch
from backbeat.patch.hits import pivot_of
from backbeat.plugins import Macro
from backbeat.plugins.base import BRIGHTNESS, LENGTH, NOISINESS, TUNE

Step: TypeAlias = dict[str, Any]


def knobs(patch: Patch) -> dict[str, dict[str, Any]]:
    """The macros of a patch: `{"tune": {"unit": "st", "help": "…", "steps": [{"parameter": …, "how": …}]}}`."""
    return {
        name: {
            "unit": macro.unit,
            "help": macro.help,
            "steps": [*_voice_steps(patch, macro), *_detail_steps(patch, name, macro), *_settling(patch, macro)],
        }
        for name, macro in patch.instrument.macros.items()
    }


def _voice_steps(patch: Patch, macro: Macro) -> Iterator[Step]:
    table = patch.instrument.table
    for name in macro.parameters:
        step: Step = {"parameter": name}
        if macro.unit in ("%", "st"):
            yield {**step, "how": "multiply"}
        elif macro.frequencies_hz is None:
            yield {**step, "how": "add"}
        else:
            how = "tilt" if table[name].unit == "dB" else "tilt_gain"
            octaves = _octaves(macro.frequencies_hz(patch.values, name), _pivot_hz(patch, macro))
            yield {**step, "how": how, "octaves": octaves, "keeps_off": True}
    for name in macro.inverse:
        yield {"parameter": name, "how": "divide"}


def _detail_steps(patch: Patch, macro: str, knob: Macro) -> Iterator[Step]:
    for name, parameter in patch.instrument.table.items():
        role = parameter.role
        if not isinstance(role, DETAIL):
            continue
        at_hz = frequencies_hz(patch, role, parameter.size).tolist()
        step: Step = {"parameter": name}
        if macro in (TUNE, BRIGHTNESS) and knob.unit == "st" and role is DETAIL.hz:
            yield {**step, "how": "multiply"}
        elif macro in (TUNE, BRIGHTNESS) and knob.unit == "st" and role is DETAIL.band_db:
            yield {**step, "how": "shift", "octaves": _octaves(at_hz, 1.0)}
        elif macro == LENGTH and knob.unit == "%" and role in (DETAIL.t60_s, DETAIL.band_t60_s):
            yield {**step, "how": "multiply"}
        elif macro == BRIGHTNESS and knob.unit == "dB/oct" and role in (DETAIL.level_db, DETAIL.band_db):
            yield {**step, "how": "tilt", "octaves": _octaves(at_hz, _pivot_hz(patch, knob)), "keeps_off": False}
        elif macro == NOISINESS and knob.unit == "dB" and role is DETAIL.band_db:
            yield {**step, "how": "add"}


def _settling(patch: Patch, macro: Macro) -> Iterator[Step]:
    """What keeps the pitch at the end of the sound where the macro turns the depth of its sweep."""
    table = patch.instrument.table
    depth, length = table.with_role(BODY.sweep_st), table.with_role(BODY.sweep_s)
    pitch = table.with_role(BODY.pitch_hz) or table.with_role(MODES.hz)
    if depth and length and pitch and depth in macro.parameters:
        voice = voice_of(patch)
        place = voice.placement or voice.natural_placement()
        end_s = (place.samples - place.onset_samples) / place.sample_rate
        yield {"parameter": pitch, "how": "settle", "depth_st": depth, "t60_s": length, "end_s": end_s}


def _pivot_hz(patch: Patch, macro: Macro) -> float:
    if macro.pivot is not None:
        return numbers(patch.values[macro.pivot])[0]
    return pivot_of(voice_of(patch), macro)


def _octaves(at_hz: Any, pivot_hz: float) -> list[float]:
    return [math.log2(hz / pivot_hz) for hz in at_hz]
