"""A folder of samples, with what their names tell: which drum, how hard, which take.

- `kick_v1_rr2`, `snare-hard-3`, `tom soft2`: files whose names agree but for these are one pad.
- Files of one folder within the kit's that differ by a number at the end only are takes of one pad: `Snare/snare 01`.
- Any other file is a pad of its own: `Kick 01` and `Kick 02` beside each other are two kicks.

The note is the one in the name (`note36`), or that before all names (`36 kick`), or General MIDI's for the drum.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from backbeat.audio.folders import passed_over, samples
from backbeat.errors import KitError
from backbeat.samplers.description import LAST_NOTE, LAST_VELOCITY, Layer, SampledKit, SampledPad, Take
from backbeat.samplers.readers.folder import KitFolder
from backbeat.samplers.readers.naming import Named, named
from backbeat.samplers.readers.placing import placed
from backbeat.samplers.readers.remarks import Remarks, plain, shown

_LEADING = re.compile(r"(\d{1,3})[\s_\-.]+(?=\S)")
_FIRST_NUMBERED = 20
"""Numbers before all names are notes if none is lower: below, they number the files."""


def read(path: Path, root: Path | None = None) -> SampledKit:
    """Read a folder of sound files as a kit.

    Args:
        path: of the folder.
        root: not needed: nothing leads out of a folder that links are not followed in.

    Raises:
        KitError: if it has no sound file that can be read, or more drums than there are notes.
    """
    del root
    remarks = Remarks()
    folder = KitFolder(path, remarks)
    try:
        pads = _pads(folder, remarks)
    except KitError as error:
        raise KitError(f"{shown(path)}: {error}") from error
    return SampledKit(plain(folder.root.name) or "Kit", pads, notes=remarks.sentences())


def _pads(folder: KitFolder, remarks: Remarks) -> tuple[SampledPad, ...]:
    found, passed = samples(folder.files(), folder.root)
    if passed:
        remarks.say(passed_over(passed))
    usable = [each for each in found if folder.sample(each.relative_to(folder.root).as_posix()) is not None]
    if not usable:
        raise KitError(f"found no sound file that can be read{remarks.because()}; must be at least one")
    leading = [_LEADING.match(each.stem) for each in usable]
    numbers = [int(each[1]) for each in leading if each]
    as_notes = len(numbers) == len(usable) and min(numbers) >= _FIRST_NUMBERED and max(numbers) <= LAST_NOTE
    drums: dict[tuple[Path, str, int | None], list[tuple[Named, Path]]] = defaultdict(list)
    notes: dict[tuple[Path, str, int | None], int | None] = {}
    for each, number in zip(usable, leading, strict=True):
        told = named(each.stem[number.end() :] if as_notes and number else each.stem)
        # A number alone tells takes of one drum from each other only where the drum has a folder of its own.
        own = told.number if each.parent == folder.root else None
        drum = (each.parent, told.drum.casefold(), own)
        drums[drum].append((told, each))
        notes.setdefault(drum, int(number[1]) if as_notes and number else told.note)
    names = [_name(files, number) for (_, _, number), files in drums.items()]
    numbered = placed(names, list(notes.values()))
    return tuple(
        SampledPad(name, note, note, _layers([*files]))
        for name, note, files in sorted(zip(names, numbered, drums.values(), strict=True), key=lambda each: each[1])
    )


def _name(files: list[tuple[Named, Path]], number: int | None) -> str:
    return plain(files[0][0].drum if number is None else f"{files[0][0].drum} {number}")


def _layers(files: list[tuple[Named, Path]]) -> tuple[Layer, ...]:
    """Takes by how hard they were struck: equal steps of velocity, or up to the velocities that names give."""
    by_strength: dict[int, list[tuple[Named, Path]]] = defaultdict(list)
    for told, path in files:
        by_strength[told.strength or 0].append((told, path))
    strengths = sorted(by_strength)[:LAST_VELOCITY]
    if strengths[-1] <= LAST_VELOCITY < 2 * strengths[-1] and strengths[0] > 0 and len(strengths) < strengths[-1]:
        tops = [*strengths[:-1], LAST_VELOCITY]
    else:
        tops = [(at + 1) * LAST_VELOCITY // len(strengths) for at in range(len(strengths))]
    return tuple(
        Layer(low + 1, top, tuple(Take(path) for _, path in sorted(by_strength[strength], key=_order)))
        for low, top, strength in zip([0, *tops], tops, strengths, strict=False)
    )


def _order(file: tuple[Named, Path]) -> tuple[int, str]:
    told, path = file
    return (told.turn or told.number or 0, path.name)
