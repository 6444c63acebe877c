"""Songs out, as MIDI files."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from backbeat.errors import SongError
from backbeat.files import encodable, replacing
from backbeat.songs.midi import DRUMS
from backbeat.songs.song import Song, TempoMap

if TYPE_CHECKING:
    import mido

TICKS_PER_BEAT = 960
_LONGEST = 60
"""Ticks from a note-on to its note-off: drums ring on their own."""
_MOST_TICKS = 2**28 - 1
_MOST_TEMPO_US = 2**24 - 1
_OFF, _ON = 0, 1


def write_midi(song: Song, path: str | Path, *, one_track: bool = False) -> None:
    """Write a song as a MIDI file: the drums' channel at 960 ticks per beat, with tempos, meters and name.

    Each note is at the tick nearest to its beat. Tempos are whole microseconds per beat, as MIDI has them.

    Args:
        song: to write.
        path: the file, which is written whole or not at all.
        one_track: of type 0; by default of type 1, whose first track holds tempos and meters.

    Raises:
        SongError: where MIDI cannot hold a tempo or so many ticks.
        OSError: where the file cannot be written.
    """
    import mido

    conductor, drums, end = _conductor(song), _drums(song), _tick(TempoMap(song.tempos).beat(song.length_s))
    if end > _MOST_TICKS:
        raise SongError(f"{path}: found {end} ticks; must be at most {_MOST_TICKS}")
    if one_track:
        tracks = [_track(song, conductor + drums, end)]
    else:
        tracks = [_track(song, conductor, end), _track(song, drums, end)]
    file = mido.MidiFile(type=0 if one_track else 1, ticks_per_beat=TICKS_PER_BEAT, charset="utf-8", tracks=tracks)
    with replacing(path) as temporary:
        file.save(temporary)


def _tick(beat: float) -> int:
    return round(beat * TICKS_PER_BEAT)


def _conductor(song: Song) -> list[tuple[int, int, mido.MetaMessage]]:
    """Ticks and events of tempos and meters."""
    import mido

    found = []
    for tempo in song.tempos:
        beat_us = round(tempo.beat_s * 1_000_000)
        if not 1 <= beat_us <= _MOST_TEMPO_US:
            raise SongError(f"tempo: found {beat_us} microseconds per beat; must be 1 to {_MOST_TEMPO_US} in MIDI")
        found.append((_tick(float(tempo.at_beat)), _OFF, mido.MetaMessage("set_tempo", tempo=beat_us)))
    for meter in song.meters:
        message = mido.MetaMessage(
            "time_signature",
            numerator=meter.count,
            denominator=meter.unit,
            clocks_per_click=max(1, 96 // meter.unit),
        )
        found.append((_tick(float(meter.at_beat)), _OFF, message))
    return found


def _drums(song: Song) -> list[tuple[int, int, mido.Message]]:
    """Ticks and events of notes, each let go before the next of its kind."""
    import mido

    tempo_map = TempoMap(song.tempos)
    by_note: dict[int, list[tuple[int, int]]] = {}
    for each in song.notes:
        by_note.setdefault(each.note, []).append((_tick(tempo_map.beat(each.at_s)), each.velocity))
    found = []
    end = _tick(tempo_map.beat(song.length_s))
    for note, hits in by_note.items():
        following: list[int] = []
        later = max(end, hits[-1][0] + 1)
        for (tick, _), after in reversed(list(pairwise([*hits, (later, 0)]))):
            later = later if after[0] == tick else after[0]
            following.append(later)
        for (tick, velocity), after_tick in zip(hits, reversed(following), strict=True):
            channel = DRUMS - 1
            on = mido.Message("note_on", channel=channel, note=note, velocity=velocity)
            off = mido.Message("note_off", channel=channel, note=note, velocity=0)
            found += [(tick, _ON, on), (min(tick + _LONGEST, after_tick), _OFF, off)]
    return found


def _track(song: Song, events: list[tuple[int, int, mido.Message]], end: int) -> mido.MidiTrack:
    """A track of events at ticks, notes let go before others begin, which ends with the song's last bar."""
    import mido

    track = mido.MidiTrack([mido.MetaMessage("track_name", name=encodable(song.name))])
    last = 0
    for tick, _, message in sorted(events, key=lambda each: each[:2]):
        message.time = tick - last
        track.append(message)
        last = tick
    track.append(mido.MetaMessage("end_of_track", time=max(0, end - last)))
    return track
