"""What a detail may spoil: knobs that no longer do what they say, and a sound that goes on where its sample ends."""

from itertools import combinations
from statistics import median

from backbeat.matching.analysis import measure_noise
from backbeat.matching.judgement import judge_bounded, judge_true
from backbeat.matching.judgement.alive import HIGH_PASS_HZ, SAME, likeness
from backbeat.matching.judgement.heard import Heard, with_seed
from backbeat.matching.judgement.measures import high_passed
from backbeat.patch import Patch
from backbeat.types import Audio

_HITS = 3
_NOISE = 0.2
"""Share of the energy, above 2 kHz, of a target that is noise there."""
_SPOILED = ("length", "sweep", "snap", "brightness", "noise", "drive")
"""Knobs that tones and noise beside a voice may make false."""


def false_turns(patch: Patch) -> int:
    """How many turns of a patch's knobs are false, `tune` aside, which moves a detail exactly."""
    assert patch.placement is not None
    return sum(each.holds is False for each in judge_true(patch, patch.placement, _SPOILED))


def is_sweep_false(patch: Patch) -> bool:
    """Whether the pitch of a patch does not settle where its sweep is turned off."""
    assert patch.placement is not None
    return any(each.holds is False for each in judge_true(patch, patch.placement, ("sweep",)))


def is_frozen(patch: Patch, target: Audio) -> bool:
    """Whether one hit of a patch is the other above 2 kHz, where its target, (1, 1, samples), is noise."""
    where = patch.placement
    assert where is not None
    high = high_passed(target[0, 0].double(), where.sample_rate, HIGH_PASS_HZ)
    if measure_noise(high.numpy(), where.sample_rate).share < _NOISE:
        return False
    waves = [with_seed(patch, step).render(where)[0, 0].double() for step in range(_HITS)]
    return median(likeness(one, other, where.sample_rate) for one, other in combinations(waves, 2)) >= SAME


def is_bounded(patch: Patch, target: Audio) -> bool:
    """Whether a patch ends where its target, (1, 1, samples), ends; not asked where that is a part of the sample."""
    where = patch.placement
    assert where is not None
    if where.samples - where.onset_samples > target.shape[-1]:
        return True
    return judge_bounded(Heard(patch, where).sound, target[0, 0].double(), where.sample_rate).holds
