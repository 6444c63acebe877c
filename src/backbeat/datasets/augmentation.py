"""What happens to a sound on its way to a file: level, onset, equalisation, room, noise."""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Int64
from torch import Tensor

from backbeat import dsp
from backbeat.datasets.draws import uniform
from backbeat.dsp import Grid
from backbeat.dsp.convolution import convolve
from backbeat.dsp.iir import high_shelf, iir, low_shelf
from backbeat.dsp.iir import peak as peaking
from backbeat.types import Audio, Control, Mono

_DRAWS, _FIRST_NOISE = 4, 8
_ROOM_S = 0.25


@dataclass(frozen=True)
class Augmentation:
    """Changes to sounds that leave their patches what they are; each item's are a function of its index.

    A sound is equalised by a low shelf, a peak and a high shelf, sounds in a room (noise that decays exponentially, as
    its late reverberation does), moves later, gets noise below it and a level. An extent of 0 leaves that change out.

    Attributes:
        gain_db: level, within ± so many dB.
        onset_s: silence before the sound, up to so many seconds.
        noise_db: level of white noise against the sound's peak, from so many dB down to 40 dB below; none is no noise.
        equaliser_db: gain of each of the three filters, within ± so many dB.
        room_db: level of the room against the sound, from so many dB down to 30 dB below; none is no room.
    """

    gain_db: float = 12.0
    onset_s: float = 0.005
    noise_db: float | None = -40.0
    equaliser_db: float = 3.0
    room_db: float | None = -20.0

    def __call__(self, audio: Audio, indices: Int64[Tensor, " batch"], sample_rate: int, seed: int = 0) -> Audio:
        """Change sounds.

        Args:
            audio: (batch, 1, samples).
            indices: of the items, (batch,).
            sample_rate: in Hz.
            seed: of the dataset.

        Returns:
            (batch, 1, samples).
        """
        grid = Grid(sample_rate, audio.shape[-1], indices.to(torch.int32), audio.dtype)
        draws = iter(uniform(indices, seed, _DRAWS, 12).to(audio.dtype).unsqueeze(-1).unbind(1))
        sound: Mono = audio[:, 0]
        corners_hz = (60.0 * 5.0 ** next(draws), 300.0 * 10.0 ** next(draws), 3000.0 * 4.0 ** next(draws))
        gains_db = tuple(self.equaliser_db * (2.0 * next(draws) - 1.0) for _ in corners_hz)
        if self.equaliser_db:
            low, middle, high = zip(corners_hz, gains_db, strict=True)
            sound = iir(sound, low_shelf(grid, *low), peaking(grid, *middle, 1.0), high_shelf(grid, *high))
        depth, length = next(draws), next(draws)
        if self.room_db is not None:
            sound = sound + dsp.db_to_gain(self.room_db - 30.0 * depth) * _room(grid, sound, 0.05 + 0.4 * length, seed)
        late = next(draws)
        if self.onset_s:
            sound = _delayed(sound, (late * self.onset_s * sample_rate).round().long())
        depth = next(draws)
        if self.noise_db is not None:
            peak = sound.abs().amax(-1, keepdim=True)
            sound = sound + peak * dsp.db_to_gain(self.noise_db - 40.0 * depth) * _noise(grid, seed, 0)
        return (sound * dsp.db_to_gain(self.gain_db * (2.0 * next(draws) - 1.0))).unsqueeze(1)


def _noise(grid: Grid, seed: int, stream: int) -> Mono:
    return dsp.noise(grid, stream=16 * seed + _FIRST_NOISE + stream)


def _room(grid: Grid, sound: Mono, t60_s: Control, seed: int) -> Mono:
    """The sound in a room that rings for so long, (batch, samples), as loud as the sound in free air."""
    head = replace(grid, samples=min(grid.samples, math.ceil(_ROOM_S * grid.sample_rate)))
    response = _noise(head, seed, 1) * dsp.decay(head, t60_s)
    response = response / response.square().sum(-1, keepdim=True).sqrt()
    return convolve(sound, response)


def _delayed(sound: Mono, samples: Int64[Tensor, "batch 1"]) -> Mono:
    """Each sound so many samples later, silence before it."""
    source = torch.arange(sound.shape[-1], device=sound.device) - samples
    return torch.where(source >= 0, sound.gather(-1, source.clamp(min=0)), torch.zeros_like(sound))
