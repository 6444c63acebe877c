"""What a Standard MIDI File holds: its notes, tempos and time signatures, in ticks.

Read here rather than by mido, which drops the time before a meta event that it does not know, so that all later notes
come early; refuses files with a chunk or a key that it does not know; and takes seven microseconds and 300 bytes for
each event. mido is what the tests compare with.

References:
    Standard MIDI Files 1.0, MIDI Manufacturers Association.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from backbeat.errors import SongError
from backbeat.songs.song import MAX_NOTES

FRAMES_PER_S = {24: Fraction(24), 25: Fraction(25), 29: Fraction(30000, 1001), 30: Fraction(30)}
_DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
_END_OF_TRACK, _TRACK_NAME, _TEMPO, _METER = 0x2F, 0x03, 0x51, 0x58
_MOST_TYPE = 2
_MOST_CHANGES = 100_000
"""Of tempo, and of time signature."""


@dataclass
class Events:
    """The events of a file that matter here, in the order in which they stand in it.

    Attributes:
        ticks_per_beat: none where ticks are shares of a second.
        ticks_per_s: none where ticks are shares of a beat.
        notes: tick, note, velocity, channel from 1, of each note-on.
        tempos: tick and microseconds per beat.
        meters: tick, count and unit of each time signature.
        last_tick: of the last event of any kind but the ends of tracks.
        end_tick: the latest end of a track.
        name: of the first track that has one.
    """

    ticks_per_beat: int | None
    ticks_per_s: Fraction | None
    notes: list[tuple[int, int, int, int]] = field(default_factory=list)
    tempos: list[tuple[int, int]] = field(default_factory=list)
    meters: list[tuple[int, int, int]] = field(default_factory=list)
    last_tick: int = 0
    end_tick: int = 0
    name: str = ""


def read_events(data: bytes) -> Events:
    """The events of a file of type 0 or 1.

    Raises:
        SongError: at bytes that are no such file, without the file's name.
    """
    if data[:4] != b"MThd":
        raise SongError(f"found {data[:4]!r} at the start; must be 'MThd', as in every MIDI file")
    header_bytes = int.from_bytes(data[4:8])
    if len(data) < 14 or header_bytes < 6:
        raise SongError(f"found a header of {min(header_bytes, len(data) - 8)} bytes; must have 6 or more")
    kind, wanted, division = (int.from_bytes(data[at : at + 2]) for at in (8, 10, 12))
    if kind == _MOST_TYPE:
        raise SongError("found a MIDI file of type 2, whose tracks are songs of their own; must be of type 0 or 1")
    if kind > _MOST_TYPE:
        raise SongError(f"found a MIDI file of type {kind}; must be of type 0 or 1")
    events = Events(*_division(division))
    at, found = 8 + header_bytes, 0
    while found < wanted:
        if len(data) < at + 8:
            raise SongError(f"found {found} of the {wanted} tracks that the header promises; the file is cut short")
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8])
        at += 8
        if size > len(data) - at:
            raise SongError(
                f"found {len(data) - at} of the {size} bytes that track {found + 1} promises; the file is cut short"
            )
        if name == b"MTrk":
            found += 1
            _read_track(data, at, at + size, found, events)
        at += size
    return events


def _division(division: int) -> tuple[int | None, Fraction | None]:
    """Ticks per beat, or ticks per second."""
    if division & 0x8000:
        frames, ticks = 256 - (division >> 8), division & 0xFF
        if frames not in FRAMES_PER_S or ticks == 0:
            raise SongError(f"found {frames} frames a second of {ticks} ticks; must be 24, 25, 29 or 30 of 1 to 255")
        return None, FRAMES_PER_S[frames] * ticks
    if division == 0:
        raise SongError("found 0 ticks per beat; must be 1 to 32767")
    return division, None


def _read_track(data: bytes, at: int, end: int, track: int, events: Events) -> None:
    """Add the events of bytes `at` to `end`."""
    tick = status = 0
    try:
        while at < end:
            first = at
            byte = data[at]
            at += 1
            delta = byte & 0x7F
            while byte & 0x80:
                byte = data[at]
                at += 1
                delta = delta << 7 | byte & 0x7F
            if at - first > 4:
                raise SongError(f"found a time of {at - first} bytes at byte {first}; must be of 1 to 4")
            tick += delta
            byte = data[at]
            if byte == 0xFF or byte in (0xF0, 0xF7):
                kind = data[at + 1] if byte == 0xFF else -1
                size, at = _length(data, at + (2 if byte == 0xFF else 1))
                if size > end - at:
                    raise IndexError
                if kind == _END_OF_TRACK:
                    break
                if kind >= 0:
                    _take_meta(kind, data[at : at + size], tick, events)
                at += size
                events.last_tick = max(events.last_tick, tick)
                continue
            if byte & 0x80:
                status = byte
                at += 1
            size = _DATA_BYTES.get(status & 0xF0, 0)
            if size == 0:
                what = f"a status byte 0x{status:02X}" if status else f"a byte 0x{byte:02X} that begins no event"
                raise SongError(
                    f"found {what} at byte {at}; must be one of a channel, a meta event or a system message"
                )
            if at + size > end:
                raise IndexError
            value = data[at + size - 1]
            if (data[at] | value) & 0x80:
                raise SongError(f"found data above 127 at byte {at}; must be 0 to 127")
            if status & 0xF0 == 0x90 and value:
                if len(events.notes) >= MAX_NOTES:
                    raise SongError(f"found more than {MAX_NOTES} notes; must be at most as many")
                events.notes.append((tick, data[at], value, (status & 0x0F) + 1))
            at += size
            if tick > events.last_tick:
                events.last_tick = tick
    except IndexError:
        raise SongError(
            f"found an event at byte {first} that track {track} ends within; the track is cut short"
        ) from None
    events.end_tick = max(events.end_tick, tick)


def _length(data: bytes, at: int) -> tuple[int, int]:
    """A length of variable size, and where it ends."""
    size = 0
    for place in range(at, at + 4):
        size = size << 7 | data[place] & 0x7F
        if not data[place] & 0x80:
            return size, place + 1
    raise SongError(f"found a length of more than 4 bytes at byte {at}; must be of 1 to 4")


def _take_meta(kind: int, content: bytes, tick: int, events: Events) -> None:
    if max(len(events.tempos), len(events.meters)) >= _MOST_CHANGES:
        raise SongError(f"found {_MOST_CHANGES} tempos or time signatures; must be fewer")
    if kind == _TEMPO:
        tempo = int.from_bytes(content)
        if len(content) != 3 or tempo == 0:
            raise SongError(f"found a tempo of {tempo} microseconds per beat; must be 1 to 16777215, in 3 bytes")
        events.tempos.append((tick, tempo))
    elif kind == _METER:
        if len(content) < 2 or not content[0] or content[1] > 6:
            said = f"{content[0]}/2^{content[1]}" if len(content) > 1 else f"{len(content)} bytes"
            raise SongError(f"found a time signature of {said}; must be 1 to 255 of 1, 2, 4, 8, 16, 32 or 64")
        events.meters.append((tick, content[0], 1 << content[1]))
    elif kind == _TRACK_NAME and not events.name:
        events.name = _text(content[:256])


def _text(content: bytes) -> str:
    """A name in whatever encoding, in one line."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return "".join(character for character in text if character.isprintable()).strip()
