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

_MIDI_SUFFIXES = (".mid", ".midi", ".smf", ".kar")


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
    if path.exists() and not path.is_file():
        raise SongError(f"{path}: found what is no file; must be a MIDI file or a pattern")
    try:
        with path.open("rb") as file:
            data = file.read(midi.MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise SongError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    try:
        if data[:4] == b"MThd" or path.suffix.lower() in _MIDI_SUFFIXES:
            if len(data) > midi.MOST_BYTES:
                raise SongError(f"found more than {midi.MOST_BYTES} bytes; must be at most as many")
            song = midi.song_of_midi(data, channel)
        else:
            song = perform(pattern.read_pattern_file(_text(data), notes), seed)
    except SongError as error:
        raise SongError(f"{path}: {error}") from None
    return song if song.name else replace(song, name=encodable(path.stem))


def _text(data: bytes) -> str:
    if len(data) > pattern.MOST_BYTES:
        raise SongError(f"found more than {pattern.MOST_BYTES} bytes; must be at most as many of text")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SongError(f"found byte 0x{data[error.start]:02X} at {error.start}; must be a pattern in UTF-8") from None
    if "\0" in text:
        raise SongError("found a zero byte; must be a MIDI file or a pattern in UTF-8")
    return text
