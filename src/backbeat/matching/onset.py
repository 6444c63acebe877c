"""Where a sound begins: at its hit, past the noise of a room, a tape or a switch that was recorded before it."""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn.functional import max_pool1d, pad

from backbeat.types import Audio

_BEGUN = 0.01
_EARLY_S = 0.0005
_BLOCK_S = 0.001
_LASTING = 4
"""Blocks that a sound lasts, and a click does not."""
_CLICK_DB = 12.0
"""What a click has above whatever lasts beside it."""
_HIT_DB = -6.0
"""From here up to the peak nothing is a click: a short sound is all hit."""
_RISE_DB, _RISE, _NEAR_DB = 9.0, 15, -10.0
"""A hit rises so far above all that was before it, within so many blocks, and comes so near to the peak."""
_SHORTEST, _SHORT = 19, 70
"""Blocks of a lead-in: less is part of the attack, and up to the second, a grace note is more likely."""
_QUIET_DB, _GRACE_DB = -8.0, -14.0
"""The highest blocks of a lead-in, at most; noise at -20 dB has such peaks."""
_STEADY_DB, _STEADIER_DB, _LOUD_DB = 6.0, 3.5, -20.0
"""How far the two halves of a lead-in may differ in level, and of one that is loud."""
_CREST_DB = 11.0
"""What the highest block of a lead-in has above their mean, at most."""
_RAMP = 20
"""Blocks before the steepest rise in which the hit may already have begun."""
_ABOVE = 1.5
"""What has begun is so many times as high as the lead-in."""
_INAUDIBLE = 1e-3
_NOISE_DB, _SHORTEST_NOISE_S = -70.0, 0.01

Levels = Float[Tensor, "batch blocks"]


@torch.no_grad()
def onsets(audio: Audio, sample_rate: int) -> Int64[Tensor, " batch"]:
    """Samples before each of (batch, 1, samples) begins: half a millisecond before it reaches 1 % of its peak.

    A lead-in and clicks of up to 3 ms are passed over. A lead-in is what lies before a hit, 19 ms or longer, steady in
    level, and 20 dB or more below the hit's peak in its mean (below 70 ms, in its own peak). A hit is the last rise by
    9 dB, within 15 ms, above all that lies before it, up to 10 dB below the peak. So a crescendo has none, and begins
    where it is first heard.
    """
    wave = audio[:, 0].abs()
    wave = wave / wave.amax(-1, keepdim=True).clamp(min=torch.finfo(wave.dtype).tiny)
    block = max(1, round(_BLOCK_S * sample_rate))
    peaks = pad(wave, (0, -wave.shape[-1] % block)).reshape(len(wave), -1, block).amax(-1)
    lasting = torch.where(peaks > _gain(_HIT_DB), peaks, _lasting(peaks))
    lasting_peaks = torch.where(peaks > _gain(_CLICK_DB) * lasting, lasting, peaks)

    first, threshold = _first(lasting_peaks > _BEGUN), torch.full_like(peaks[:, :1], _BEGUN)
    hit, above, is_hit = _hit(peaks, lasting, _first(lasting_peaks > _INAUDIBLE))
    first, threshold = torch.where(is_hit, hit, first), torch.where(is_hit, above.clamp(min=_BEGUN), threshold)
    begun = (wave > threshold) & (torch.arange(wave.shape[-1], device=wave.device) >= first * block)
    return (_first(begun)[:, 0] - round(_EARLY_S * sample_rate)).clamp(min=0)


def lead_in_db(audio: Audio, onset: int, sample_rate: int) -> float | None:
    """The peak of the noise before the onset of (1, 1, samples), in dB of the sound's; none where that is silence."""
    before = float(audio[..., :onset].abs().max()) if onset >= _SHORTEST_NOISE_S * sample_rate else 0.0
    if before == 0.0:
        return None
    level_db = 20.0 * math.log10(before / float(audio.abs().max()))
    return level_db if level_db > _NOISE_DB else None


def _hit(peaks: Levels, lasting: Levels, start: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The block that the hit after a lead-in begins in, what it rises above, and whether there is one, (batch, 1).

    Args:
        peaks: of each block.
        lasting: the same without clicks.
        start: the first block in which anything is heard, (batch, 1).
    """
    at = torch.arange(peaks.shape[-1], device=peaks.device)
    before = pad(lasting.cummax(-1).values, (1, 0))[:, :-1]
    ahead = max_pool1d(pad(peaks, (0, _RISE - 1)).unsqueeze(1), _RISE, 1)[:, 0]
    highest = pad(peaks.cummax(-1).values, (1, 0))[:, :-1]
    is_quiet = (before <= _gain(_QUIET_DB)) & ((at - start >= _SHORT) | (highest <= _gain(_GRACE_DB)))
    rises = (ahead >= _gain(_RISE_DB) * before) & (ahead >= _gain(_NEAR_DB)) & is_quiet
    rises &= (at - start >= _SHORTEST) & _is_steady(lasting, before, start, at)
    edge = torch.where(rises, at, -1).amax(-1, keepdim=True)
    quiet = torch.maximum(edge - _RAMP, torch.minimum(start + _SHORTEST - 2, edge)).clamp(min=0)
    above = _ABOVE * before.gather(-1, quiet)
    hit = _first((at >= quiet) & (lasting > above.clamp(min=_BEGUN)))
    return hit, above, (edge >= 0) & (hit - start >= _SHORTEST)


def _is_steady(lasting: Levels, before: Levels, start: Tensor, at: Tensor) -> Tensor:
    """Whether the two halves of what lies between the start and each block have much the same power."""
    power = pad((lasting.square() + (0.1 * _INAUDIBLE) ** 2).cumsum(-1), (1, 0))
    half = torch.minimum((start + at) // 2, at)
    at_start, at_half = power.gather(-1, start), power.gather(-1, half)
    early = (at_half - at_start) / (half - start).clamp(min=1)
    late = (power[:, :-1] - at_half) / (at - half).clamp(min=1)
    apart_db = 10.0 * (early.clamp(min=1e-12) / late.clamp(min=1e-12)).log10().abs()
    is_even = (
        before <= _gain(_CREST_DB) * ((power[:, :-1] - at_start) / (at - start).clamp(min=1)).clamp(min=0.0).sqrt()
    )
    return is_even & (apart_db < torch.where(before > _gain(_LOUD_DB), _STEADIER_DB, _STEADY_DB))


def _lasting(peaks: Levels) -> Levels:
    """The level that each block shares with some run of neighbours that a click is too short for."""
    least = -max_pool1d(pad(-peaks, (_LASTING - 1, 0)).unsqueeze(1), _LASTING, 1)
    return max_pool1d(pad(least, (0, _LASTING - 1)), _LASTING, 1)[:, 0]


def _first(where: Tensor) -> Tensor:
    """The first place along the last axis where something holds, (batch, 1); 0 where nowhere."""
    return where.int().argmax(-1, keepdim=True)


def _gain(level_db: float) -> float:
    return 10.0 ** (level_db / 20.0)
