"""Sound files as they are: what a WAV file holds, and the samples of any file, without PyTorch."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from backbeat.audio.bounds import Frames, check_finite, check_layout
from backbeat.audio.chatter import overheard
from backbeat.audio.headers import check_file
from backbeat.errors import AudioError

MAX_VALUES = 2**25
"""Frames × channels read at once: 128 MiB of float32."""

_MAX_CHUNKS = 1000
_FORMAT_BYTES = 16
_PCM = 1  # WAVE format tag
_LOOPS = (b"smpl", b"inst", b"cue ")


@dataclass(frozen=True)
class WavLayout:
    """What the header of a WAV file says.

    Attributes:
        format_tag: 1 for PCM.
        channels: of each frame.
        sample_rate: in Hz.
        bits: of each sample.
        frames: how many there are, by the size of the data.
        looped: whether it holds loops, cues or keys, which a sampler may follow.
    """

    format_tag: int
    channels: int
    sample_rate: int
    bits: int
    frames: int
    looped: bool

    @property
    def plain(self) -> bool:
        """Whether every sampler plays it as a one-shot: PCM of 16 or 24 bits, without loops."""
        return self.format_tag == _PCM and self.bits in (16, 24) and self.channels in (1, 2) and not self.looped


def wav_layout(file: BinaryIO, size: int) -> WavLayout | None:
    """What the header of a WAV file says; none if it is not one, or not whole.

    Args:
        file: read from its beginning.
        size: of the file in bytes.
    """
    if struct.unpack("<4sI4s", file.read(12).ljust(12, b"\0"))[::2] != (b"RIFF", b"WAVE"):
        return None
    position, looped, layout, data = 12, False, None, None
    for _ in range(_MAX_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            break
        name, length = struct.unpack("<4sI", head)
        position += 8 + length + length % 2
        if position - length % 2 > size:
            return None
        if name == b"fmt " and length >= _FORMAT_BYTES:
            layout = struct.unpack("<HHIIHH", file.read(_FORMAT_BYTES))
        elif name == b"data":
            data = length
        looped |= name in _LOOPS
        file.seek(position)
    if layout is None or data is None:
        return None
    tag, channels, sample_rate, _, frame_bytes, bits = layout
    return WavLayout(tag, channels, sample_rate, bits, data // max(1, frame_bytes), looped)


def layout_of(path: Path) -> WavLayout | None:
    """What the header of a WAV file says; none if it is no whole WAV file.

    Raises:
        AudioError: if it cannot be opened.
    """
    try:
        with path.open("rb") as file:
            return wav_layout(file, path.stat().st_size)
    except (OSError, ValueError) as error:
        raise AudioError(f"{path}: cannot be read ({_reason(error)}); allowed: a sound file") from error


def decode(path: Path) -> tuple[Frames, int]:
    """All samples of a sound file, as (frames, channels), and its sample rate in Hz.

    Raises:
        AudioError: if the file cannot be opened or decoded, is out of bounds, or holds more than `MAX_VALUES`.
    """
    import soundfile

    check_file(path)
    try:
        with overheard([]), soundfile.SoundFile(os.fsencode(path)) as file:
            check_layout(path, file.samplerate, file.channels)
            if not 1 <= file.frames * file.channels <= MAX_VALUES:
                raise AudioError(
                    f"{path}: {file.frames} frames of {file.channels} channels; "
                    f"allowed: 1 to {MAX_VALUES // file.channels} frames"
                )
            frames: Frames = file.read(dtype="float32", always_2d=True)
            sample_rate: int = file.samplerate
    except (OSError, RuntimeError, ValueError, TypeError) as error:
        raise AudioError(f"{path}: cannot be read ({_reason(error)}); allowed: a sound file") from error
    if not frames.size:
        raise AudioError(f"{path}: holds no samples; allowed: at least one")
    check_finite(path, frames)
    return np.ascontiguousarray(frames), sample_rate


def _reason(error: Exception) -> str:
    """Of an error, in one line."""
    return " ".join(str(getattr(error, "strerror", None) or error).split())
