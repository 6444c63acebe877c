"""From the frames of a sound file to a one-shot: what is odd about them, and a usual sample rate.

Each step returns its notes, one sentence each, with what it did.
"""

import math

import numpy as np
from numpy.typing import NDArray

from backbeat.audio.bounds import Frames

SILENCE = 10 ** (-84 / 20)
"""-84 dBFS: just above two steps of 16-bit audio, so that the dither of a silent file is silence."""

_FULL_SCALE = 0.99  # 8-bit audio ends at 127/128
_DC_OFFSET = 0.01  # of the peak


def onset(frames: NDArray[np.floating]) -> int:
    """Return the index of the first of (frames, channels) that is not silent; their number if all are.

    Compared with the first frame, not with zero: a constant (DC) is silence too.
    """
    away = (np.abs(frames - frames[:1]) > SILENCE).any(axis=1)
    return int(away.argmax()) if away.any() else len(frames)


def describe(frames: Frames) -> list[str]:
    """Note what is odd about a sound that is used as it is: clipping, level, DC offset."""
    notes = []
    peak = float(np.abs(frames).max())
    if clipped := _clipped_samples(frames):
        notes.append(f"Clipped: {clipped} samples at full scale.")
    if peak > 1.0:
        notes.append(f"Louder than full scale: peak {peak:.4g} ({20 * math.log10(peak):+.1f} dBFS).")
    # A true offset moves both; a lopsided hit moves the mean alone, a slow tail the median.
    mean, median = float(frames.mean(dtype=np.float64)), float(np.median(frames))
    if min(abs(mean), abs(median)) > _DC_OFFSET * peak and mean * median > 0.0:
        notes.append(f"DC offset: {mean:.4g}, {abs(mean) / peak:.0%} of the peak.")
    return notes


def _clipped_samples(frames: Frames) -> int:
    """Count the samples on a flat top: at the sound's extremes, if near full scale and three in a row."""
    count = 0
    for extreme in (frames.max(), frames.min()):
        flat = frames == extreme
        if abs(extreme) >= _FULL_SCALE and (flat[2:] & flat[1:-1] & flat[:-2]).any():
            count += int(np.count_nonzero(flat))
    return count


def usual_rate(sample_rate: int) -> int:
    """Return 48000 Hz for its multiples, 44100 Hz for all else."""
    return 48_000 if sample_rate % 48_000 == 0 else 44_100


def resample(mono: NDArray[np.float64], sample_rate: int, new_rate: int) -> tuple[NDArray[np.float64], list[str]]:
    """Bring a signal to another sample rate, without delay."""
    if new_rate == sample_rate:
        return mono, []
    import soxr

    resampled: NDArray[np.float64] = soxr.resample(mono, sample_rate, new_rate, quality="VHQ")
    return resampled, [f"Resampled {sample_rate} to {new_rate} Hz."]
