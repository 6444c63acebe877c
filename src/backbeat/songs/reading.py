"""Songs in: MIDI files and patterns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from backbeat.errors import SongError
from backbeat.files import encodable
from backbeat.songs import midi, pattern
from backbeat.songs.performance import perform
from backbeat.songs.song import Song

_ALLOWED = "must be a MIDI file or a pattern, which is text"
_MIDI_SUFFIXES = (".mid", ".midi", ".smf", ".kar")
_KINDS = {
    b"RIFF": "a RIFF file",
    b"FORM": "an AIFF file",
    b"fLaC": "a FLAC file",
    b"OggS": "an Ogg file",
    b"ID3": "an MP3 file",
    b"PK": "a zip file",
}
"""What files that are neither begin with."""


def read_song(
    path: str | Path, notes: Mapping[str, int] | None = None, *, seed: int = 0, channel: int | None = None
) -> Song:
    """The song of a MIDI file or of a file of patterns.

    A file is MIDI where it begins as one or is named as one, and else patterns.

    Args:
        path: the file: MIDI of at most 16 MiB, or patterns of at most 1 MiB of UTF-8 text.
        notes: MIDI note of each pad of a kit by name, for patterns; other names are those of General MIDI's drums.
        seed: of a pattern's chances and humanize: another gives another performance.
        channel: of a MIDI file, 1 to 16, or 0 for all; by default 10, the drums', where it has notes, else all.

    Raises:
        SongError: in one line, at a file that cannot be read, is neither, or says what it must not.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            what = "a folder" if path.is_dir() else "a device or pipe"
            raise SongError(f"{path}: found {what}; {_ALLOWED}")
        with path.open("rb") as file:
            data = file.read(midi.MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise SongError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    try:
        if not data:
            raise SongError(f"found an empty file; {_ALLOWED}")
        if data[:4] == b"MThd" or path.suffix.lower() in _MIDI_SUFFIXES:
            if len(data) > midi.MOST_BYTES:
                raise SongError(f"found more than {midi.MOST_BYTES} bytes; must be at most as many")
            song = midi.song_of_midi(data, channel)
        else:
            song = perform(pattern.read_pattern_file(_text(data), notes), seed)
            if not song.notes:
                raise SongError("found a pattern without hits; must have at least one, such as x")
    except SongError as error:
        raise SongError(f"{path}: {error}") from None
    return song if song.name else replace(song, name=encodable(path.stem))


def _text(data: bytes) -> str:
    """The text of a pattern.

    Raises:
        SongError: if it is none, or too long.
    """
    if b"\0" in data[: pattern.MOST_BYTES]:
        raise SongError(f"found {_kind(data)}, neither a MIDI file nor a pattern; {_ALLOWED}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"byte 0x{data[error.start]:02X} at {error.start}, which is no UTF-8: neither a MIDI file nor a pattern"
        raise SongError(f"found {found}; {_ALLOWED} in UTF-8") from None
    if len(data) > pattern.MOST_BYTES:
        raise SongError(f"found more than {pattern.MOST_BYTES} bytes of text; a pattern must be at most as many")
    return text


def _kind(data: bytes) -> str:
    """What a file is that is no text."""
    if data[:4] in (b"RIFF", b"RF64") and data[8:12] == b"WAVE":
        return "a WAV file"
    return next((what for begin, what in _KINDS.items() if data.startswith(begin)), "a binary file")
