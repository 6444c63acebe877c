"""A kit: pads on MIDI notes, and its JSON.

    {"schema": 1, "name": "808", "author": "", "licence": "CC0-1.0", "layers": 16, "round_robins": 4, "pads": [
        {"name": "kick", "note": 36, "patch": "kick/808-long", "turns": {"tune": -1.0}, "level_db": -2.0, …}, …]}

A pad's patch is one written out, the name of a preset, or a patch file in the kit's folder.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from backbeat.errors import BackbeatError, KitError, PatchError
from backbeat.files import read_document, write_document
from backbeat.patch import Patch, load, preset, turn
from backbeat.patch.document import from_document
from backbeat.plugins.base import TUNE
from backbeat.samplers.names import plain_text

SCHEMA = 1
MOST_PADS, MOST_LAYERS, MOST_ROUND_ROBINS, MOST_OUTPUTS = 128, 127, 64, 64
LAST_NOTE, LAST_VELOCITY = 127, 127
RING, CHOKE = "ring", "choke"
"""What the end of a note does to a pad: nothing, or it fades out."""
LOWEST_DB, HIGHEST_DB = -60.0, 24.0
_LARGEST_FILE = 16 << 20
_SUFFIX = ".json"


@dataclass(frozen=True)
class Pad:
    """One drum of a kit.

    Attributes:
        name: for people, for patterns, and for names of files.
        note: the MIDI note that plays it, 0 to 127.
        patch: how it sounds when it is struck as hard as can be.
        turns: macros of the patch's instrument that are turned, and by how much, in their units.
        notes: the first and the last note that play it at their own pitch, in semitones from `note`; none is `note`
            alone.
        level_db: of all its hits, -60 to 24.
        pan: from -1, left, to 1, right.
        width: how far its noise differs between left and right, 0 to 1.
        choke_group: a hit silences what sounds in the same group; 0 is no group.
        output: from 1; 0 is one of its own.
        layers: steps of velocity, if not the kit's.
        round_robins: different hits of a step, if not the kit's.
        note_off: what the end of a note does where it is played live: `RING` or `CHOKE`. Songs know no ends of notes.

    Raises:
        KitError: naming the field, the value found and what is allowed.
    """

    name: str
    note: int
    patch: Patch
    turns: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[int, int] | None = None
    level_db: float = 0.0
    pan: float = 0.0
    width: float = 0.0
    choke_group: int = 0
    output: int = 0
    layers: int | None = None
    round_robins: int | None = None
    note_off: str = RING

    def __post_init__(self) -> None:
        _keep_in_a_line(self, "name")
        _check_whole("note", self.note, 0, LAST_NOTE)
        _check_whole("choke_group", self.choke_group, 0, MOST_PADS)
        if self.note_off not in (RING, CHOKE):
            raise KitError(f"note_off: found {self.note_off!r}; must be {RING} or {CHOKE}")
        _check_whole("output", self.output, 0, MOST_OUTPUTS)
        for name, low, high in (("level_db", LOWEST_DB, HIGHEST_DB), ("pan", -1.0, 1.0), ("width", 0.0, 1.0)):
            _check_number(name, getattr(self, name), low, high)
        for name, most in (("layers", MOST_LAYERS), ("round_robins", MOST_ROUND_ROBINS)):
            if getattr(self, name) is not None:
                _check_whole(name, getattr(self, name), 1, most)
        if self.notes is not None:
            self._check_notes(self.notes)
        macros = self.patch.instrument.macros
        for name, amount in self.turns.items():
            if name not in macros:
                raise KitError(f"turns: found {name!r}; {self.patch.plugin} has {', '.join(macros) or 'no macros'}")
            _check_number(f"turns.{name}", amount, -1e3, 1e3)

    def _check_notes(self, found: object) -> None:
        whole = isinstance(found, tuple | list) and len(found) == 2 and all(type(each) is int for each in found)
        if not whole or not 0 <= found[0] <= self.note <= found[1] <= LAST_NOTE:  # type: ignore[index]
            raise KitError(
                f"notes: found {found!r}; must be the first and the last note, from 0 to {LAST_NOTE}, with {self.note}"
            )
        object.__setattr__(self, "notes", tuple(found))  # type: ignore[arg-type]
        if TUNE not in self.patch.instrument.macros:
            raise KitError(f"notes: found {found!r}; {self.patch.plugin} has no macro {TUNE}, so it has one note")

    @cached_property
    def turned(self) -> Patch:
        """The patch with its macros turned."""
        patch = self.patch
        for name, amount in self.turns.items():
            patch = turn(patch, name, amount)
        return patch

    def tuned(self, note: int) -> Patch:
        """The patch at a note that plays this pad."""
        return turn(self.turned, TUNE, float(note - self.note))

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last note that play it."""
        return self.notes or (self.note, self.note)


@dataclass(frozen=True)
class Kit:
    """Pads on MIDI notes.

    Attributes:
        name: for people.
        pads: at least one; no two on one note.
        author: who made it.
        licence: under which others may use it, an SPDX identifier where there is one.
        layers: steps of velocity: what is struck is one of so many.
        round_robins: different hits of each step, in turn.

    Raises:
        KitError: naming the field, the value found and what is allowed.
    """

    name: str
    pads: tuple[Pad, ...]
    author: str = ""
    licence: str = ""
    layers: int = 16
    round_robins: int = 4

    def __post_init__(self) -> None:
        _keep_in_a_line(self, "name", "author", "licence")
        _check_whole("layers", self.layers, 1, MOST_LAYERS)
        _check_whole("round_robins", self.round_robins, 1, MOST_ROUND_ROBINS)
        if not 1 <= len(self.pads) <= MOST_PADS:
            raise KitError(f"pads: found {len(self.pads)}; must be from 1 to {MOST_PADS}")
        names: set[str] = set()
        owners: dict[int, str] = {}
        for number, pad in enumerate(self.pads):
            if pad.name in names:
                raise KitError(f"pads[{number}].name: found {pad.name!r} twice; must be a name of its own")
            names.add(pad.name)
            for note in range(pad.span[0], pad.span[1] + 1):
                if note in owners:
                    raise KitError(
                        f"pads[{number}].note: found {note} for {pad.name}, which {owners[note]} has already; "
                        "must be a note of its own"
                    )
                owners[note] = pad.name

    @cached_property
    def pad_of_note(self) -> Mapping[int, Pad]:
        """The pad that each note plays."""
        return {note: pad for pad in self.pads for note in range(pad.span[0], pad.span[1] + 1)}

    @property
    def notes_by_name(self) -> Mapping[str, int]:
        """The note of each pad, by its name."""
        return {pad.name: pad.note for pad in self.pads}

    def layers_of(self, pad: Pad) -> int:
        """Steps of velocity of a pad."""
        return pad.layers or self.layers

    def round_robins_of(self, pad: Pad) -> int:
        """Different hits of each step of a pad."""
        return pad.round_robins or self.round_robins

    @cached_property
    def outputs(self) -> tuple[tuple[Pad, ...], ...]:
        """The pads of each stereo output: those that name the same one share it, each other pad has one of its own."""
        found: dict[object, list[Pad]] = {}
        for pad in self.pads:
            found.setdefault(pad.output or pad.name, []).append(pad)
        return tuple(tuple(pads) for pads in found.values())

    def to_json(self) -> str:
        """The kit as JSON text, its patches written out as they are, before their macros are turned."""
        document = {
            "schema": SCHEMA,
            "name": self.name,
            "author": self.author,
            "licence": self.licence,
            "layers": self.layers,
            "round_robins": self.round_robins,
            "pads": [_pad_document(pad) for pad in self.pads],
        }
        return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def free_note(first: int, taken: Container[int]) -> int:
    """A note, or the next that is free, from 0 again after the last.

    Raises:
        KitError: where none is.
    """
    for note in (*range(first, LAST_NOTE + 1), *range(first)):
        if note not in taken:
            return note
    raise KitError(f"pads: found {LAST_NOTE + 1} notes taken; must be one left for each pad")


def from_json(text: str, folder: Path | None = None) -> Kit:
    """Read a kit from JSON text.

    Args:
        text: the JSON.
        folder: where patch files are that pads name; none where they may name none.

    Raises:
        KitError: naming the field, the value found and what is allowed.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise KitError(f"not a kit: {error}; must be a JSON object") from error
    if not isinstance(document, dict):
        raise KitError(f"not a kit: found a JSON {type(document).__name__}; must be an object")
    schema = document.pop("schema", None)
    if type(schema) is not int or schema != SCHEMA:
        raise KitError(f"schema: found {schema!r}; this backbeat reads kits of schema {SCHEMA}")
    _check_fields(document, Kit)
    pads = document["pads"]
    if not isinstance(pads, list):
        raise KitError(f"pads: found {pads!r}; must be a list")
    document["pads"] = tuple(_numbered_pad(number, pad, folder) for number, pad in enumerate(pads[: MOST_PADS + 1]))
    _check_texts(document, ("name", "author", "licence"))
    return Kit(**document)


def load_kit(path: str | Path) -> Kit:
    """Read a kit file.

    Raises:
        KitError: naming the file, and the field at fault.
    """
    path = Path(path)

    def read(text: str) -> Kit:
        return from_json(text, path.parent)

    return read_document(path, read, most_bytes=_LARGEST_FILE, kind="a kit", form="a JSON file", error=KitError)


def save_kit(kit: Kit, path: str | Path) -> None:
    """Write a kit file, whole or not at all.

    Raises:
        KitError: naming the file, where it cannot be written.
    """
    write_document(Path(path), kit.to_json(), KitError)


def _pad_document(pad: Pad) -> dict[str, Any]:
    found: dict[str, Any] = {"name": pad.name, "note": pad.note}
    for each in fields(Pad):
        value = getattr(pad, each.name)
        if each.name not in (*found, "patch") and value not in (each.default, {}):
            found[each.name] = dict(value) if isinstance(value, Mapping) else value
    return {**found, "patch": json.loads(pad.patch.to_json())}


def _numbered_pad(number: int, document: object, folder: Path | None) -> Pad:
    try:
        return _pad(document, folder)
    except BackbeatError as error:
        name = document.get("name") if isinstance(document, dict) else None
        said = f" ({plain_text(name)})" if isinstance(name, str) else ""
        raise KitError(f"pads[{number}]{said}.{error}") from error


def _pad(document: object, folder: Path | None) -> Pad:
    if not isinstance(document, dict):
        raise KitError(f"pad: found {document!r}; must be an object")
    _check_fields(document, Pad)
    _check_texts(document, ("name",))
    turns = document.get("turns", {})
    if not isinstance(turns, dict):
        raise KitError(f"turns: found {turns!r}; must be an object of macros and amounts")
    return Pad(**{**document, "patch": _patch(document["patch"], folder)})


def _patch(found: object, folder: Path | None) -> Patch:
    """A patch written out, the name of a preset, or a file in the kit's folder."""
    try:
        if isinstance(found, dict):
            return from_document(found)
        if isinstance(found, str) and not found.endswith(_SUFFIX):
            return preset(found)
        if isinstance(found, str) and folder is not None:
            return load(_within(folder, found))
    except PatchError as error:
        raise KitError(f"patch: {error}") from error
    raise KitError(f"patch: found {found!r}; must be a patch, the name of a preset, or of a file in the kit's folder")


def _within(folder: Path, name: str) -> Path:
    try:
        path = (folder / name).resolve()
    except (OSError, ValueError, RuntimeError):  # a zero byte, or links that go round
        path = None
    if path is None or not path.is_relative_to(folder.resolve()):
        raise KitError(f"patch: found {name!r}, outside the kit's folder; must be a file in it")
    return path


def _keep_in_a_line(found: Kit | Pad, *names: str) -> None:
    """Put texts in one line, since they are printed, and check that there is a name."""
    if not plain_text(found.name):
        raise KitError(f"name: found {found.name!r}; must be a name")
    for name in names:
        object.__setattr__(found, name, plain_text(getattr(found, name)))


def _check_fields(document: Mapping[str, Any], kind: type[Any]) -> None:
    known = [each.name for each in fields(kind)]
    needed = [name for name in _needed(kind) if name not in document]
    if needed:
        raise KitError(f"{needed[0]}: missing; there must be {', '.join(_needed(kind))}")
    for name in document:
        if name not in known:
            raise KitError(f"{name}: no such field; there are {', '.join(known)}")


def _needed(kind: type[Any]) -> Iterator[str]:
    yield from (("name", "note", "patch") if kind is Pad else ("name", "pads"))


def _check_texts(document: Mapping[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if not isinstance(document.get(name, ""), str):
            raise KitError(f"{name}: found {document[name]!r}; must be a string")


def _check_whole(name: str, value: object, low: int, high: int) -> None:
    if type(value) is not int or not low <= value <= high:
        raise KitError(f"{name}: found {value!r}; must be a whole number from {low} to {high}")


def _check_number(name: str, value: object, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise KitError(f"{name}: found {value!r}; must be a number from {low:g} to {high:g}")
