"""What makes a morph even: its pitch, its length and its brightness lie as far on the way as the amount says.

The sound of the mixed numbers of two patches may lie outside both. Where one sound ends by its gate and the other by
its decay, neither ends the mix; a slow sweep of the mix goes lower than that of either. So the mix is rendered and
measured, and its macros are turned until it lies between.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from backbeat.dsp.measures import Array, centroid_hz, decay_time_s, strongest_hz, until_faded
from backbeat.parameters import OUTPUT, numbers
from backbeat.patch.detail import voice_of, with_voice
from backbeat.patch.document import Patch, Placement, with_seed
from backbeat.patch.macros import changed, turn
from backbeat.plugins.base import BRIGHTNESS, LENGTH, TUNE

_SAMPLE_RATE = 44_100
_SEEDS = 4
"""Of the noise; what is measured is the noise itself, not one realisation."""
_ROUNDS, _TRIALS = 2, 5
_NEAR = 0.015
"""As a share: this near is there."""
_STRUCK_S, _SHORTEST_S = 0.03, 0.06
"""A pitch is that of what follows the strike, for so long at least."""
_LOWEST_HZ, _HIGHEST_HZ, _LEAST_SHARE = 25.0, 1500.0, 0.4
_NEAR_ST, _MOST_ST = 0.1, 9.0
"""A pitch that lies farther off is another partial's."""
_LONGER_MOST = 2.5
"""The natural logarithm of a factor."""
_TILTS = {"st": (12.0 / math.log(2.0), 24.0), "dB/oct": (6.0, 12.0), "dB": (6.0, 12.0)}
"""By the unit of brightness: what moves the centroid by a factor e, at a guess, and how far it is turned at most."""
_SILENT = 1e-20


def evened(mixed: Patch, first: Patch, second: Patch, amount: float) -> Patch:
    """A mix of two patches, turned until it is heard evenly between them; the same at the ends.

    The energy too becomes what lies between theirs, in dB, as far as no peak passes full scale or that of either end.
    What an instrument has no macro for stays as it is.

    Args:
        mixed: what lies between the numbers of the ends.
        first: where an amount of 0 is.
        second: where an amount of 1 is.
        amount: in [0, 1].
    """
    if amount in (0.0, 1.0):
        return mixed
    place = Placement(_SAMPLE_RATE, max(each.natural_placement().samples for each in (first, mixed, second)))
    ends = [_Heard(each, place).sounds for each in (first, second)]

    def between(measure: Callable[[Array], float]) -> float:
        return (1.0 - amount) * measure(ends[0]) + amount * measure(ends[1])

    macros, found = mixed.instrument.macros, _Heard(mixed, place)
    if TUNE in macros and None not in [_pitch(each) for each in ends]:
        found = _tuned(found, between(lambda sounds: _pitch(sounds) or 0.0))
    length, brightness = between(_length), between(_brightness)
    for _ in range(_ROUNDS):
        if LENGTH in macros and macros[LENGTH].unit == "%":
            found = _turned(found, _stretched, length, _length, (1.0, _LONGER_MOST))
        if BRIGHTNESS in macros and macros[BRIGHTNESS].unit in _TILTS:
            found = _turned(found, _tilted, brightness, _brightness, _TILTS[macros[BRIGHTNESS].unit])
    return mixed if found.patch is mixed else _as_loud(found, ends, between(_energy_db))


@dataclass(frozen=True, eq=False)
class _Heard:
    """A patch and where it is heard. It is rendered when its sounds are first read, and once."""

    patch: Patch
    place: Placement

    @cached_property
    def sounds(self) -> Array:
        """With several seeds of its noise, (seeds, samples), float64."""
        rows = [with_seed(self.patch, step).sound(self.place) for step in range(_SEEDS)]
        return np.stack(rows).astype(np.float64)


def _length(sounds: Array) -> float:
    """The logarithm of the decay time."""
    return math.log(decay_time_s(np.square(sounds).mean(0), _SAMPLE_RATE))


def _brightness(sounds: Array) -> float:
    """The logarithm of the centroid."""
    return math.log(max(centroid_hz(sounds, _SAMPLE_RATE), _LOWEST_HZ))


def _energy_db(sounds: Array) -> float:
    return 10.0 * math.log10(float(np.square(sounds).sum()) + _SILENT)


def _pitch(sounds: Array) -> float | None:
    """Semitones of the partial that has most of what follows the strike; none where none has."""
    tones = sounds.mean(0)
    shortest = round(_SHORTEST_S * _SAMPLE_RATE)
    begin = int(np.abs(tones).argmax()) + round(_STRUCK_S * _SAMPLE_RATE)
    heard = tones[begin : max(until_faded(tones), begin + shortest)]
    if len(heard) < shortest:
        return None
    hz, share = strongest_hz(heard, _SAMPLE_RATE, _LOWEST_HZ, _HIGHEST_HZ)
    return 12.0 * math.log2(hz) if share > _LEAST_SHARE else None


def _tuned(heard: _Heard, goal_st: float) -> _Heard:
    """The patch tuned to a pitch; as it was where that is far off, or where it has none."""
    found, turned_st = heard, 0.0
    for _ in range(_TRIALS):
        pitch_st = _pitch(found.sounds)
        if pitch_st is None:
            return heard
        if abs(goal_st - pitch_st) < _NEAR_ST:
            return found
        turned_st += goal_st - pitch_st
        if abs(turned_st) > _MOST_ST:
            return heard
        found = replace(heard, patch=turn(heard.patch, TUNE, turned_st))
    return found


def _turned(
    heard: _Heard,
    turned: Callable[[Patch, float], Patch],
    goal: float,
    measure: Callable[[Array], float],
    reach: tuple[float, float],
) -> _Heard:
    """The patch turned until what is measured comes to a goal, by the secants of what was tried; the nearest trial.

    Args:
        heard: where to start.
        turned: the patch with a knob at some place.
        goal: what `measure` is to be.
        measure: a logarithm, of sounds.
        reach: how far to turn for a step of one in the measure, at a guess, and at most.
    """
    step, most = reach
    tried: list[tuple[float, float]] = []
    nearest, found, place = math.inf, heard, 0.0
    while len(tried) < _TRIALS:
        trial = replace(heard, patch=turned(heard.patch, place)) if place else heard
        miss = measure(trial.sounds) - goal
        tried.append((place, miss))
        if abs(miss) < nearest:
            nearest, found = abs(miss), trial
        place = min(max(_next_place(tried, step), -most), most)
        if nearest < _NEAR or any(math.isclose(place, each, abs_tol=1e-6) for each, _ in tried):
            break
    return found


def _next_place(tried: list[tuple[float, float]], step: float) -> float:
    """Where a knob would miss nothing, by the line through the nearest trials, on both sides where there are such."""
    if len(tried) == 1:
        ((place, miss),) = tried
        return place - step * miss
    over, under = ([each for each in tried if sign * each[1] > 0.0] for sign in (1.0, -1.0))
    if over and under:
        pair = [min(each, key=lambda trial: abs(trial[1])) for each in (over, under)]
    else:
        pair = sorted(tried, key=lambda trial: abs(trial[1]))[:2]
    (one, missed), (other, missed_there) = pair
    return one if missed == missed_there else one - missed * (other - one) / (missed_there - missed)


def _stretched(patch: Patch, place: float) -> Patch:
    return turn(patch, LENGTH, 100.0 * math.expm1(place))


def _tilted(patch: Patch, place: float) -> Patch:
    """The patch with its brightness turned, and as loud as that makes it: its energy is told last."""
    knob, voice = patch.instrument.macros[BRIGHTNESS], voice_of(patch)
    own = changed(voice, voice.instrument.macros[BRIGHTNESS], place)
    return own if voice is patch else with_voice(patch, own, BRIGHTNESS, knob, place)


def _as_loud(heard: _Heard, ends: list[Array], energy_db: float) -> Patch:
    """The patch with an energy, by its output level; no peak is higher than full scale, or than that of either end."""
    patch, sounds = heard.patch, heard.sounds
    name = patch.instrument.table.with_role(OUTPUT.level_db)
    if name is None:
        return patch
    peak, highest = np.abs(sounds).max(), max(1.0, *(np.abs(each).max() for each in ends))
    louder_db = min(energy_db - _energy_db(sounds), 20.0 * math.log10((highest + _SILENT) / (peak + _SILENT)))
    (level_db,) = numbers(patch.values[name])
    return replace(patch, values={**patch.values, name: patch.instrument.table[name].within((level_db + louder_db,))})
