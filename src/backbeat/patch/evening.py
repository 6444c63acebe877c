"""A morph that is heard evenly: its pitch, its length and its brightness move as far as the amount says.

Half-way between the numbers of two patches, the sound may lie outside both: where one ends by its gate and the other
by its decay, neither ends it; a slow sweep goes lower than it came to before. So the mix is heard, and turned by its
macros until it lies between.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from backbeat.dsp.measures import Array, centroid_hz, decay_time_s, strongest_hz
from backbeat.parameters import OUTPUT, numbers
from backbeat.patch.detail import voice_of, with_voice
from backbeat.patch.document import Patch, Placement
from backbeat.patch.macros import changed, turn
from backbeat.plugins.base import BRIGHTNESS, LENGTH, TUNE
from backbeat.program.engine import LAST_SEED

_SAMPLE_RATE = 44_100
_SEEDS = 4
"""Of the noise; what is measured is the noise itself, not one realisation."""
_ROUNDS, _TRIALS = 2, 5
_NEAR = 0.015
"""As a share: this near is there."""
_STRUCK_S, _SHORTEST_S, _FADED = 0.03, 0.06, 1e-4
"""A pitch is that of what follows the strike, until so much of its energy is left."""
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
    ears = _Ears(Placement(_SAMPLE_RATE, max(each.natural_placement().samples for each in (first, mixed, second))))
    ends = [ears.sounds(each) for each in (first, second)]

    def between(measure: Callable[[Array], float]) -> float:
        return (1.0 - amount) * measure(ends[0]) + amount * measure(ends[1])

    macros = mixed.instrument.macros
    found = mixed
    pitches = [_pitch(each) for each in ends]
    if TUNE in macros and None not in pitches:
        found = _tuned(found, between(lambda sounds: _pitch(sounds) or 0.0), ears)
    for _ in range(_ROUNDS):
        if LENGTH in macros and macros[LENGTH].unit == "%":
            found = _turned(found, _stretched, between(_length), _length, ears, (1.0, _LONGER_MOST))
        if BRIGHTNESS in macros and macros[BRIGHTNESS].unit in _TILTS:
            tilt = _TILTS[macros[BRIGHTNESS].unit]
            found = _turned(found, _tilted, between(_brightness), _brightness, ears, tilt)
    return found if found is mixed else _as_loud(found, ends, between(_energy_db), ears)


@dataclass(frozen=True)
class _Ears:
    """Where patches are heard."""

    place: Placement

    def sounds(self, patch: Patch) -> Array:
        """With several seeds of its noise, (seeds, samples), float64."""
        seeds = [(patch.seed + step) % (LAST_SEED + 1) for step in range(_SEEDS)]
        return np.stack([replace(patch, seed=seed).sound(self.place) for seed in seeds]).astype(np.float64)


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
    left = np.square(tones)[::-1].cumsum()[::-1]
    begin = int(np.abs(tones).argmax()) + round(_STRUCK_S * _SAMPLE_RATE)
    end = int((left < _FADED * left[0]).argmax()) or len(tones)
    heard = tones[begin : max(end, begin + round(_SHORTEST_S * _SAMPLE_RATE))]
    if len(heard) < round(_SHORTEST_S * _SAMPLE_RATE):
        return None
    hz, share = strongest_hz(heard, _SAMPLE_RATE, _LOWEST_HZ, _HIGHEST_HZ)
    return 12.0 * math.log2(hz) if share > _LEAST_SHARE else None


def _tuned(patch: Patch, goal_st: float, ears: _Ears) -> Patch:
    """The patch tuned to a pitch; as it was where that is far off, or where it has none."""
    found, turned_st = patch, 0.0
    for _ in range(_TRIALS):
        pitch_st = _pitch(ears.sounds(found))
        if pitch_st is None:
            return patch
        if abs(goal_st - pitch_st) < _NEAR_ST:
            return found
        turned_st += goal_st - pitch_st
        if abs(turned_st) > _MOST_ST:
            return patch
        found = turn(patch, TUNE, turned_st)
    return found


def _turned(
    patch: Patch,
    turned: Callable[[Patch, float], Patch],
    goal: float,
    measure: Callable[[Array], float],
    ears: _Ears,
    reach: tuple[float, float],
) -> Patch:
    """The patch turned until what is measured comes to a goal, by the secants of what was tried; the nearest trial.

    Args:
        patch: where to start.
        turned: the patch with a knob at some place.
        goal: what `measure` is to be.
        measure: a logarithm, of sounds.
        ears: where to hear.
        reach: how far to turn for a step of one in the measure, at a guess, and at most.
    """
    step, most = reach
    tried: list[tuple[float, float]] = []
    nearest, found, place = math.inf, patch, 0.0
    while len(tried) < _TRIALS:
        trial = turned(patch, place) if place else patch
        miss = measure(ears.sounds(trial)) - goal
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


def _as_loud(patch: Patch, ends: list[Array], energy_db: float, ears: _Ears) -> Patch:
    """The patch with an energy, by its output level; no peak is higher than full scale, or than that of either end."""
    name = patch.instrument.table.with_role(OUTPUT.level_db)
    if name is None:
        return patch
    sounds = ears.sounds(patch)
    peak, highest = np.abs(sounds).max(), max(1.0, *(np.abs(each).max() for each in ends))
    louder_db = min(energy_db - _energy_db(sounds), 20.0 * math.log10((highest + _SILENT) / (peak + _SILENT)))
    (level_db,) = numbers(patch.values[name])
    return replace(patch, values={**patch.values, name: patch.instrument.table[name].within((level_db + louder_db,))})
