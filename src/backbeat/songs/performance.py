"""A file of patterns as it is played: every hit with its swing, nudge, flam, ratchet, chance and humanize."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from fractions import Fraction
from typing import TypeAlias

from backbeat.errors import SongError
from backbeat.songs.pattern import Line, Pattern, PatternFile
from backbeat.songs.settings import Humanize
from backbeat.songs.song import LAST_VELOCITY, MAX_NOTES, MAX_SECONDS, Meter, Note, Song, Tempo
from backbeat.songs.steps import FLAM_S, Step

_Place: TypeAlias = tuple[int, Step, list[float]]
"""Of a step that is struck: its number, itself, and where its hits are, in seconds from the pattern's start."""
_GRACE = 0.5
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
    last_s = float(length - _LAST_PLACE * file.order[-1].settings.beat_s)
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
            key = f"{file.seed} {seed} {turn} {line.voice}"
            hits = _hits(line_places, float(start), settings.humanize_of(line.note), key)
            notes.extend(
                Note(min(max(at_s, 0.0), last_s), line.note, min(max(round(velocity), 1), LAST_VELOCITY))
                for at_s, velocity in hits
            )
        beat += pattern.bars * settings.bar_beats
        start += _length(pattern)
    return Song(tuple(sorted(notes)), float(length), tuple(tempos), tuple(meters), file.name)


def _hits(places: list[_Place], start_s: float, humanize: Humanize, key: str) -> Iterator[tuple[float, float]]:
    """When a line's hits are, and how hard; the key names the line and its pattern's turn."""
    for at, step, hits_s in places:
        chance, earlier, softer = _draws(f"{key} {at}")
        if chance >= step.chance:
            continue
        shift_s = start_s + humanize.time_s * (1.0 - 2.0 * earlier)
        velocity = step.velocity + humanize.velocity * (1.0 - 2.0 * softer)
        grace_s = shift_s + hits_s[0] - FLAM_S
        if step.flam and grace_s >= 0.0:
            yield grace_s, _GRACE * velocity
        for hit_s in hits_s:
            yield shift_s + hit_s, velocity


def _length(pattern: Pattern) -> Fraction:
    return pattern.bars * pattern.settings.bar_beats * pattern.settings.beat_s


def _most_notes(pattern: Pattern) -> int:
    steps = pattern.bars * pattern.settings.bar_steps
    return sum(
        steps // len(line.steps) * sum(step.hits + step.flam for step in line.steps if step is not None)
        for line in pattern.lines
    )


def _places(pattern: Pattern, line: Line) -> list[_Place]:
    settings = pattern.settings
    found = []
    for at in range(pattern.bars * settings.bar_steps):
        step = line.steps[at % len(line.steps)]
        if step is not None:
            beats = [settings.swung((at + Fraction(hit, step.hits)) / settings.steps) for hit in range(step.hits)]
            found.append((at, step, [float(beat * settings.beat_s) + step.nudge_s for beat in beats]))
    return found


def _draws(key: str) -> list[float]:
    """Three numbers from 0 up to 1 that depend on the key alone: changing one line leaves others as they were."""
    digest = hashlib.blake2b(key.encode(), digest_size=12).digest()
    return [int.from_bytes(digest[at : at + 4]) / 2**32 for at in (0, 4, 8)]
