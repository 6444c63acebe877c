"""Writing WAV files.

Encoded here rather than by libsndfile, which stamps float files with the time of day, and which scales
integers by 2^(bits-1) - 1 when it writes but by 2^(bits-1) when it reads.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from backbeat.audio.bounds import check_finite, check_layout
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
    shape = tuple(audio.shape)
    if len(shape) != 3 or shape[0] != 1 or not 1 <= math.prod(shape) <= MAX_VALUES:
        raise AudioError(f"{path}: audio of shape {shape}; allowed: (1, channels, samples), not empty")
    array = audio if isinstance(audio, np.ndarray) else audio.detach().float().cpu().numpy()
    with writing(path, shape[1], shape[2], sample_rate, bit_depth=bit_depth) as file:
        file.add(array[0].astype(np.float32, copy=False))
    return file.notes


@contextmanager
def writing(
    path: str | Path, channels: int, samples: int, sample_rate: int, *, bit_depth: BitDepth = "32f"
) -> Iterator[WaveFile]:
    """Write a WAV file block by block; see `write`.

    Args:
        path: the file to write, ending in `.wav`; an existing one is replaced when the block ends.
        channels: how many.
        samples: of each channel, in all blocks together.
        sample_rate: in Hz.
        bit_depth: "16", "24" or "32f".

    Yields:
        The file, which blocks are added to.

    Raises:
        AudioError: if layout, rate, bit depth or name are not allowed, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".wav":
        raise AudioError(f"{path}: suffix {path.suffix!r}; allowed: '.wav'")
    if bit_depth not in ("16", "24", "32f"):
        raise AudioError(f"bit_depth: {bit_depth!r}; allowed: '16', '24', '32f'")
    if not 1 <= channels * samples <= MAX_VALUES:
        raise AudioError(f"{path}: {channels} × {samples} samples; allowed: 1 to {MAX_VALUES} in all")
    check_layout(path, sample_rate, channels)
    try:
        with replacing(path) as temporary, temporary.open("wb") as opened:
            opened.write(_head(channels, samples, sample_rate, bit_depth))
            yield (file := WaveFile(path, opened, channels, bit_depth))
            if (bytes_of_data := file.samples * channels * _bits(bit_depth) // 8) % 2:
                opened.write(b"\0")
            if file.samples != samples:
                raise AudioError(f"{path}: found {file.samples} samples of {samples} ({bytes_of_data} bytes)")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AudioError(f"{path}: cannot be written ({reason}); allowed: a file that can be created") from error


class WaveFile:
    """A WAV file that is being written; from `writing`.

    Attributes:
        samples: of each channel, so far.
    """

    def __init__(self, path: Path, opened: BinaryIO, channels: int, bit_depth: BitDepth) -> None:
        self._path, self._opened, self._channels, self._bit_depth = path, opened, channels, bit_depth
        self._clipped = self.samples = 0

    def add(self, block: NDArray[np.float32]) -> None:
        """Write a block, (channels, samples).

        Raises:
            AudioError: where it has other channels, or what is not a finite number.
        """
        if block.ndim != 2 or block.shape[0] != self._channels:
            raise AudioError(f"{self._path}: a block of shape {block.shape}; allowed: ({self._channels}, samples)")
        peak = float(np.abs(block).max(initial=0.0))
        if not math.isfinite(peak):
            check_finite(self._path, block.T)
        self.samples += block.shape[1]
        if self._bit_depth == "32f":
            self._opened.write(np.ascontiguousarray(block.T, "<f4").data)
            return
        if peak > 1.0:
            self._clipped += int(np.count_nonzero(np.abs(block) > 1.0))
        self._opened.write(_interleaved(rounded(block, _bits(self._bit_depth)), _bits(self._bit_depth) // 8).data)

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence if samples beyond full scale were clipped."""
        if not self._clipped:
            return ()
        return (f"Clipped {self._clipped} samples beyond full scale to fit {self._bit_depth} bits.",)


def _bits(bit_depth: BitDepth) -> int:
    return int(bit_depth.removesuffix("f"))


def _head(channels: int, samples: int, sample_rate: int, bit_depth: BitDepth) -> bytes:
    """What a RIFF WAVE file has before its samples."""
    bits, tag = _bits(bit_depth), _IEEE_FLOAT if bit_depth == "32f" else _PCM
    frame_bytes = channels * bits // 8
    size = samples * frame_bytes
    layout = struct.pack("<HHIIHH", tag, channels, sample_rate, sample_rate * frame_bytes, frame_bytes, bits)
    if tag == _PCM:
        chunks = _chunk(b"fmt ", layout)
    else:
        # Other than PCM needs the size of an extension (none), and the number of samples.
        chunks = _chunk(b"fmt ", layout + b"\0\0") + _chunk(b"fact", struct.pack("<I", samples))
    whole = len(b"WAVE") + len(chunks) + 8 + size + size % 2
    return b"RIFF" + struct.pack("<I", whole) + b"WAVE" + chunks + b"data" + struct.pack("<I", size)


def rounded(samples: NDArray[np.floating], bits: int) -> NDArray[np.int32]:
    """Samples as integers of so many bits, clipped to their range, little-endian."""
    full_scale = samples.dtype.type(2.0 ** (bits - 1))  # a power of two: the product is exact
    steps = np.clip(samples, -1.0, 1.0)
    steps *= full_scale
    np.rint(steps, out=steps)
    return np.minimum(steps, full_scale - 1).astype("<i4")


def _interleaved(steps: NDArray[np.int32], size: int) -> NDArray[np.uint8]:
    """The lowest bytes of (channels, samples), frame after frame."""
    channels, samples = steps.shape
    steps = np.ascontiguousarray(steps)
    found = np.empty((samples, channels, size), np.uint8)
    low = steps.view(np.uint8).reshape(channels, samples, 4)
    for channel in range(channels):
        for byte in range(size):
            found[:, channel, byte] = low[channel, :, byte]
    return found


def _chunk(name: bytes, content: bytes) -> bytes:
    """Prefix a name and a size, to content of an even number of bytes."""
    return name + struct.pack("<I", len(content)) + content
