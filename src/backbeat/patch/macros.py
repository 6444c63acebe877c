"""Macros: one knob turns many values of a patch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from backbeat.dsp.units import LN_1000
from backbeat.errors import PatchError
from backbeat.parameters import BODY, MODES, Parameter, Value, numbers
from backbeat.patch.detail import MOST_OCTAVES, octaves, voice_of, with_voice
from backbeat.patch.document import Patch, Placement
from backbeat.plugins import Macro

if TYPE_CHECKING:
    from torch import Tensor

PIVOT_HZ = 1000.0
"""Of a macro that tilts levels, where nothing says another one."""
_NEAR_DB, _MOST_TRIALS = 0.1, 4
_OCTAVE_DB = 20.0 * math.log10(2.0)
_SILENT = 1e-20


def turn(patch: Patch, macro: str, amount: float) -> Patch:
    """The patch with one macro knob turned; values that would leave their range stop at its end.

    A macro in dB/oct keeps the sound's loudness and drive, see `Macro`. It renders the patch for that, a few times.

    Args:
        patch: where to start.
        macro: a macro of its plugin.
        amount: in the macro's unit; 0 changes nothing.

    Raises:
        PatchError: where the plugin has no such macro, or the amount is not finite.
    """
    macros = patch.instrument.macros
    if macro not in macros:
        raise PatchError(f"macro: found {macro!r}; {patch.plugin} has {', '.join(macros) or 'none'}")
    knob = macros[macro]
    if not math.isfinite(amount):
        raise PatchError(f"macro.{macro}: found {amount}; must be a finite number{knob.of_unit}")
    if amount == 0.0:
        return patch
    if patch.instrument.voice is not None:
        turned = with_voice(patch, turn(voice_of(patch), macro, amount), macro, knob, amount)
        clipper = voice_of(patch).instrument.clipper
        if clipper is None or knob.frequencies_hz is None:
            return turned
        place = patch.placement or patch.natural_placement()
        before, after = (each.render(place)[0, 0].double() for each in (patch, turned))
        return _as_loud(turned, clipper[1], place.sample_rate, before, after)
    if knob.frequencies_hz is None or patch.instrument.clipper is None:
        return _ending_as_high(patch, changed(patch, knob, amount), knob)
    return _tilted(patch, knob, amount, *patch.instrument.clipper)


def changed(patch: Patch, knob: Macro, amount: float, lift_db: float = 0.0) -> Patch:
    """The patch with what a macro turns changed, and levels that it tilts lifted too."""
    values, table = dict(patch.values), patch.instrument.table
    for name in (*knob.parameters, *knob.inverse):
        parameter, entries = table[name], numbers(patch.values[name])
        if knob.unit in ("%", "st"):
            factor = 1.0 + amount / 100.0 if knob.unit == "%" else 2.0 ** octaves(amount)
            entries = tuple(entry / factor if name in knob.inverse else entry * factor for entry in entries)
        elif knob.frequencies_hz is None:
            entries = tuple(entry + amount for entry in entries)
        else:
            pivot_hz = PIVOT_HZ if knob.pivot is None else numbers(patch.values[knob.pivot])[0]
            at_hz = knob.frequencies_hz(patch.values, name)
            steps_db = [amount * math.log2(hz / pivot_hz) + lift_db for hz in at_hz]
            entries = tuple(_louder(parameter, *each) for each in zip(entries, steps_db, strict=True))
        values[name] = parameter.within(entries)
    return replace(patch, values=values)


def _ending_as_high(patch: Patch, turned: Patch, knob: Macro) -> Patch:
    """A patch whose sweep was turned, with the pitch that it had at its end: a sweep may not have settled by then.

    A pitch falls as `f (1 + D exp(-ln 1000 t / T60))`, with D = 2^(depth / 12) - 1.
    """
    table = patch.instrument.table
    depth, length = table.with_role(BODY.sweep_st), table.with_role(BODY.sweep_s)
    pitch = table.with_role(BODY.pitch_hz) or table.with_role(MODES.hz)
    if depth not in knob.parameters or not depth or not length or not pitch:
        return turned
    place = patch.placement or patch.natural_placement()
    end_s = (place.samples - place.onset_samples) / place.sample_rate

    def height(values: Mapping[str, Value]) -> float:
        (depth_st,), (t60_s,) = numbers(values[depth]), numbers(values[length])
        return 1.0 + (2.0 ** (depth_st / 12.0) - 1.0) * math.exp(-LN_1000 * end_s / t60_s)

    ratio = height(patch.values) / height(turned.values)
    entries = tuple(entry * ratio for entry in numbers(patch.values[pitch]))
    return replace(turned, values={**turned.values, pitch: table[pitch].within(entries)})


def _louder(parameter: Parameter, level: float, step_db: float) -> float:
    """A level, in dB or a plain factor, after a step; at the least of its range it is off, and stays off."""
    if level == parameter.low:
        return level
    if parameter.unit == "dB":
        return level + step_db
    return level * 2.0 ** min(step_db / _OCTAVE_DB, MOST_OCTAVES)


def _tilted(patch: Patch, knob: Macro, amount: float, drive: str, gain: str) -> Patch:
    """The patch with its levels tilted, driven as hard and as loud as before."""
    import torch

    from backbeat.dsp import Grid, soft_clip
    from backbeat.dsp.loudness import energy_db

    place = patch.placement or patch.natural_placement()
    before = _unclipped(patch, place, drive, gain)
    lift_db = 0.0 if knob.pivot else amount * (math.log2(PIVOT_HZ) - _middle_oct(before, place.sample_rate))
    for _ in range(_MOST_TRIALS):
        turned = changed(patch, knob, amount, lift_db)
        after = _unclipped(turned, place, drive, gain)
        missing_db = float(energy_db(before) - energy_db(after))
        if knob.pivot or abs(missing_db) < _NEAR_DB:
            break
        lift_db += missing_db
    drive_db = before.new_tensor(numbers(patch.values[drive]))
    grid = Grid(place.sample_rate, len(before), torch.zeros(1, dtype=torch.int64), before.dtype)
    clipped = (soft_clip(grid, sound, drive_db) for sound in (before, after))
    return _as_loud(turned, gain, place.sample_rate, *clipped)


def _as_loud(patch: Patch, gain: str, sample_rate: int, before: Tensor, after: Tensor) -> Patch:
    """A patch that sounds like `after`, at the K-weighted energy of `before`, (samples,), by its output level."""
    from backbeat.dsp.loudness import energy_db, k_weighted

    loud = [k_weighted(sample_rate, sound) for sound in (before, after)]
    return changed(patch, Macro("dB", (gain,), ""), float(energy_db(loud[0]) - energy_db(loud[1])))


def _middle_oct(sound: Tensor, sample_rate: int) -> float:
    """The mean of log2 of frequency in Hz, with power as weight: about there, a small tilt keeps the energy."""
    import torch

    powers = torch.fft.rfft(sound).abs().square()[1:]
    octaves = torch.log2(torch.arange(1, len(powers) + 1, dtype=powers.dtype) * (sample_rate / len(sound)))
    return float((powers * octaves).sum() / powers.sum().clamp(min=_SILENT))


def _unclipped(patch: Patch, place: Placement, drive: str, gain: str) -> Tensor:
    """What goes into the patch's clipper, (samples,), float64: by way of the least drive, which hardly bends it."""
    from backbeat.dsp.clip import soft_unclip

    least_db = patch.instrument.table[drive].low
    sound = replace(patch, values={**patch.values, drive: least_db, gain: 0.0}).render(place)[0, 0].double()
    return soft_unclip(sound, sound.new_tensor([least_db]))
