"""The mixer: that of the kernels, or its formula where there are none."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backbeat.kernels.library import library
from backbeat.kernels.mixer import Mixer

_FADE_S = 0.005


def mixer(sample_rate: float, outputs: int, most_voices: int) -> Mixer | FormulaMixer:
    """A mixer of so many stereo outputs."""
    if library() is None:
        return FormulaMixer(sample_rate, outputs)
    return Mixer(sample_rate, outputs, most_voices)


def channel_gains(gain: float, pan: float) -> tuple[float, float]:
    """What the mixer multiplies left and right by: `√2 g cos θ` and `√2 g sin θ`, where `θ = π (pan + 1) / 4`."""
    angle = math.pi * (pan + 1.0) / 4.0
    return gain * math.sqrt(2.0) * math.cos(angle), gain * math.sqrt(2.0) * math.sin(angle)


def from_balance(level_db: float, pan: float) -> tuple[float, float]:
    """Level and pan of the mixer that sound as those of a sampler's pad, of which the far side alone is turned down."""
    left, right = min(1.0, 1.0 - pan), min(1.0, 1.0 + pan)
    lower_db = 10.0 * math.log10(0.5 * (left * left + right * right))
    return level_db + lower_db, 4.0 / math.pi * math.atan2(right, left) - 1.0


@dataclass
class _Voice:
    at: int
    audio: NDArray[np.float32]  # (2, frames), with gain and pan
    output: int
    choke_group: int
    end: int
    is_choked: bool = False


class FormulaMixer:
    """As `backbeat.kernels.mixer.Mixer`, in NumPy, of any number of voices.

    Args:
        sample_rate: in Hz.
        outputs: stereo pairs.
    """

    def __init__(self, sample_rate: float, outputs: int) -> None:
        self._fade, self._outputs = max(1, round(_FADE_S * sample_rate)), outputs
        self._voices: list[_Voice] = []
        self._now = 0

    def start(
        self,
        at: int,
        audio: NDArray[np.float32],
        *,
        gain: float = 1.0,
        pan: float = 0.0,
        output: int = 0,
        choke_group: int = 0,
    ) -> None:
        """Have a hit, (channels, frames), sound from a frame on."""
        for each in self._voices:
            if choke_group and each.choke_group == choke_group and each.at <= at:
                self._choke(each, at)
        gains = np.array(channel_gains(gain, pan), np.float32)[:, None]
        self._voices.append(_Voice(at, np.array(audio * gains), output, choke_group, at + audio.shape[1]))

    def _choke(self, voice: _Voice, at: int) -> None:
        start, stop = at - voice.at, min(at + self._fade, voice.end) - voice.at
        if start == 0:
            voice.end = at
        elif not voice.is_choked and stop > start:
            steps = np.arange(self._fade, self._fade - (stop - start), -1)
            voice.audio[:, start:stop] *= steps.astype(np.float32) / np.float32(self._fade)
            voice.end, voice.is_choked = voice.at + stop, True

    def process(self, frames: int) -> NDArray[np.float32]:
        """The next frames, (outputs, 2, frames)."""
        mixed = np.zeros((self._outputs, 2, frames), np.float32)
        for each in self._voices:
            first, last = max(each.at, self._now), min(each.end, self._now + frames)
            if first < last:
                mixed[each.output, :, first - self._now : last - self._now] += each.audio[
                    :, first - each.at : last - each.at
                ]
        self._now += frames
        self._voices = [each for each in self._voices if each.end > self._now]
        return mixed
