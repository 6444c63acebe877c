"""What happens to a sound on its way to a file: level, onset, equalisation, room, noise."""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Int64
from torch import Tensor

from backbeat import dsp
from backbeat.datasets.draws import uniform
from backbeat.dsp import Grid
from backbeat.dsp.fourier import fast_length, irfft, product, rfft
from backbeat.dsp.iir import high_shelf, iir, low_shelf
from backbeat.dsp.iir import peak as peaking
from backbeat.types import Audio, Control, Mono

_DRAWS, _FIRST_NOISE = 4, 8
_ROOM_S = 0.25
_SHORTEST_S = 0.05


@dataclass(frozen=True)
class Augmentation:
    """Changes to sounds that leave their patches what they are; each item's are a function of its index.

    A sound is driven into a soft clipper, equalised by a low shelf, a peak and a high shelf, sounds in a room (noise
    that decays exponentially, as its late reverberation does), is faded out early, moves later, gets noise below it and
    a level. An extent or a share of 0 leaves that change out.

    Attributes:
        gain_db: level, within ± so many dB.
        onset_s: silence before the sound, up to so many seconds.
        noise_db: level of white noise against the sound's peak, from so many dB down to 40 dB below; none is no noise.
        equaliser_db: gain of each of the three filters, within ± so many dB.
        room_db: level of the room against the sound, from so many dB down to 30 dB below; none is no room.
        room_share: share of the sounds that are in a room.
        drive_db: peak of what goes into the clipper, `tanh`, up to so many dB.
        drive_share: share of the sounds that are driven.
        fade_share: share of the sounds that are faded out early, within 50 ms to their whole length.
    """

    gain_db: float = 12.0
    onset_s: float = 0.005
    noise_db: float | None = -40.0
    equaliser_db: float = 3.0
    room_db: float | None = -20.0
    room_share: float = 1.0
    drive_db: float = 6.0
    drive_share: float = 0.0
    fade_share: float = 0.0

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
        draws = iter(uniform(indices, seed, _DRAWS, 16).to(audio.dtype).unsqueeze(-1).unbind(1))
        sound: Mono = audio[:, 0]
        corners_hz = (60.0 * 5.0 ** next(draws), 300.0 * 10.0 ** next(draws), 3000.0 * 4.0 ** next(draws))
        gains_db = tuple(self.equaliser_db * (2.0 * next(draws) - 1.0) for _ in corners_hz)
        depth, length, late, noise, level = (next(draws) for _ in range(5))
        in_room, is_driven, drive, is_faded, end = draws
        rows = _chosen(is_driven, self.drive_share)
        sound = sound.index_copy(0, rows, _driven(sound[rows], dsp.db_to_gain(self.drive_db * drive[rows])))
        if self.equaliser_db:
            low, middle, high = zip(corners_hz, gains_db, strict=True)
            sound = iir(sound, low_shelf(grid, *low), peaking(grid, *middle, 1.0), high_shelf(grid, *high))
        rows = _chosen(in_room, self.room_share)
        if self.room_db is not None and len(rows):
            gain = dsp.db_to_gain(self.room_db - 30.0 * depth[rows])
            inside = replace(grid, seeds=grid.seeds[rows])
            sound = sound.index_add(0, rows, gain * _room(inside, sound[rows], 0.05 + 0.4 * length[rows], seed))
        rows = _chosen(is_faded, self.fade_share)
        end_s = _SHORTEST_S * (audio.shape[-1] / (_SHORTEST_S * sample_rate)) ** end[rows]
        sound = sound.index_copy(0, rows, sound[rows] * _fade(grid, end_s))
        if self.onset_s:
            sound = _delayed(sound, (late * self.onset_s * sample_rate).round().long())
        if self.noise_db is not None:
            peak = sound.abs().amax(-1, keepdim=True)
            sound = sound + peak * dsp.db_to_gain(self.noise_db - 40.0 * noise) * _noise(grid, seed, 0)
        return (sound * dsp.db_to_gain(self.gain_db * (2.0 * level - 1.0))).unsqueeze(1)


def _chosen(draws: Control, share: float) -> Int64[Tensor, " rows"]:
    """Which items a change is made to."""
    return (draws[:, 0] < share).nonzero()[:, 0]


def _driven(sound: Mono, drive: Control) -> Mono:
    """`p tanh(d x / p) / tanh(d)` of a sound x with the peak p."""
    peak = sound.abs().amax(-1, keepdim=True).clamp(min=torch.finfo(sound.dtype).tiny)
    return torch.tanh(sound * (drive / peak)) * (peak / torch.tanh(drive))


def _fade(grid: Grid, end_s: Control) -> Mono:
    """One, and from three quarters of a time on along a half cosine to zero there, (batch, samples)."""
    at = torch.arange(grid.samples, device=end_s.device) / (grid.sample_rate * end_s)
    return 0.5 + 0.5 * torch.cos(torch.pi * ((at - 0.75) / 0.25).clamp(0.0, 1.0))


def _noise(grid: Grid, seed: int, stream: int) -> Mono:
    return dsp.noise(grid, stream=16 * seed + _FIRST_NOISE + stream)


def _room(grid: Grid, sound: Mono, t60_s: Control, seed: int) -> Mono:
    """The sound in a room that rings for so long, (batch, samples), as loud as the sound in free air."""
    head = replace(grid, samples=min(grid.samples, math.ceil(_ROOM_S * grid.sample_rate)))
    response = _noise(head, seed, 1) * dsp.decay(head, t60_s)
    response = response / response.square().sum(-1, keepdim=True).sqrt()
    length = fast_length(grid.samples + head.samples - 1)
    return irfft(product(rfft(sound, length), rfft(response, length)), length)[..., : grid.samples]


def _delayed(sound: Mono, samples: Int64[Tensor, "batch 1"]) -> Mono:
    """Each sound so many samples later, silence before it."""
    source = torch.arange(sound.shape[-1], device=sound.device) - samples
    return torch.where(source >= 0, sound.gather(-1, source.clamp(min=0)), torch.zeros_like(sound))
