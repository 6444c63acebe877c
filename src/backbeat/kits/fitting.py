"""How a patch answers to velocity, found from takes of one drum struck harder and softer.

A hit at velocity v lies between the patch and its softest hit, whose macros stand somewhere and whose level is some dB
lower. Those amounts are searched, one at a time, so that the hits come as near as they can to the takes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from backbeat.losses import mel_spectrogram_db
from backbeat.patch import Patch, Placement
from backbeat.patch.hits import SOFTEST_DB, velocity_towards
from backbeat.program.hit import CURVES, curved_velocity
from backbeat.types import Audio

_FIRST_STEPS = {"dB": 4.0, "dB/oct": 2.0, "%": 20.0, "st": 1.0, "": 0.2}
"""How far a macro is turned at first, by its unit."""
_ROUNDS = 3
_LEAST_DB, _MOST_DB = -60.0, 0.0
_LEAST_PERCENT = -95.0
_WORTH_DB = 0.02
_FLOOR_DB, _BELOW_DB = -130.0, 60.0
"""What lies further below a take's loudest cell is not compared."""
_LONGEST_S = 1.0
_SILENT = 1e-20


@dataclass(frozen=True, eq=False)
class Strike:
    """A take of a drum.

    Attributes:
        velocity: how hard it was struck, in (0, 1].
        sound: from the strike on, (1, 1, samples).
        sample_rate: in Hz.
    """

    velocity: float
    sound: Audio
    sample_rate: int

    @cached_property
    def _levels_db(self) -> Tensor:
        return _levels_db(self.sound, self.sample_rate)

    @cached_property
    def energy_db(self) -> float:
        """Of what is compared."""
        return _energy_db(self.sound[..., : round(_LONGEST_S * self.sample_rate)])

    def struck(self, patch: Patch, longest_s: float | None = None) -> Audio:
        """What the patch's hit is at this velocity, as long as the take."""
        samples = self.sound.shape[-1]
        if longest_s is not None:
            samples = min(samples, round(longest_s * self.sample_rate))
        return patch.hit(self.velocity).render(Placement(self.sample_rate, samples))

    def distance_db(self, sound: Audio) -> float:
        """Mean difference of mel bands over cells that are heard in either, dB."""
        target, levels = self._levels_db, _levels_db(sound, self.sample_rate)
        least = target.max() - _BELOW_DB
        heard = torch.maximum(target, levels) > least
        difference = (target.clamp(min=least) - levels.clamp(min=least)).abs()
        return float((difference * heard).sum() / heard.sum().clamp(min=1))


@dataclass(frozen=True)
class Response:
    """How a patch answers to velocity.

    Attributes:
        softest: how its macros stand in the softest hit.
        level_db: how much louder that is: below 0.
        curve: of velocity: `linear`, `soft` or `hard`.
    """

    softest: dict[str, float]
    level_db: float
    curve: str

    def of(self, patch: Patch) -> Patch:
        """The patch with these amounts of velocity."""
        return replace(patch, velocity=velocity_towards(patch, self.softest, self.level_db, self.curve))


def fit_response(patch: Patch, strikes: Sequence[Strike]) -> Response:
    """The response with which a patch's hits come nearest to takes, in the mean over the takes.

    Args:
        patch: of the hardest hit.
        strikes: takes at other velocities.
    """
    macros = patch.instrument.macros
    usual = dict(patch.instrument.softest)
    found, nearest = min(
        (_as_loud(patch, Response(usual, SOFTEST_DB, curve), strikes) for curve in CURVES), key=lambda each: each[1]
    )
    steps = {name: _FIRST_STEPS[macro.unit] for name, macro in macros.items() if macro.unit in _FIRST_STEPS}
    for _ in range(_ROUNDS):
        for name, step in steps.items():
            for signed in (step, -step):
                amount = found.softest.get(name, 0.0) + signed
                if macros[name].unit == "%" and amount <= _LEAST_PERCENT:
                    continue
                trial, distance = _as_loud(patch, replace(found, softest={**found.softest, name: amount}), strikes)
                if distance < nearest - _WORTH_DB:
                    found, nearest = trial, distance
                    break
            else:
                steps[name] = 0.5 * step
    return found


def _as_loud(patch: Patch, response: Response, strikes: Sequence[Strike]) -> tuple[Response, float]:
    """A response with the level at which hits are as loud as the takes, by least squares, and how near they then are.

    A hit's level moves by its share of the softest's: what is missing need not be rendered again, but added.
    """
    answering = response.of(patch)
    sounds = [each.struck(answering, _LONGEST_S) for each in strikes]
    curve = CURVES.index(response.curve)
    shares = [1.0 - curved_velocity(each.velocity)[curve] for each in strikes]
    missing_db = [each.energy_db - _energy_db(sound) for each, sound in zip(strikes, sounds, strict=True)]
    squares = sum(share * share for share in shares)
    more_db = sum(share * db for share, db in zip(shares, missing_db, strict=True)) / squares if squares else 0.0
    more_db = min(max(response.level_db + more_db, _LEAST_DB), _MOST_DB) - response.level_db
    found = [
        each.distance_db(sound * 10.0 ** (share * more_db / 20.0))
        for each, sound, share in zip(strikes, sounds, shares, strict=True)
    ]
    return replace(response, level_db=response.level_db + more_db), sum(found) / len(found)


def _levels_db(sound: Audio, sample_rate: int) -> Tensor:
    return mel_spectrogram_db(sound[0, 0, : round(_LONGEST_S * sample_rate)], sample_rate, floor_db=_FLOOR_DB)


def _energy_db(sound: Audio) -> float:
    return 10.0 * math.log10(float(torch.sum(sound.double() ** 2)) + _SILENT)
