"""A song: when which note is struck, how hard, and where its beats and bars are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from backbeat.errors import SongError

LAST_NOTE = LAST_VELOCITY = 127
MAX_NOTES = 1_000_000
MAX_SECONDS = 3600


@dataclass(frozen=True, order=True)
class Note:
    """One hit.

    Attributes:
        at_s: when, in seconds since the song's start.
        note: MIDI note, 0 to 127.
        velocity: MIDI velocity, 1 to 127.
    """

    at_s: float
    note: int
    velocity: int

    def __post_init__(self) -> None:
        if not self.at_s >= 0.0 or not 0 <= self.note <= LAST_NOTE or not 1 <= self.velocity <= LAST_VELOCITY:
            raise SongError(
                f"note: found {self.note} at {self.at_s:g} s with velocity {self.velocity}; must be a note from 0 to "
                f"{LAST_NOTE} at 0 s or later, with a velocity from 1 to {LAST_VELOCITY}"
            )


@dataclass(frozen=True)
class Tempo:
    """How long beats are from a beat on. A beat is a quarter note, whatever the meter.

    Attributes:
        at_beat: from when on, in beats since the song's start.
        beat_s: the length of a beat, seconds, exactly.
    """

    at_beat: Fraction
    beat_s: Fraction

    def __post_init__(self) -> None:
        if self.at_beat < 0 or self.beat_s <= 0:
            raise SongError(
                f"tempo: found a beat of {float(self.beat_s):g} s at beat {float(self.at_beat):g}; must be longer than "
                "0 s, at beat 0 or later"
            )


@dataclass(frozen=True)
class Meter:
    """The time signature from a beat on, which starts a bar.

    Attributes:
        at_beat: from when on, in beats (quarter notes) since the song's start.
        count: how many units a bar has, from 1 to 255: the 6 of 6/8.
        unit: the unit as a share of a whole note, a power of two up to 64: the 8 of 6/8.
    """

    at_beat: Fraction
    count: int
    unit: int

    def __post_init__(self) -> None:
        if self.at_beat < 0 or not 1 <= self.count <= 255 or self.unit not in (1, 2, 4, 8, 16, 32, 64):
            raise SongError(
                f"meter: found {self.count}/{self.unit} at beat {float(self.at_beat):g}; must be 1 to 255 of 1, 2, 4, "
                "8, 16, 32 or 64, at beat 0 or later"
            )

    @property
    def bar_beats(self) -> Fraction:
        """The length of a bar in beats."""
        return Fraction(4 * self.count, self.unit)


@dataclass(frozen=True)
class Song:
    """Hits in order of time.

    Attributes:
        notes: in order, at most a million.
        length_s: to the end of the last bar: what a loop repeats after. At most an hour.
        tempos: in order, the first at beat 0; 120 beats a minute where nothing says so.
        meters: in order, the first at beat 0; 4/4 where nothing says so.
        name: for people.
        left_out: how many notes of which MIDI channels, 1 to 16, a reader left out.
    """

    notes: tuple[Note, ...]
    length_s: float
    tempos: tuple[Tempo, ...] = (Tempo(Fraction(0), Fraction(1, 2)),)
    meters: tuple[Meter, ...] = (Meter(Fraction(0), 4, 4),)
    name: str = ""
    left_out: Mapping[int, int] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if not 0.0 <= self.length_s <= MAX_SECONDS:
            raise SongError(f"song: found a length of {self.length_s:g} s; must be from 0 to {MAX_SECONDS} s")
        if len(self.notes) > MAX_NOTES:
            raise SongError(f"song: found {len(self.notes)} notes; must be at most {MAX_NOTES}")
        late = next((after for before, after in pairwise(self.notes) if after.at_s < before.at_s), None)
        if late is not None:
            raise SongError(f"song: found a note at {late.at_s:g} s after a later one; must be in order of time")
        if self.notes and self.notes[-1].at_s > MAX_SECONDS:
            raise SongError(f"song: found a note at {self.notes[-1].at_s:g} s; must be at most {MAX_SECONDS} s")
        for what, beats in (
            ("tempos", [each.at_beat for each in self.tempos]),
            ("meters", [each.at_beat for each in self.meters]),
        ):
            if not beats or beats[0] != 0 or any(after <= before for before, after in pairwise(beats)):
                found = ", ".join(f"{float(beat):g}" for beat in beats[:8]) or "none"
                raise SongError(f"song: found {what} at beats {found}; must begin at 0, each later than the one before")


class TempoMap:
    """Seconds to beats, and back, by the tempos of a song."""

    def __init__(self, tempos: tuple[Tempo, ...]) -> None:
        self._tempos = tempos
        self._starts = [Fraction(0)]
        for before, after in pairwise(tempos):
            self._starts.append(self._starts[-1] + (after.at_beat - before.at_beat) * before.beat_s)
        self._starts_s = [float(start) for start in self._starts]
        self._lines = [(float(each.at_beat), float(each.beat_s)) for each in tempos]

    def seconds(self, beat: Fraction) -> Fraction:
        """When a beat is, exactly."""
        place = bisect_right(self._tempos, beat, key=lambda each: each.at_beat) - 1
        return self._starts[place] + (beat - self._tempos[place].at_beat) * self._tempos[place].beat_s

    def beat(self, at_s: float) -> float:
        """Which beat a moment is: within float64's rounding."""
        place = max(0, bisect_right(self._starts_s, at_s) - 1)
        first, beat_s = self._lines[place]
        return first + (at_s - self._starts_s[place]) / beat_s
