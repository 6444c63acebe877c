"""Notes for pads whose file gives them none: General MIDI's by name, else those that are free."""

from __future__ import annotations

from collections.abc import Sequence

from backbeat.errors import KitError
from backbeat.families import notes_of
from backbeat.samplers.description import LAST_NOTE

FIRST_NOTE = 36
"""Where drums begin: General MIDI's bass drum."""


def placed(names: Sequence[str], given: Sequence[int | None] | None = None) -> list[int]:
    """A note for each pad, no two alike: the one that is given where it is free, that of its name, or a free one.

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
    anywhere = [*range(FIRST_NOTE, LAST_NOTE + 1), *range(FIRST_NOTE - 1, -1, -1)]
    for pad in range(len(names)):
        take(pad, anywhere)
    return [note for note in notes if note is not None]
