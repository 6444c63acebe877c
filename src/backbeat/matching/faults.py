"""What a detail may spoil: knobs that no longer do what they say, and a sound that goes on where its sample ends."""

from collections.abc import Container
from itertools import combinations
from statistics import median

from backbeat.matching.analysis import measure_noise
from backbeat.matching.judgement import judge_bounded, judge_true
from backbeat.matching.judgement.alive import HIGH_PASS_HZ, SAME, likeness
from backbeat.matching.judgement.heard import Heard
from backbeat.matching.judgement.measures import high_passed
from backbeat.patch import Patch, Placement, with_seed
from backbeat.types import Audio

_HITS = 3
_NOISE = 0.2
"""Share of the energy above 2 kHz, from which on a target has noise there."""
_SPOILED = ("length", "sweep", "snap", "brightness", "noise", "drive")
"""Knobs that tones and noise beside a voice may make false."""


def false_turns(patch: Patch, knobs: Container[str] = _SPOILED) -> int:
    """How many turns of a patch's knobs are false; `tune` is not among them, since it moves a detail exactly."""
    return sum(each.holds is False for each in judge_true(patch, _where(patch), knobs))


def is_sweep_false(patch: Patch) -> bool:
    """Whether the pitch of a patch does not settle where its sweep is turned off."""
    return false_turns(patch, ("sweep",)) > 0


def is_hiss(target: Audio, sample_rate: int) -> bool:
    """Whether a target, (1, 1, samples), has noise above 2 kHz."""
    high = high_passed(target[0, 0].double(), sample_rate, HIGH_PASS_HZ)
    return measure_noise(high.numpy(), sample_rate).share >= _NOISE


def is_frozen(patch: Patch) -> bool:
    """Whether all hits of a patch are alike above 2 kHz."""
    where = _where(patch)
    waves = [with_seed(patch, step).render(where)[0, 0].double() for step in range(_HITS)]
    return median(likeness(one, other, where.sample_rate) for one, other in combinations(waves, 2)) >= SAME


def is_bounded(patch: Patch, target: Audio) -> bool:
    """Whether a patch ends where its target, (1, 1, samples), ends; not asked where that is a part of the sample."""
    where = _where(patch)
    if where.samples - where.onset_samples > target.shape[-1]:
        return True
    return judge_bounded(Heard(patch, where).sound, target[0, 0].double(), where.sample_rate).holds


def _where(patch: Patch) -> Placement:
    """Where its sample lies: every match has it."""
    assert patch.placement is not None
    return patch.placement
