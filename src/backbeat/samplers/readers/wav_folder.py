"""A folder of samples, with what their names tell: which drum, how hard, which take.

The note is the one in the name (`note36`), or that before all names (`36 kick`), or General MIDI's for the drum.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from backbeat.audio.folders import passed_over, samples
from backbeat.errors import KitError
from backbeat.families import notes_of
from backbeat.samplers.description import LAST_NOTE, LAST_VELOCITY, Layer, SampledKit, SampledPad, Take
from backbeat.samplers.readers.folder import KitFolder
from backbeat.samplers.readers.grouping import drums_of, is_strength
from backbeat.samplers.readers.naming import Named
from backbeat.samplers.readers.placing import is_told, placed
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
    folders: dict[Path, list[tuple[Path, str, int | None]]] = defaultdict(list)
    for each, number in zip(usable, leading, strict=True):
        stem, place = each.stem[number.end() :] if as_notes and number else each.stem, each.parent
        while place != folder.root and is_strength(place.name):
            stem, place = f"{place.name} {stem}", place.parent
        folders[place].append((each, stem, int(number[1]) if as_notes and number else None))
    drums: dict[tuple[Path, str], list[tuple[Named, Path]]] = defaultdict(list)
    notes: dict[tuple[Path, str], int | None] = {}
    for place, files in folders.items():
        told = drums_of([stem for _, stem, _ in files], _told_by(place.relative_to(folder.root).parts))
        for (each, _, note), of_file in zip(files, told, strict=True):
            drum = (place, of_file.drum.casefold())
            drums[drum].append((of_file, each))
            if notes.get(drum) is None:
                notes[drum] = of_file.note if note is None else note
        if len(told) > 1 and told[0].number is not None and len(set(map(_but_for_number, told))) == 1:
            remarks.list("Files that differ by a number alone were read as takes of one drum, in", [place.name])
    names = [plain(files[0][0].drum) for files in drums.values()]
    pads = zip(names, placed(names, list(notes.values())), notes.values(), drums.values(), strict=True)
    return tuple(
        SampledPad(name, note, note, _layers(files), is_placed=is_told(name, given))
        for name, note, given, files in sorted(pads, key=lambda each: each[1])
    )


def _but_for_number(told: Named) -> Named:
    return replace(told, number=None)


def _told_by(folders: tuple[str, ...]) -> str:
    """What the folders that a file is in tell: the innermost, after the nearest that tells a drum if it does not."""
    if not folders or notes_of(folders[-1]):
        return folders[-1] if folders else ""
    around = next((each for each in reversed(folders) if notes_of(each)), "")
    return f"{around} {folders[-1]}".strip()


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
