"""A MIDI file's events as a song: ticks to seconds and beats."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

from backbeat.errors import SongError
from backbeat.songs.events import Events, read_events
from backbeat.songs.song import MAX_SECONDS, Meter, Note, Song, Tempo

MOST_BYTES = 16 * 1024 * 1024
DRUMS = 10
LAST_CHANNEL = 16
_DEFAULT_TEMPO_US = 500_000


@dataclass(frozen=True)
class _Segment:
    """Ticks of one length: tick t is at (base + step (t - first)) / scale seconds, all integers."""

    first: int
    base: int
    step: int
    scale: int

    def total(self, tick: int) -> int:
        return self.base + self.step * (tick - self.first)


def song_of_midi(data: bytes, channel: int | None = None) -> Song:
    """The song of a MIDI file's bytes.

    Args:
        data: the file.
        channel: whose notes to take, 1 to 16, or 0 for all; by default those of channel 10 where it has some, else all.

    Raises:
        SongError: at a file that is broken, too long, or without notes, without the file's name.
    """
    if channel is not None and not 0 <= channel <= LAST_CHANNEL:
        raise SongError(f"channel: found {channel}; must be 1 to {LAST_CHANNEL}, or 0 for all")
    events = read_events(data)
    changes = _tempo_changes(events)
    segments = _segments(events, changes)
    meters = _meters(events)
    end = _end(events, meters)
    last = segments[-1]
    length = (last.base + last.step * (end - last.first)) / Fraction(last.scale)
    if length > MAX_SECONDS:
        raise SongError(f"found a length of {float(length):.6g} s; must be at most {MAX_SECONDS} s")
    ticks_per_beat = events.ticks_per_beat
    chosen = _chosen(events, channel)
    by_channel = Counter(each[3] for each in events.notes)
    taken = {each[3] for each in chosen}
    left_out = {number: count for number, count in sorted(by_channel.items()) if number not in taken}
    if ticks_per_beat is None:
        return Song(_notes(chosen, segments), float(length), name=events.name, left_out=left_out)
    return Song(
        _notes(chosen, segments),
        float(length),
        tuple(Tempo(Fraction(tick, ticks_per_beat), Fraction(tempo, 1_000_000)) for tick, tempo in changes),
        tuple(Meter(Fraction(tick, ticks_per_beat), count, unit) for tick, count, unit in meters),
        events.name,
        left_out,
    )


def _chosen(events: Events, channel: int | None) -> list[tuple[int, int, int, int]]:
    """The notes of a channel, in order of ticks."""
    channels = {each[3] for each in events.notes}
    if not channels:
        raise SongError("found no notes; must have at least one")
    if channel is None:
        channel = DRUMS if DRUMS in channels else 0
    if channel and channel not in channels:
        known = ", ".join(str(each) for each in sorted(channels))
        raise SongError(f"found no notes on channel {channel}; must be one that has some: {known}")
    return sorted(each for each in events.notes if each[3] == channel or not channel)


def _tempo_changes(events: Events) -> list[tuple[int, int]]:
    """Ticks and tempos in order, the first at tick 0; of several at one tick the last in the file stays."""
    found = {0: _DEFAULT_TEMPO_US}
    found.update(sorted(events.tempos, key=lambda each: each[0]))
    changes: list[tuple[int, int]] = []
    for tick, tempo in sorted(found.items()):
        if not changes or changes[-1][1] != tempo:
            changes.append((tick, tempo))
    return changes


def _segments(events: Events, changes: list[tuple[int, int]]) -> list[_Segment]:
    if events.ticks_per_s is not None:
        return [_Segment(0, 0, events.ticks_per_s.denominator, events.ticks_per_s.numerator)]
    assert events.ticks_per_beat is not None
    scale, base = events.ticks_per_beat * 1_000_000, 0
    segments: list[_Segment] = []
    for tick, tempo in changes:
        if segments:
            base = segments[-1].total(tick)
        segments.append(_Segment(tick, base, tempo, scale))
    return segments


def _notes(chosen: list[tuple[int, int, int, int]], segments: list[_Segment]) -> tuple[Note, ...]:
    notes = []
    place = 0
    for tick, note, velocity, _ in chosen:
        while place + 1 < len(segments) and segments[place + 1].first <= tick:
            place += 1
        notes.append(Note(segments[place].total(tick) / segments[place].scale, note, velocity))
    return tuple(notes)


def _meters(events: Events) -> list[tuple[int, int, int]]:
    found = {0: (4, 4)}
    found.update((tick, (count, unit)) for tick, count, unit in sorted(events.meters, key=lambda each: each[0]))
    return [(tick, *meter) for tick, meter in sorted(found.items())]


def _end(events: Events, meters: list[tuple[int, int, int]]) -> Fraction:
    """The tick at which the last bar ends that has an event, or the last track if that is later.

    A note at a bar line is in the bar that begins there, any other event in the bar that ends there. Where ticks are
    shares of a second there are no bars.
    """
    if events.ticks_per_beat is None:
        return Fraction(max(events.end_tick, events.last_tick))
    last_note = max((each[0] for each in events.notes), default=0)
    ends = [_bar_end(Fraction(last_note), meters, events.ticks_per_beat, begins=True)]
    ends.append(_bar_end(Fraction(events.last_tick), meters, events.ticks_per_beat, begins=False))
    return max(*ends, Fraction(events.end_tick))


def _bar_end(tick: Fraction, meters: list[tuple[int, int, int]], ticks_per_beat: int, *, begins: bool) -> Fraction:
    """Where the bar of a tick ends: a tick at a bar line begins a bar, or ends one."""
    for place in range(len(meters) - 1, -1, -1):
        first, count, unit = meters[place]
        if first < tick or (begins and first == tick):
            bar = Fraction(4 * count * ticks_per_beat, unit)
            bars = (tick - first) // bar + 1 if begins else -((first - tick) // bar)
            end = first + bars * bar
            # The next meter begins a bar of its own, wherever it comes.
            return min(end, Fraction(meters[place + 1][0])) if place + 1 < len(meters) else end
    return Fraction(0)
