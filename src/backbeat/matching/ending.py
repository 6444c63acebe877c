"""How a sound goes on after the part that a search compares in detail: a long tail, and what follows the sample's end.

Tones a few hertz apart can cancel where a sample is silent, and swell up again after its last sample. So a search also
listens past the end: there, a sound may fall on as the sample fell, and not be louder than that.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from backbeat.losses.envelope import block_power, block_samples
from backbeat.losses.levels import level_difference, level_target, peak_power
from backbeat.losses.spectra import Resolution, mel_filterbank, power_spectrogram
from backbeat.types import Audio, Mono

_BLOCK_S = 0.01
_INAUDIBLE_DB = -60.0
"""Below the sample's loudest block."""
_SHORTEST_S, _LONGEST_S = 0.25, 2.0
"""How long a search listens past the end: as long as the sample, within these."""
_LAST_BLOCKS = 2
"""Whose loudest is the level at the end."""
_FALL_SHARE, _FALL_BLOCKS = 0.3, (6, 60)
"""The last part of a sample, as a share and in blocks, from which its fall is measured."""
_SLOWEST_DB_PER_S, _UNKNOWN_DB_PER_S = 6.0, 60.0
"""What falls more slowly than the first, or rises, was cut before it fell: it is to fall as fast as the second."""
_TAIL, _TAIL_DB = Resolution(4096, 4096, 4096, mel_bands=24), -40.0
"""Coarse: some 90 ms and 24 bands, down to so far below the loudest of them."""
_TAIL_WEIGHT, _AFTER_WEIGHT = 2.0, 0.5


class Ending:
    """How differently from a one-shot a sound goes on.

    Of the tail, `mean |L(t) - L(e)|` over mel bands and frames of 4,096 samples, where either is audible, with L in
    nepers. After the end, `mean max(0, L(e) - L(limit))` over blocks of 10 ms, where the limit starts from the sample's
    level there and falls on as the sample fell, down to 60 dB below its loudest block.

    Args:
        target: the whole one-shot from its onset on, (1, 1, samples).
        sample_rate: in Hz.
        compared: samples that are compared in detail; the tail begins there.
    """

    def __init__(self, target: Audio, sample_rate: int, compared: int) -> None:
        signal = target[0]
        self._end, self._compared, self._rate = target.shape[-1], compared, sample_rate
        after_s = min(max(self._end / sample_rate, _SHORTEST_S), _LONGEST_S)
        self._block = block_samples(_BLOCK_S, sample_rate)
        blocks = math.ceil(after_s / _BLOCK_S)
        self.samples = self._end + blocks * self._block
        """How long a sound has to be for `__call__`."""
        self._tail = None
        if self._end - compared >= _TAIL.window:
            self._tail = level_target(self._bands(signal[:, compared:]), floor_db=_TAIL_DB)
        power = block_power(signal, self._block)
        self._reference = peak_power(power)
        end_db, fall_db_per_s = _end_of(10.0 * (power / self._reference)[0].clamp(min=1e-20).log10())
        falling_db = end_db - fall_db_per_s * _BLOCK_S * (1.0 + torch.arange(blocks, device=signal.device))
        self._floor = 10.0 ** (_INAUDIBLE_DB / 10.0)
        self._limit = self._level(10.0 ** (falling_db.to(signal) / 10.0))

    def __call__(self, sound: Audio) -> Float[Tensor, " batch"]:
        """Nepers, weighted, by which sounds (batch, 1, samples) go on otherwise; 0 where they do as they should."""
        signal = sound[:, 0]
        after = block_power(signal[:, self._end : self.samples], self._block) / self._reference
        loss = _AFTER_WEIGHT * (self._level(after) - self._limit).clamp(min=0.0).mean(-1)
        if self._tail is None:
            return loss
        return loss + _TAIL_WEIGHT * level_difference(self._tail, self._bands(signal[:, self._compared : self._end]))

    def _level(self, ratio: Tensor) -> Tensor:
        return 0.5 * (ratio + self._floor).log()

    def _bands(self, signal: Mono) -> Tensor:
        bank = mel_filterbank(_TAIL.mel_bands, _TAIL.fft, self._rate, signal.device, signal.dtype)
        return power_spectrogram(signal, _TAIL, padding="none") @ bank


def _end_of(level_db: Float[Tensor, " blocks"]) -> tuple[float, float]:
    """Level at the end of a sample, and how fast it fell there in dB per second, of the levels of its blocks."""
    end_db = float(level_db[-_LAST_BLOCKS:].max())
    fewest, most = _FALL_BLOCKS
    last = level_db[-min(max(round(_FALL_SHARE * len(level_db)), fewest), most) :].clamp(min=_INAUDIBLE_DB)
    t = _BLOCK_S * torch.arange(len(last), device=last.device, dtype=last.dtype)
    t = t - t.mean()
    fall = -float((t * last).sum() / t.square().sum().clamp(min=1e-12))
    return end_db, fall if fall > _SLOWEST_DB_PER_S else _UNKNOWN_DB_PER_S
