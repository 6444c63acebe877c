"""A file of patterns as it is played: every hit with its swing, nudge, flam, ratchet, chance and humanize."""

from __future__ import annotations

import hashlib
from fractions import Fraction

from backbeat.errors import SongError
from backbeat.songs.pattern import Line, Pattern, PatternFile
from backbeat.songs.song import LAST_VELOCITY, MAX_NOTES, MAX_SECONDS, Meter, Note, Song, Tempo
from backbeat.songs.steps import FLAM_S, Step

_GRACE = Fraction(1, 2)
"""Velocity of a flam's grace note, as a share of its hit's."""
_LAST_PLACE = Fraction(1, 960)
"""How long before the end the last hit may come, beats: a tick of the MIDI files that are written."""


def perform(file: PatternFile, seed: int = 0) -> Song:
    """The song that patterns in their order are.

    Args:
        file: the patterns.
        seed: another gives other chances and humanize.

    Raises:
        SongError: where it lasts longer than an hour or has more than a million notes.
    """
    length = sum((_length(each) for each in file.order), Fraction(0))
    if length > MAX_SECONDS:
        raise SongError(f"found a length of {float(length):.6g} s; must be at most {MAX_SECONDS} s")
    most = {each.name: _most_notes(each) for each in file.patterns}
    if sum(most[each.name] for each in file.order) > MAX_NOTES:
        raise SongError(f"found more than {MAX_NOTES} notes; must be at most as many")
    places = {each.name: [_places(each, line) for line in each.lines] for each in file.patterns}
    last = length - _LAST_PLACE * file.order[-1].settings.beat_s
    notes: list[Note] = []
    tempos: list[Tempo] = []
    meters: list[Meter] = []
    beat, start = Fraction(0), Fraction(0)
    for turn, pattern in enumerate(file.order):
        settings = pattern.settings
        if not tempos or tempos[-1].beat_s != settings.beat_s:
            tempos.append(Tempo(beat, settings.beat_s))
        if not meters or (meters[-1].count, meters[-1].unit) != (settings.count, settings.unit):
            meters.append(Meter(beat, settings.count, settings.unit))
        for line, line_places in zip(pattern.lines, places[pattern.name], strict=True):
            humanize = settings.humanize_voice.get(line.note, settings.humanize)
            for at, step, hits_s in line_places:
                key = f"{file.seed} {seed} {turn} {at} {line.voice}"
                if step.chance < 1 and _draw(f"chance {key}") >= step.chance:
                    continue
                shift_s = humanize.time_s and humanize.time_s * (2 * _draw(f"time {key}") - 1)
                velocity = _within(
                    step.velocity + (humanize.velocity and humanize.velocity * (2 * _draw(f"velocity {key}") - 1))
                )
                times = [start + hit_s + shift_s for hit_s in hits_s]
                if step.flam and times[0] >= FLAM_S:
                    notes.append(Note(float(min(times[0] - FLAM_S, last)), line.note, _within(velocity * _GRACE)))
                notes.extend(Note(float(min(max(time, Fraction(0)), last)), line.note, velocity) for time in times)
        beat += pattern.bars * settings.bar_beats
        start += _length(pattern)
    return Song(tuple(sorted(notes)), float(length), tuple(tempos), tuple(meters), file.name)


def _length(pattern: Pattern) -> Fraction:
    return pattern.bars * pattern.settings.bar_beats * pattern.settings.beat_s


def _most_notes(pattern: Pattern) -> int:
    steps = pattern.bars * pattern.settings.bar_steps
    return sum(
        steps // len(line.steps) * sum(step.hits + step.flam for step in line.steps if step is not None)
        for line in pattern.lines
    )


def _places(pattern: Pattern, line: Line) -> list[tuple[int, Step, list[Fraction]]]:
    """Each step that is struck: its number, itself, and where its hits are, in seconds from the pattern's start."""
    settings = pattern.settings
    found = []
    for at in range(pattern.bars * settings.bar_steps):
        step = line.steps[at % len(line.steps)]
        if step is not None:
            beats = (
                settings.swung(Fraction(at, settings.steps) + Fraction(hit, step.hits * settings.steps))
                for hit in range(step.hits)
            )
            found.append((at, step, [beat * settings.beat_s + step.nudge_s for beat in beats]))
    return found


def _draw(key: str) -> Fraction:
    """A number from 0 up to 1 that hangs on the key alone: a change of one line leaves the others as they were."""
    return Fraction(int.from_bytes(hashlib.blake2b(key.encode(), digest_size=4).digest()), 1 << 32)


def _within(velocity: Fraction | int) -> int:
    return min(max(round(velocity), 1), LAST_VELOCITY)
