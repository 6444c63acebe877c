"""What a match is worth to who turns it: whether it ends where its sample ends, and whether `length` does what it says.

Matches are rendered to three times the length of their samples.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from backbeat import MatchResult, Patch, Placement
from backbeat.losses.envelope import block_power, block_samples
from backbeat.patch import turn

_BLOCK_S = 0.01
_LAST_BLOCKS = 2
_INAUDIBLE_DB = -60.0
_LOUDER_DB = 3.0
_AFTER_DB = -30.0
_CUT_DB = -40.0
"""A sample whose last blocks are louder than this, beside its loudest, was cut while it sounds."""
_SLOWER = 0.5
"""A sound that is to fall on as a cut sample fell falls at least at this share of its speed."""
_LENGTHS_PERCENT = (50.0, -100.0 / 3.0)
_FROM_DB, _TO_DB, _AFTER_PEAK_S = -5.0, -25.0, 0.01
_OFF = 0.12


@dataclass(frozen=True)
class Judgement:
    """How a match goes on after its sample, and how its length turns.

    Attributes:
        swell_db: its loudest block after the end against the loudest of the sample's last 20 ms; what lies 60 dB below
            the sample's loudest block counts as if it lay there.
        after_db: energy after the end against the energy before.
        is_bounded: whether it ends as it should: no block is more than 3 dB louder, and the energy after the end is 30
            dB below that before or, where the sample was cut while it sounds, the sound falls on.
        true_lengths: of `length` +50 % and -33 %, the share that changes the time between -5 and -25 dB of the
            backward-integrated energy by that factor, within 12 %.
    """

    swell_db: float
    after_db: float
    is_bounded: bool
    true_lengths: float


def judge(result: MatchResult) -> Judgement:
    """Render a match on, as it is and with its length turned."""
    where = result.patch.placement
    assert where is not None
    end, rate = where.samples, where.sample_rate
    sound = _rendered(result.patch, where)
    block = block_samples(_BLOCK_S, rate)
    sample = result.target[0, 0].double()
    of_sample = _level_db(sample[end % block :], block)  # whole blocks, up to the end
    reference_db = float(of_sample.max())
    after = _level_db(sound[end:], block) - reference_db
    of_sample = of_sample - reference_db
    end_db = max(float(of_sample[-_LAST_BLOCKS:].max()), _INAUDIBLE_DB)
    swell_db = max(float(after.max()), _INAUDIBLE_DB) - end_db
    energy = sound.square()
    after_db = 10.0 * math.log10(float(energy[end:].sum()) / float(energy[:end].sum()) + 1e-20)
    falls = after_db < _AFTER_DB
    if not falls and end_db > _CUT_DB:
        falls = _fall(after) >= _SLOWER * max(_fall(of_sample[-max(6, len(of_sample) // 3) :]), 0.0)

    plain_s = _fall_s(sound, rate)
    true = 0
    for percent in _LENGTHS_PERCENT:
        turned_s = _fall_s(_rendered(turn(result.patch, "length", percent), where), rate)
        true += abs(turned_s / plain_s / (1.0 + percent / 100.0) - 1.0) <= _OFF
    return Judgement(swell_db, after_db, swell_db <= _LOUDER_DB and falls, true / len(_LENGTHS_PERCENT))


def _rendered(patch: Patch, where: Placement) -> Tensor:
    longer = Placement(where.sample_rate, 3 * where.samples, where.onset_samples)
    return patch.render(longer)[0, 0].double()


def _level_db(signal: Tensor, block: int) -> Tensor:
    return 10.0 * (block_power(signal, block) + 1e-20).log10()


def _fall(level_db: Tensor) -> float:
    """How fast levels fall while they are audible, dB per second."""
    audible = level_db[level_db > _INAUDIBLE_DB]
    if len(audible) < 2:
        return math.inf
    t = _BLOCK_S * torch.arange(len(audible), dtype=torch.float64)
    t = t - t.mean()
    return -float((t * audible).sum() / t.square().sum())


def _fall_s(sound: Tensor, sample_rate: int) -> float:
    """Seconds between -5 and -25 dB of the backward-integrated energy, from 10 ms after the peak on."""
    begin = int(sound.abs().argmax()) + round(_AFTER_PEAK_S * sample_rate)
    left = sound[begin:].square().flip(0).cumsum(0).flip(0)
    if not len(left) or float(left[0]) == 0.0:
        return 1e-9
    level_db = 10.0 * (left / left[0] + 1e-20).log10()
    first, last = (int((level_db < limit_db).int().argmax()) for limit_db in (_FROM_DB, _TO_DB))
    return max(last - first, 1) / sample_rate
