"""How many hits a sound holds: one, as a one-shot does, or several, as a loop does."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import max_pool1d, pad

from backbeat.losses import mel_spectrogram_db
from backbeat.types import Audio

_BANDS, _HOP_S, _WINDOW_S, _FLOOR_DB = 24, 0.005, 0.0232, -55.0
_HEARD_DB, _FEWEST = -40.0, 4
"""Bands that come so near to the loudest moment count, or at least as if there were so many."""
_BEFORE, _AFTER, _LATER = (-6, -2), (0, 2), (3, 5)
"""Frames that a rise in level is seen in: from the first to the second, and of a hit in the third too."""
_ALONE = 6
"""Frames on each side of a rise in which it is the highest."""
_HIT_DB, _STAYS_DB, _RIPPLE_DB = 4.0, 1.5, 1.5
"""Mean rise over the bands: of a hit, of what is left of it in the third, and of what may be a hit of a roll."""
_APART_S, _LAST_S = 0.07, 0.05
"""From one hit to the next (a sixteenth at 180 bpm is 83 ms, and bursts of a clap, a flam or a roll are 60 ms at most),
and from the last to the end."""
_LEVEL = 8
"""Frames in which a hit reaches its level."""
_FAINT_DB = -24.0
_TWO_APART_S = 0.14
_SURE_DB, _MANY = 8.0, 4
"""A loop has one rise as high as this beside its first hit, or so many rises."""
_OTHER_DB, _FEW = 6.0, 2
"""From here on, two hits differ in colour as two drums do; of more than a few, levels alone are asked."""
_LEAST_OTHER_DB, _ECHO_DB = -18.0, -6.0
"""Against the first: what a hit of another drum has at least, and the last of an echo at most."""


@dataclass(frozen=True)
class Hit:
    """A hit.

    Attributes:
        at: where the rise to it begins, in samples: up to 20 ms before the hit itself.
        rise_db: of all bands in the mean.
        level_db: against the loudest moment of the sound.
        colour_db: the highest level in each band within 40 ms.
    """

    at: int
    rise_db: float
    level_db: float
    colour_db: NDArray[np.float32]


@torch.no_grad()
def hits(audio: Audio, sample_rate: int, onset: int) -> list[Hit]:
    """The separate hits of (1, 1, samples), the first of which begins at the onset; a one-shot has one.

    A hit is a rise by 4 dB in the mean of 24 bands, within 30 ms, which is still seen 15 ms later, 70 ms or more after
    the last rise of any kind, and less than 24 dB below the loudest. So flams, rolls and the bursts of a clap are one.
    Several hits are a one-shot's all the same where each is softer than the one before, down to -6 dB, as those of an
    echo are; where they are two within 150 ms; and where they are less than five that rise by less than 8 dB.
    """
    hop = max(1, round(_HOP_S * sample_rate))
    window = 2 * max(1, round(0.5 * _WINDOW_S * sample_rate))
    levels = mel_spectrogram_db(audio[0, 0], sample_rate, window=window, hop=hop, bands=_BANDS, floor_db=-140.0)
    levels = (levels - levels.max()).clamp(min=_FLOOR_DB)
    before, after, later = (_highest(levels, *frames) for frames in (_BEFORE, _AFTER, _LATER))
    audible = levels.amax(-1, keepdim=True) > _HEARD_DB
    weights = audible / audible.sum().clamp(min=_FEWEST)
    rise, stays = (((each - before).clamp(min=0.0) * weights).sum(0) for each in (after, later))
    alone = (rise == _highest(rise.unsqueeze(0), -_ALONE, _ALONE)[0]) & (rise >= _RIPPLE_DB)
    power_db = (10.0 * (10.0 ** (0.1 * levels)).sum(0).log10()).numpy()

    def hit(at: int, frame: int) -> Hit:
        reached = slice(frame, frame + _LEVEL)
        return Hit(at, float(rise[frame]), float(power_db[reached].max()), levels[:, reached].amax(-1).numpy())

    # A rise is seen half a window before what it rises to.
    found, last = [hit(onset, onset // hop)], onset - window // 2
    for frame in alone.nonzero()[:, 0].tolist():
        start = frame
        while start > 0 and rise[start - 1] >= 0.5 * rise[frame]:
            start -= 1
        at = start * hop
        if at <= onset:
            continue
        is_hit = bool(rise[frame] >= _HIT_DB and stays[frame] >= _STAYS_DB)
        if is_hit and at - last >= _APART_S * sample_rate and at <= audio.shape[-1] - _LAST_S * sample_rate:
            found.append(hit(at, frame))
        last = at
    loudest_db = max(each.level_db for each in found)
    found = [each for each in found if each.level_db >= loudest_db + _FAINT_DB]
    return found if _is_loop(found, sample_rate) else found[:1]


def _is_loop(found: list[Hit], sample_rate: int) -> bool:
    first, *others = found
    if not others or (len(others) == 1 and others[0].at - first.at < _TWO_APART_S * sample_rate):
        return False
    if len(others) < _MANY and max(each.rise_db for each in others) < _SURE_DB:
        return False
    levels_db = [each.level_db - first.level_db for each in found]
    if len(others) <= _FEW and max(_difference_db(*pair) for pair in pairwise(found)) >= _OTHER_DB:
        return max(levels_db[1:]) >= _LEAST_OTHER_DB
    is_falling = all(after <= before for before, after in pairwise(levels_db))
    return not (is_falling and levels_db[-1] <= _ECHO_DB)


def _difference_db(one: Hit, other: Hit) -> float:
    """How far two hits differ in colour, whatever their levels: the mean over the bands that either is heard in."""
    audible = np.maximum(one.colour_db, other.colour_db) > _FLOOR_DB + 10.0
    difference = (one.colour_db - other.colour_db)[audible]
    return float(np.abs(difference - np.median(difference)).mean())


def _highest(levels: Tensor, first: int, last: int) -> Tensor:
    """The highest of the frames from first to last, counted from each frame of (bands, frames)."""
    frames = levels.shape[-1]
    padded = pad(levels, (max(0, -first), max(0, last)), value=_FLOOR_DB)
    pooled = max_pool1d(padded.unsqueeze(0), last - first + 1, 1)[0]
    return pooled[:, max(0, first) :][:, :frames]
