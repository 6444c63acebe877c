"""Which files of a folder are one drum, and what it is called.

- Files whose names agree but for how hard they were struck and which take they are, are one drum: `kick_v1_rr2`.
- A folder whose files tell nothing else is a drum: `Snare/hit 1`, `Kick/soft`, `Kick/kick 1`.
- Numbers at the end of other names tell drums from each other: `Kick 01` and `Kick 02` beside `BD_fat`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from backbeat.families import notes_of
from backbeat.samplers.readers.naming import Named, named


def drums_of(stems: Sequence[str], folder: str = "") -> list[Named]:
    """What the names of one folder's files tell; those that tell the same drum are of one pad.

    Args:
        stems: the names of all its files, without suffixes.
        folder: what its own name tells; nothing where it is the kit's.
    """
    inside = [named(stem, in_drum=True) for stem in stems] if folder else []
    same = {"" if _joined(each.drum) == _joined(folder) else each.drum.casefold() for each in inside}
    alike = len(same) == 1 and len({notes_of(stem) for stem in stems}) == 1  # `Tom 1` and `Tom 2` are two of the set
    if alike and not _is_plural(folder) and (same == {""} or notes_of(folder)):
        drum = _of_folder("" if same == {""} else inside[0].drum, folder)
        return [replace(each, drum=drum) for each in inside]
    return [_of_file(stem, folder) for stem in stems]


def is_strength(folder: str) -> bool:
    """Whether a folder is called by how hard its files were struck, and not by a drum: `soft`, `v1`."""
    told = named(folder, in_drum=True)
    return not told.drum and told.strength is not None


def _of_folder(rest: str, folder: str) -> str:
    """The drum of a folder whose files all tell the same besides: `Snare`, but a `Hat` with `open 1` is `Hat open`."""
    if not rest or notes_of(rest) == notes_of(folder):
        return folder
    return rest if notes_of(rest) else f"{folder} {rest}"


def _of_file(stem: str, folder: str) -> Named:
    """A drum of its own: in a folder that tells a drum, `fat` is `Kick fat`."""
    told = named(stem)
    if notes_of(folder) and not notes_of(told.drum):
        told = named(f"{folder} {stem}")
    return told if told.number is None else replace(told, drum=f"{told.drum} {told.number}")


def _joined(name: str) -> str:
    return "".join(each for each in name.casefold() if each.isalnum())


def _is_plural(name: str) -> bool:
    """Whether a folder is called by several drums, such as `Kicks`."""
    return name.casefold().endswith("s") and not name.casefold().endswith("ss")
