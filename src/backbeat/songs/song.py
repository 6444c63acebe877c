"""A song: when which note is struck, and how hard."""

from __future__ import annotations

from dataclasses import dataclass

from backbeat.errors import SongError

LAST_NOTE = LAST_VELOCITY = 127


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
class Song:
    """Hits in order of time.

    Attributes:
        notes: in order.
        length_s: to the end of the last bar: what a loop repeats after.
    """

    notes: tuple[Note, ...]
    length_s: float
