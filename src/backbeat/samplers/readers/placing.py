"""Notes for pads whose file gives them none: General MIDI's by name, else those that are free."""

from __future__ import annotations

from collections.abc import Sequence

from backbeat.errors import KitError
from backbeat.families import notes_of
from backbeat.samplers.description import LAST_NOTE, SampledPad
from backbeat.samplers.readers.remarks import Remarks

FIRST_NOTE = 36
"""Where drums begin: General MIDI's bass drum."""

_BASIC = range(35, 60)
"""Where General MIDI has the drums of a drum set."""

_ANYWHERE = (*range(_BASIC.stop, LAST_NOTE + 1), *range(_BASIC.start - 1, -1, -1), *reversed(_BASIC))


def placed(names: Sequence[str], given: Sequence[int | None] | None = None) -> list[int]:
    """A note for each pad, no two alike: the one that is given where it is free, that of its name, or a free one.

    Free ones are from 60 up, then from 34 down: a basic drum's note is another drum's only where no other is left.

    Raises:
        KitError: if there are more pads than notes.
    """
    if len(names) > LAST_NOTE + 1:
        raise KitError(f"found {len(names):,} pads; must be at most {LAST_NOTE + 1}, one for each note")
    notes: list[int | None] = [None] * len(names)
    taken: set[int] = set()

    def take(pad: int, wanted: Sequence[int]) -> None:
        if notes[pad] is None and (free := next((note for note in wanted if note not in taken), None)) is not None:
            notes[pad] = free
            taken.add(free)

    for pad, note in enumerate(given or ()):
        take(pad, () if note is None else (note,))
    for pad, name in enumerate(names):
        take(pad, notes_of(name))
    for pad in range(len(names)):
        take(pad, _ANYWHERE)
    return [note for note in notes if note is not None]


def placed_as_given(pads: Sequence[SampledPad], given: Sequence[int | None], remarks: Remarks) -> list[int]:
    """`placed`, of pads whose kit gives them notes, with a remark on those that it gives another's."""
    notes = placed([pad.name for pad in pads], given)
    moved = [pad.name for pad, wanted, note in zip(pads, given, notes, strict=True) if wanted not in (None, note)]
    if moved:
        remarks.list("Instruments on a note that another has went to a free one", moved)
    return notes


def is_told(name: str, given: int | None) -> bool:
    """Whether a kit says where a pad belongs, by a note or by a name that tells a drum."""
    return given is not None or bool(notes_of(name))
