"""What a sampler's kit is, whatever its format: pads, their layers by velocity, and takes in turn.

Readers and writers of all formats meet here: a writer is given a `SampledKit`, and a reader returns one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from backbeat.errors import KitError

LAST_NOTE = LAST_VELOCITY = 127


@dataclass(frozen=True)
class Take:
    """One recording of a hit.

    Attributes:
        file: a sound file.
        gain_db: how much louder than the file it is played.
        tune_st: how much higher than the file it is played, semitones.
    """

    file: Path
    gain_db: float = 0.0
    tune_st: float = 0.0


@dataclass(frozen=True)
class Layer:
    """The takes of one range of velocities, played in turn.

    Attributes:
        low: the least MIDI velocity that plays it, from 1.
        high: the greatest, to 127.
        takes: at least one, in the order in which they are played.
    """

    low: int
    high: int
    takes: tuple[Take, ...]

    def __post_init__(self) -> None:
        if not 1 <= self.low <= self.high <= LAST_VELOCITY:
            raise KitError(f"layer: found velocities {self.low} to {self.high}; must be from 1 to {LAST_VELOCITY}")
        if not self.takes:
            raise KitError(f"layer: found no takes at velocities {self.low} to {self.high}; must be at least one")


@dataclass(frozen=True)
class SampledPad:
    """One instrument of a kit.

    Attributes:
        name: for people.
        low_note: the first MIDI note that plays it, from 0.
        high_note: the last, to 127; most pads have one note.
        root_note: the note at which takes sound as they were recorded, where the pitch follows the notes; none where
            all notes sound the same.
        level_db: of all its takes.
        pan: from -1, left, to 1, right: the far side is turned down, to 1 - |pan|.
        choke_group: a hit silences whatever sounds in the same group; 0 is no group.
        output: of the sampler, from 1; 0 is the main one alone.
        layers: by velocity from soft to loud, without holes between them or overlaps.
        is_placed: whether a kit or the name says where the pad belongs; false where a reader chose a free note.
    """

    name: str
    low_note: int
    high_note: int
    layers: tuple[Layer, ...]
    root_note: int | None = None
    level_db: float = 0.0
    pan: float = 0.0
    choke_group: int = 0
    output: int = 0
    is_placed: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.low_note <= self.high_note <= LAST_NOTE:
            raise KitError(
                f"pad {self.name}: found notes {self.low_note} to {self.high_note}; must be from 0 to {LAST_NOTE}"
            )
        if not -1.0 <= self.pan <= 1.0:
            raise KitError(f"pad {self.name}: found pan {self.pan:g}; must be from -1 to 1")
        if not self.layers:
            raise KitError(f"pad {self.name}: found no layers; must be at least one")
        for lower, upper in zip(self.layers, self.layers[1:], strict=False):
            if upper.low <= lower.high:
                raise KitError(
                    f"pad {self.name}: found layers that overlap at velocity {upper.low}; must follow each other"
                )


@dataclass(frozen=True)
class SampledKit:
    """A kit of recordings.

    Attributes:
        name: for people.
        author: who made it.
        licence: under which others may use it, an SPDX identifier where there is one.
        pads: of it.
        notes: what a reader left out or put right, one sentence each.
    """

    name: str
    pads: tuple[SampledPad, ...]
    author: str = ""
    licence: str = ""
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if not self.pads:
            raise KitError(f"kit {self.name}: found no pads; must be at least one")
