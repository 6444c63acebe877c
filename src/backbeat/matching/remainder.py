"""What a match could not reach, in words: which band, when, and by how much."""

from dataclasses import dataclass

import torch
from torch import Tensor

from backbeat.losses.spectra import mel_frequencies, mel_spectrogram_db
from backbeat.parameters.quantities import hertz_text, seconds_text
from backbeat.types import Audio

_WINDOW, _HOP, _BANDS = 1024, 256, 64
_BANDS_HZ = ((0.0, 200.0), (200.0, 1000.0), (1000.0, 5000.0), (5000.0, 24000.0))
_PARTS_S = ((0.0, 0.015), (0.015, 0.1), (0.1, 0.4), (0.4, float("inf")))
_AUDIBLE_DB = -55.0
_SILENT_DB = -120.0
_NOTED_DB = 3.0
_NOISE_DB = 8.0
_FEWEST_CELLS = 8
_MOST = 3


@dataclass(frozen=True)
class Remainder:
    """One part of the spectrogram that match and target differ in.

    Attributes:
        band_hz: from and to.
        part_s: from and to; the end may be infinite.
        level_db: mean of match less target.
        spread_db: mean of the difference's absolute value.
    """

    band_hz: tuple[float, float]
    part_s: tuple[float, float]
    level_db: float
    spread_db: float

    def __str__(self) -> str:
        low, high = self.band_hz
        band = (
            f"below {hertz_text(high)}"
            if not low
            else f"above {hertz_text(low)}"
            if high > 20_000.0
            else f"{hertz_text(low)} to {hertz_text(high)}"
        )
        start, end = self.part_s
        part = (
            f"in the first {seconds_text(end)}"
            if not start
            else f"after {seconds_text(start)}"
            if end == float("inf")
            else f"from {1e3 * start:.0f} to {1e3 * end:.0f} ms"
        )
        if abs(self.level_db) < _NOTED_DB:
            return f"{band} {part}: differs by {self.spread_db:.0f} dB from moment to moment"
        return f"{band} {part}: {abs(self.level_db):.0f} dB too {'loud' if self.level_db > 0.0 else 'quiet'}"


@torch.no_grad()
def unmatched(audio: Audio, target: Audio, sample_rate: int) -> tuple[Remainder, ...]:
    """Where a match is off, worst first: three parts at most, none where all are near.

    Mel spectrograms are compared in four bands and four parts of time, where target or match is within 55 dB of the
    target's peak. A part is off where its mean level is, by 3 dB or more, or where its cells differ by 8 dB and more
    in the mean, which is beyond what two takes of the same noise do. The worst is what most cells are off in, by most.

    Args:
        audio: of the match, (1, 1, samples).
        target: (1, 1, samples).
        sample_rate: in Hz.
    """
    pair = torch.cat([target[0], audio[0]]).double()
    levels = mel_spectrogram_db(pair, sample_rate, window=_WINDOW, hop=_HOP, bands=_BANDS, floor_db=_SILENT_DB)
    floor_db = float(levels[0].max()) + _AUDIBLE_DB
    audible = levels.amax(0) > floor_db
    t, e = levels.clamp(min=floor_db)
    centers_hz = mel_frequencies(_BANDS, sample_rate)
    times_s = torch.arange(t.shape[-1]) * (_HOP / sample_rate)
    found = []
    for band_hz in _BANDS_HZ:
        for part_s in _PARTS_S:
            cells = audible & _within(centers_hz, band_hz).unsqueeze(-1) & _within(times_s, part_s)
            difference = (e - t)[cells]
            if len(difference) < _FEWEST_CELLS:
                continue
            level_db, spread_db = float(difference.mean()), float(difference.abs().mean())
            if abs(level_db) >= _NOTED_DB or spread_db >= _NOISE_DB:
                found.append((spread_db * len(difference), Remainder(band_hz, part_s, level_db, spread_db)))
    found.sort(key=lambda weighed: -weighed[0])
    return tuple(remainder for _, remainder in found[:_MOST])


def _within(values: Tensor, limits: tuple[float, float]) -> Tensor:
    return (values >= limits[0]) & (values < limits[1])
