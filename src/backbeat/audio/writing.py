"""Writing WAV files.

Encoded here rather than by libsndfile, which stamps float files with the time of day, and which scales
integers by 2^(bits-1) - 1 when it writes but by 2^(bits-1) when it reads.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from backbeat.audio.bounds import Frames, check_finite, check_layout
from backbeat.errors import AudioError
from backbeat.files import replacing

if TYPE_CHECKING:
    from backbeat.types import Audio

BitDepth: TypeAlias = Literal["16", "24", "32f"]

MAX_VALUES = 2**29
"""Samples × channels of a file: 2 GiB of float32, what every reader of RIFF's 32-bit sizes can take."""

_PCM, _IEEE_FLOAT = 1, 3  # WAVE format tags


def write(
    path: str | Path, audio: Audio | NDArray[np.float32], sample_rate: int, *, bit_depth: BitDepth = "32f"
) -> tuple[str, ...]:
    """Write a WAV file, whole or not at all; the same audio gives the same bytes.

    At 16 and 24 bits a sample x becomes `round(x · 2^(bits-1))`, without dither, clipped to the range.

    Args:
        path: the file to write, ending in `.wav`; an existing one is replaced.
        audio: (1, channels, samples), full scale ±1: a tensor on any device, or an array.
        sample_rate: in Hz.
        bit_depth: "16" or "24" for integers, "32f" for float32, which keeps every sample as it is.

    Returns:
        Notes: one sentence if samples beyond full scale were clipped.

    Raises:
        AudioError: if audio, rate, bit depth or name are not allowed, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".wav":
        raise AudioError(f"{path}: suffix {path.suffix!r}; allowed: '.wav'")
    frames = _frames(path, audio)
    check_layout(path, sample_rate, frames.shape[1])
    check_finite(path, frames)
    data = _wave(frames, sample_rate, bit_depth)
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(data)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AudioError(f"{path}: cannot be written ({reason}); allowed: a file that can be created") from error
    clipped = np.count_nonzero(np.abs(frames) > 1.0)
    if bit_depth == "32f" or not clipped:
        return ()
    return (f"Clipped {clipped} samples beyond full scale to fit {bit_depth} bits.",)


def _frames(path: Path, audio: Any) -> Frames:
    """Turn (1, channels, samples) into (samples, channels)."""
    shape = tuple(audio.shape)
    if len(shape) != 3 or shape[0] != 1 or not 1 <= math.prod(shape) <= MAX_VALUES:
        raise AudioError(f"{path}: audio of shape {shape}; allowed: (1, channels, samples), not empty")
    array = audio if isinstance(audio, np.ndarray) else audio.detach().float().cpu().numpy()
    frames: Frames = array[0].astype(np.float32).T
    return frames


def _wave(frames: Frames, sample_rate: int, bit_depth: BitDepth) -> bytes:
    """Encode (samples, channels) as a RIFF WAVE file."""
    sample_count, channels = frames.shape
    if bit_depth == "32f":
        bits, data = 32, frames.astype("<f4").tobytes()
    elif bit_depth in ("16", "24"):
        bits = int(bit_depth)
        data = _integers(frames, bits)
    else:
        raise AudioError(f"bit_depth: {bit_depth!r}; allowed: '16', '24', '32f'")
    tag = _IEEE_FLOAT if bits == 32 else _PCM
    frame_bytes = channels * bits // 8
    layout = struct.pack("<HHIIHH", tag, channels, sample_rate, sample_rate * frame_bytes, frame_bytes, bits)
    if tag == _PCM:
        chunks = _chunk(b"fmt ", layout)
    else:
        # Other than PCM needs the size of an extension (none), and the number of samples.
        chunks = _chunk(b"fmt ", layout + b"\0\0") + _chunk(b"fact", struct.pack("<I", sample_count))
    return _chunk(b"RIFF", b"WAVE" + chunks + _chunk(b"data", data))


def _integers(frames: Frames, bits: int) -> bytes:
    """Round to little-endian integers of 16 or 24 bits, clipped to their range."""
    return rounded(frames, bits)[..., None].view(np.uint8)[..., : bits // 8].tobytes()


def rounded(samples: NDArray[np.floating], bits: int) -> NDArray[np.int32]:
    """Samples as integers of so many bits, clipped to their range, little-endian."""
    full_scale = 2.0 ** (bits - 1)
    steps = np.clip(np.rint(samples.astype(np.float64) * full_scale), -full_scale, full_scale - 1)
    return steps.astype("<i4")


def _chunk(name: bytes, content: bytes) -> bytes:
    """Prefix a name and a size; pad to an even number of bytes."""
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
