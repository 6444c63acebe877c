"""Whether what was noise is noise: another seed is another hit, and as near."""

import statistics
from dataclasses import dataclass

from backbeat.losses.distances import distances
from backbeat.matching.judgement.measures import Sound, correlation, high_passed
from backbeat.patch import Patch, Placement, with_seed
from backbeat.types import Audio

HIGH_PASS_HZ = 2000.0
"""Only above this are hits compared."""
_SEEDS = 5
SAME = 0.5
"""Correlation from which on two hits are one."""
_FARTHER = 1.1


@dataclass(frozen=True)
class Alive:
    """How other seeds of a patch sound beside its own.

    Attributes:
        correlation: of the waves above 2 kHz, median over five other seeds.
        mel_ratio: mel distance to the target over that of its own seed, median over the same.
        holds: whether the waves correlate by less than 0.5 and the others are as near, within 10 %.
    """

    correlation: float
    mel_ratio: float
    holds: bool


def judge_alive(patch: Patch, target: Audio, where: Placement, lead_in: int = 0) -> Alive:
    """Render a patch with five other seeds.

    Args:
        patch: the voice.
        target: the one-shot, (1, 1, samples).
        where: its rate, length and onset.
        lead_in: samples before the hit that are not compared.
    """
    rate = where.sample_rate
    sounds = [with_seed(patch, step).render(where)[..., lead_in:] for step in range(_SEEDS + 1)]
    own, *others = (distances(sound, target[..., lead_in:], rate).mel_db for sound in sounds)
    waves = [sound[0, 0].double() for sound in sounds]
    alike = statistics.median(likeness(waves[0], other, rate) for other in waves[1:])
    ratio = statistics.median(others) / max(own, 1e-9)
    return Alive(alike, ratio, alike < SAME and ratio <= _FARTHER)


def likeness(first: Sound, second: Sound, sample_rate: int) -> float:
    """Correlation of two waves above 2 kHz; 1 where one of them has nothing there."""
    one, other = (high_passed(sound, sample_rate, HIGH_PASS_HZ) for sound in (first, second))
    return correlation(one, other) if bool(one.any()) and bool(other.any()) else 1.0
