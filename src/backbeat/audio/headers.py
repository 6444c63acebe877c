"""What a sound file is before it is decoded, without PyTorch: whether it is one, and what its header says."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from backbeat.audio.bounds import check_layout
from backbeat.audio.chatter import overheard
from backbeat.errors import AudioError

FORMATS = "a WAV, AIFF, FLAC, OGG or MP3 file"
UNREADABLE = (RuntimeError, ValueError, TypeError, OSError, MemoryError)
"""What soundfile and soxr raise."""

_APPLE_DOUBLE = b"\x00\x05\x16\x07"


@dataclass(frozen=True)
class Layout:
    """What a sound file's header says: Hz, and how many channels and frames."""

    sample_rate: int
    channels: int
    frames: int


def check_file(path: Path) -> None:
    """Refuse what is no file before a decoder sees it: opening a pipe would wait forever.

    Raises:
        AudioError: if it cannot be opened, is a folder or a device, is empty, or what macOS keeps beside a file.
    """
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode):
            with path.open("rb") as file:
                begin = file.read(len(_APPLE_DOUBLE))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AudioError(f"{path}: cannot be opened ({reason}); allowed: {FORMATS}") from error
    if not stat.S_ISREG(status.st_mode):
        kind = "folder" if stat.S_ISDIR(status.st_mode) else "device or pipe"
        raise AudioError(f"{path}: a {kind}; allowed: {FORMATS}")
    if status.st_size == 0:
        raise AudioError(f"{path}: an empty file (0 bytes); allowed: {FORMATS}")
    if begin == _APPLE_DOUBLE:
        raise AudioError(f"{path}: an AppleDouble file, which macOS keeps beside another; allowed: {FORMATS}")


def layout(path: Path) -> Layout:
    """What the header of a sound file says; the sound itself is not decoded.

    Raises:
        AudioError: if it is no sound file, holds no sound, or is out of bounds in sample rate or channels.
    """
    import soundfile  # where it is used: rendering needs no decoder

    check_file(path)
    try:
        with overheard([]), soundfile.SoundFile(os.fsencode(path)) as sound:
            check_layout(path, sound.samplerate, sound.channels)
            said = Layout(sound.samplerate, sound.channels, sound.frames)
    except UNREADABLE as error:
        reason = getattr(error, "error_string", str(error))
        raise AudioError(f"{path}: no sound that can be read ({reason}); allowed: {FORMATS}") from error
    if said.frames < 1:
        raise AudioError(f"{path}: 0 samples; allowed: at least 1")
    return said
