"""What a sound may be, to be read or written."""

from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from backbeat.errors import AudioError

Frames: TypeAlias = NDArray[np.float32]
"""(frames, channels), full scale ±1: the layout of sound files."""

MIN_RATE_HZ = 2_000
MAX_RATE_HZ = 768_000
MAX_CHANNELS = 32


def check_layout(path: Path, sample_rate: int, channels: int) -> None:
    """Raise an `AudioError` unless sample rate (Hz) and channels are in bounds."""
    if not MIN_RATE_HZ <= sample_rate <= MAX_RATE_HZ:
        raise AudioError(f"{path}: sample rate {sample_rate} Hz; allowed: {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz")
    if not 1 <= channels <= MAX_CHANNELS:
        raise AudioError(f"{path}: {channels} channels; allowed: 1 to {MAX_CHANNELS}")


def check_finite(path: Path, frames: Frames) -> None:
    """Raise an `AudioError` that says how many samples are NaN or infinite, if any are."""
    broken = frames.size - int(np.count_nonzero(np.isfinite(frames)))
    if broken:
        raise AudioError(f"{path}: {broken} of {frames.size} samples are NaN or infinite; allowed: none")
