"""What a detail may spoil: knobs that no longer do what they say, and a sound that goes on where its sample ends."""

from backbeat.matching.judgement import judge_bounded, judge_true
from backbeat.matching.judgement.heard import Heard
from backbeat.patch import Patch
from backbeat.types import Audio

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


def is_bounded(patch: Patch, target: Audio) -> bool:
    """Whether a patch ends where its target, (1, 1, samples), ends; not asked where that is a part of the sample."""
    where = patch.placement
    assert where is not None
    if where.samples - where.onset_samples > target.shape[-1]:
        return True
    return judge_bounded(Heard(patch, where).sound, target[0, 0].double(), where.sample_rate).holds
