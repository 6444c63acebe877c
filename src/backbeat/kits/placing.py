"""On which notes pads go, in which choke group, and how loud: where nobody says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from backbeat.families import Family, family_of, notes_of
from backbeat.kits.document import (
    HIGHEST_DB,
    LOWEST_DB,
    MOST_OUTPUTS,
    MOST_PADS,
    Kit,
    Pad,
    free_note,
)
from backbeat.kits.mixing import channel_gains, from_balance
from backbeat.parameters import BODY
from backbeat.patch import Patch, Placement
from backbeat.plugins.base import TUNE
from backbeat.samplers import SampledPad
from backbeat.songs.notes import note_of

FIRST_FREE = 60
"""Above the notes of a drum set."""
HATS = 1
"""The choke group of hats, where a kit says nothing of groups."""
_HAT_NOTES = (42, 44, 46)
"""General MIDI's."""
_ROOM_DB = -6.0
"""Peak of a kit's loudest pad, so that several may sound at once."""
_RATE, _LONGEST_S = 44_100, 1.0


def pads_of_recordings(pads: Sequence[tuple[SampledPad, str, Patch]]) -> tuple[Pad, ...]:
    """Pads of a kit of recordings, on notes of their own; where a reader chose them, on those of the instruments."""
    taken: set[int] = set()
    groups = sorted({pad.choke_group for pad, _, _ in pads} - {0})
    numbers = {group: number for number, group in enumerate(groups, 1)} if groups and groups[-1] > MOST_PADS else {}
    found: dict[str, Pad] = {}
    for pad, name, patch in sorted(pads, key=lambda each: not each[0].is_placed):
        own = set(range(pad.low_note, pad.high_note + 1))
        follows = pad.root_note is not None and len(own) > 1 and TUNE in patch.instrument.macros
        span = (pad.low_note, pad.high_note) if follows and not taken & own else None
        root = pad.low_note if span is None or pad.root_note is None else pad.root_note
        note = min(max(root, pad.low_note), pad.high_note)
        if span is None:
            usual = () if pad.is_placed else notes_of(patch.plugin)
            note = next((each for each in usual if each not in taken), None) or free_note(note, taken)
        tuned = note - root if span else 0
        tuned_st = tuned + pad.layers[-1].takes[0].tune_st
        turns = {TUNE: float(tuned_st)} if tuned_st and TUNE in patch.instrument.macros else {}
        group = numbers.get(pad.choke_group, pad.choke_group) if groups else HATS * is_hat(name, patch)
        level_db, pan = from_balance(pad.level_db, pad.pan)
        level_db, pan = round(min(max(level_db, LOWEST_DB), HIGHEST_DB), 2), round(pan, 3)
        output = pad.output if pad.output <= MOST_OUTPUTS else 0
        taken |= own if span else {note}
        found[name] = Pad(name, note, patch, turns, span, level_db, pan, 0.0, group, output)
    return tuple(found[name] for _, name, _ in pads)


def pads_of(patches: Sequence[tuple[str, Patch]]) -> tuple[Pad, ...]:
    """Pads of patches: those that are called as a drum of General MIDI on its note, others by words or instruments."""
    notes: dict[str, int] = {}
    for name, patch in sorted(patches, key=lambda each: note_of(each[0]) is None):
        exact = note_of(name)
        usual = (*(() if exact is None else (exact,)), *notes_of(name), *notes_of(patch.plugin))
        taken = set(notes.values())
        notes[name] = next((note for note in usual if note not in taken), None) or free_note(FIRST_FREE, taken)
    return tuple(Pad(name, notes[name], patch, choke_group=HATS * is_hat(name, patch)) for name, patch in patches)


def is_hat(name: str, patch: Patch) -> bool:
    """Whether a pad is a hat's, by General MIDI's name for it or by its instrument."""
    if known := notes_of(name):
        return known[0] in _HAT_NOTES
    return patch.instrument.table.with_role(BODY.open) is not None and family_of(name) in (None, Family.HAT)


def with_room(kit: Kit) -> Kit:
    """The kit with all pads turned down as far as leaves room for a beat: its loudest then peaks at -6 dBFS."""
    peak_db = max(_peak_db(pad) for pad in kit.pads)
    if peak_db <= _ROOM_DB:
        return kit
    down_db = round(peak_db - _ROOM_DB, 1)
    return replace(kit, pads=tuple(replace(pad, level_db=max(pad.level_db - down_db, LOWEST_DB)) for pad in kit.pads))


def _peak_db(pad: Pad) -> float:
    """Of a pad's hardest hit, dBFS."""
    sound = pad.turned.sound(Placement(_RATE, round(_LONGEST_S * _RATE)))
    peak = float(np.abs(sound).max()) * float(np.max(channel_gains(1.0, pad.pan)))
    return pad.level_db + 20.0 * float(np.log10(max(peak, 1e-10)))
