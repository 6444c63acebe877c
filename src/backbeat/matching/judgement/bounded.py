"""Whether a match ends where its sample ends."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from backbeat.losses.envelope import block_power, block_samples
from backbeat.matching.judgement.measures import Sound

_TINY = 1e-20
_BLOCK_S = 0.01
_LAST_BLOCKS = 2
_INAUDIBLE_DB = -60.0
_LOUDER_DB = 3.0
_AFTER_DB = -30.0
_CUT_DB = -40.0
"""A sample whose last blocks are louder than this, beside its loudest, was cut while it sounds."""
_SLOWER = 0.5
"""A sound that is to fall on as a cut sample fell falls at least at this share of its speed."""
_FALL_BLOCKS = 6


@dataclass(frozen=True)
class Bounded:
    """How a sound goes on after its sample's end.

    Attributes:
        swell_db: its loudest block of 10 ms after the end against the loudest of the sample's last 20 ms; what lies 60
            dB below the sample's loudest block counts as if it lay there.
        after_db: energy after the end against the energy before.
        holds: whether no block is more than 3 dB louder, and the energy after the end is 30 dB below that before or,
            where the sample was cut while it sounds, the sound falls on.
    """

    swell_db: float
    after_db: float
    holds: bool


def judge_bounded(sound: Sound, sample: Sound, sample_rate: int) -> Bounded:
    """Listen to what a sound does past the end of its sample.

    A sample was cut where the louder of its last two blocks is above -40 dB of its loudest. Then the sound is to fall,
    while it is audible, at half the speed at least at which the last third of the sample fell.

    Args:
        sound: longer than the sample, and in step with it.
        sample: the one-shot.
        sample_rate: in Hz.
    """
    end, block = len(sample), block_samples(_BLOCK_S, sample_rate)
    of_sample = _block_db(sample[end % block :], block)  # whole blocks, up to the end
    reference_db = float(of_sample.max())
    of_sample, after = of_sample - reference_db, _block_db(sound[end:], block) - reference_db
    end_db = max(float(of_sample[-_LAST_BLOCKS:].max()), _INAUDIBLE_DB)
    swell_db = max(float(after.max()), _INAUDIBLE_DB) - end_db
    after_db = energy_after_db(sound, end)
    falls = after_db < _AFTER_DB
    if not falls and end_db > _CUT_DB:
        fell = _fall_db_per_s(of_sample[-max(_FALL_BLOCKS, len(of_sample) // 3) :])
        falls = _fall_db_per_s(after) >= _SLOWER * max(fell, 0.0)
    return Bounded(swell_db, after_db, swell_db <= _LOUDER_DB and falls)


def energy_after_db(sound: Sound, end: int) -> float:
    """Energy from a sample on against the energy before it; -200 dB where all is silent."""
    energy = sound.square()
    return 10.0 * math.log10(float(energy[end:].sum()) / max(float(energy[:end].sum()), _TINY) + _TINY)


def _block_db(signal: Tensor, block: int) -> Tensor:
    return 10.0 * (block_power(signal, block) + _TINY).log10()


def _fall_db_per_s(level_db: Tensor) -> float:
    """How fast levels fall while they are audible: the negative of a straight line's gradient."""
    audible = level_db[level_db > _INAUDIBLE_DB]
    if len(audible) < 2:
        return math.inf
    t = _BLOCK_S * torch.arange(len(audible), dtype=audible.dtype)
    t = t - t.mean()
    return -float((t * audible).sum() / t.square().sum())
