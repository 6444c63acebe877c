"""Sounds at the size of a stamp, for pages of many."""

import numpy as np
from numpy.typing import NDArray

from backbeat.matching.result import MatchResult
from backbeat.report import panels
from backbeat.report.colours import CIVIDIS, coloured
from backbeat.report.figure import compared, png

WIDTH, HEIGHT = 320, 96
_GAP = 4
_WAVE_HEIGHT = 32
_WAVE = (0x2F, 0x87, 0xC1)  # is seen on a light page and on a dark one
_SHORTEST_S = 0.2


def thumbnail(result: MatchResult) -> bytes:
    """The spectrograms of target, on the left, and match as a PNG of 320 × 96 pixels."""
    images = [
        _spectrogram(levels_db, HEIGHT, (WIDTH - _GAP) // 2) for levels_db in panels.spectrograms(compared(result))[:2]
    ]
    images.insert(1, _clear(HEIGHT, _GAP))
    return png(np.hstack(images))


def sound_thumbnail(sound: panels.Signal, sample_rate: int) -> bytes:
    """A sound's wave over its spectrogram as a PNG of 320 × 96 pixels.

    Args:
        sound: (samples,), full scale ±1; one shorter than 0.2 s leaves the rest of the picture empty.
        sample_rate: in Hz.
    """
    shown = np.zeros(max(sound.size, round(_SHORTEST_S * sample_rate)), np.float32)
    shown[: sound.size] = sound
    (levels_db,), _ = panels.log_spectrograms(shown[None], sample_rate)
    spectrogram = _spectrogram(levels_db, HEIGHT - _WAVE_HEIGHT - _GAP, WIDTH)
    return png(np.vstack([_wave(shown), _clear(_GAP, WIDTH), spectrogram]))


def _spectrogram(levels_db: panels.Signal, height: int, width: int) -> NDArray[np.uint8]:
    """Pixels of a spectrogram, high frequencies at the top."""
    rows, columns = (
        np.linspace(0, size - 1, pixels).round().astype(int)
        for size, pixels in zip(levels_db.shape, (height, width), strict=True)
    )
    shown = coloured(levels_db[np.ix_(rows[::-1], columns)], CIVIDIS, -panels.SPECTRUM_RANGE_DB, 0.0)
    return np.dstack([shown, np.full((height, width), 255, np.uint8)])


def _wave(sound: panels.Signal) -> NDArray[np.uint8]:
    """Pixels of a wave, from the lowest to the highest sample of each column, on what lets the page through."""
    starts = np.linspace(0, sound.size, WIDTH, endpoint=False).astype(int)
    peak = max(float(np.abs(sound).max()), 1e-9)
    low, high = (each.reduceat(sound, starts) / peak for each in (np.minimum, np.maximum))
    rows = np.linspace(1.0, -1.0, _WAVE_HEIGHT)[:, None]
    half = 1.0 / (_WAVE_HEIGHT - 1)
    pixels = _clear(_WAVE_HEIGHT, WIDTH)
    pixels[(rows >= low - half) & (rows <= high + half)] = (*_WAVE, 255)
    return pixels


def _clear(height: int, width: int) -> NDArray[np.uint8]:
    """Pixels that let the page through."""
    return np.zeros((height, width, 4), np.uint8)
