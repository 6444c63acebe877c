"""How a patch answers to velocity, found from takes of one drum struck harder and softer.

A hit at velocity v lies between the patch and its softest hit, whose macros stand somewhere and whose level is some dB
lower. Those amounts are searched, one at a time, so that the hits come as near as they can to the takes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from backbeat.losses import distances
from backbeat.patch import Patch, Placement
from backbeat.patch.hits import SOFTEST_DB, velocity_towards
from backbeat.program.hit import CURVES
from backbeat.types import Audio

_FIRST_STEPS = {"dB": 4.0, "dB/oct": 2.0, "%": 20.0, "st": 1.0}
"""How far a macro is turned at first, by its unit."""
_ROUNDS = 3
_LEAST_DB, _MOST_DB = -60.0, 0.0
_WORTH_DB = 0.02
_SILENT = 1e-20


@dataclass(frozen=True)
class Strike:
    """A take of a drum.

    Attributes:
        velocity: how hard it was struck, in (0, 1].
        sound: from the strike on, (1, 1, samples).
    """

    velocity: float
    sound: Audio


@dataclass(frozen=True)
class Response:
    """How a patch answers to velocity.

    Attributes:
        softest: how its macros stand in the softest hit.
        level_db: how much quieter that is.
        curve: of velocity: `linear`, `soft` or `hard`.
    """

    softest: dict[str, float]
    level_db: float
    curve: str

    def of(self, patch: Patch) -> Patch:
        """The patch with these amounts of velocity."""
        return replace(patch, velocity=velocity_towards(patch, self.softest, self.level_db, self.curve))


def fit_response(patch: Patch, strikes: Sequence[Strike], sample_rate: int) -> Response:
    """The response with which a patch's hits come nearest to takes, in mean mel distance.

    Args:
        patch: of the hardest hit.
        strikes: takes at other velocities.
        sample_rate: of the takes, in Hz.
    """
    macros = patch.instrument.macros
    softest = dict(patch.instrument.softest)
    found = min(
        (Response(softest, _level_db(patch, strikes, curve, sample_rate), curve) for curve in CURVES),
        key=lambda each: _distance_db(patch, each, strikes, sample_rate),
    )
    nearest = _distance_db(patch, found, strikes, sample_rate)
    steps = {name: _FIRST_STEPS[macro.unit] for name, macro in macros.items() if macro.unit in _FIRST_STEPS}
    for _ in range(_ROUNDS):
        for name, step in steps.items():
            for signed in (step, -step):
                moved = {**found.softest, name: found.softest.get(name, 0.0) + signed}
                if macros[name].unit == "%" and moved[name] <= -95.0:
                    continue
                trial = replace(found, softest=moved)
                trial = replace(trial, level_db=_level_db(patch, strikes, trial.curve, sample_rate, trial))
                if (distance := _distance_db(patch, trial, strikes, sample_rate)) < nearest - _WORTH_DB:
                    found, nearest = trial, distance
                    break
            else:
                steps[name] = 0.5 * step
    return found


def hit_sound(patch: Patch, strike: Strike, sample_rate: int, number: int = 0) -> Audio:
    """What the patch's hit is at a take's velocity, as long as the take."""
    return patch.hit(strike.velocity, number).render(Placement(sample_rate, strike.sound.shape[-1]))


def _distance_db(patch: Patch, response: Response, strikes: Sequence[Strike], sample_rate: int) -> float:
    answering = response.of(patch)
    found = [distances(hit_sound(answering, each, sample_rate), each.sound, sample_rate).mel_db for each in strikes]
    return sum(found) / len(found)


def _level_db(
    patch: Patch, strikes: Sequence[Strike], curve: str, sample_rate: int, at: Response | None = None
) -> float:
    """How much quieter the softest hit is, so that hits are as loud as the takes: by least squares."""
    before = at or Response(dict(patch.instrument.softest), SOFTEST_DB, curve)
    answering = before.of(patch)
    products = squares = 0.0
    for each in strikes:
        reach = 1.0 - {"linear": each.velocity, "soft": math.sqrt(each.velocity), "hard": each.velocity**2}[curve]
        missing_db = _energy_db(each.sound) - _energy_db(hit_sound(answering, each, sample_rate))
        products += reach * missing_db
        squares += reach * reach
    more_db = products / squares if squares else 0.0
    return min(max(before.level_db + more_db, _LEAST_DB), _MOST_DB)


def _energy_db(sound: Audio) -> float:
    return 10.0 * math.log10(float(torch.sum(sound.double() ** 2)) + _SILENT)
