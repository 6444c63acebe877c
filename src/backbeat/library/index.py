"""The index of a library: one SQLite file that says which sounds there are and what they were matched with.

Three tables. `request` holds what was asked for; `samples` one row for each file, with the content that it holds or the
reason why it could not be read or matched; `matches` one row for each content. Each result is one transaction: it is
there once, or not at all. A match goes when the sample whose stem its files have gets another content.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backbeat.errors import LibraryError
from backbeat.files import encodable
from backbeat.library.job import Match
from backbeat.library.likeness import SIZE, Likeness
from backbeat.losses.distances import Distances

_SCHEMA = """
CREATE TABLE request (settings TEXT NOT NULL);
CREATE TABLE samples (
    path PRIMARY KEY, label NOT NULL, bytes INTEGER NOT NULL, changed_ns INTEGER NOT NULL,
    content TEXT, stem COLLATE NOCASE UNIQUE NOT NULL, seconds REAL, notes TEXT NOT NULL, reason TEXT
);
CREATE INDEX samples_by_content ON samples (content);
CREATE TABLE matches (
    content TEXT PRIMARY KEY, stem COLLATE NOCASE UNIQUE NOT NULL,
    plugin TEXT NOT NULL, patch TEXT NOT NULL,
    mel_db REAL NOT NULL, lsd_db REAL NOT NULL, mrstft REAL NOT NULL, envelope_db REAL NOT NULL,
    steps INTEGER NOT NULL, seconds REAL NOT NULL, remarks TEXT NOT NULL, likeness BLOB NOT NULL
);
CREATE VIEW library AS
    SELECT path, label, samples.seconds AS length_s, plugin, mel_db, lsd_db, mrstft, envelope_db, reason, matches.stem
    FROM samples LEFT JOIN matches USING (content);
"""
_ORDERS = {"path": "path", "best": "mel_db, path", "worst": "mel_db DESC, path"}
ORDERS = tuple(_ORDERS)
_LONGEST_STEM = 200
"""Bytes; file systems take names of 255."""


@dataclass(frozen=True)
class Sample:
    """A file of the library.

    Attributes:
        path: of the file, from the library's folder on.
        label: the folder it lies in.
        size: in bytes.
        changed_ns: when it was changed, as the file system has it.
        content: what is the same for the same sound; none where it could not be read.
        seconds: its length.
        notes: what was done to use it, a sentence each.
        reason: why it could not be read.
    """

    path: Path
    label: str
    size: int
    changed_ns: int
    content: str | None
    seconds: float
    notes: tuple[str, ...]
    reason: str | None


@dataclass(frozen=True)
class Entry:
    """A sample that was matched.

    Attributes:
        path: of the sample, from the library's folder on.
        label: the folder it lies in.
        stem: of the files with its patch and sound: `matches/STEM.patch.json`, `.wav` and `.png`.
        plugin: that came nearest.
        distances: from the sample to its match.
        steps: of descent.
        seconds: that the match took.
        remarks: what the user should know, a sentence each.
    """

    path: Path
    label: str
    stem: Path
    plugin: str
    distances: Distances
    steps: int
    seconds: float
    remarks: tuple[str, ...]


class Index:
    """An open index; see `opened`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def settings(self) -> dict[str, Any]:
        """What was asked for when the library was begun."""
        ((text,),) = self._connection.execute("SELECT settings FROM request")
        found: dict[str, Any] = json.loads(text)
        return found

    def state_of(self, path: Path) -> tuple[int, int] | None:
        """Size and time of change of a file as it was read, or none where it is not known or could not be read."""
        row = self._connection.execute(
            "SELECT bytes, changed_ns FROM samples WHERE path = ? AND content IS NOT NULL", (_stored(path),)
        ).fetchone()
        return None if row is None else (row[0], row[1])

    def note(self, sample: Sample) -> None:
        """Write down a file at the next `commit`; where it held another sound before, that one's match goes."""
        stem = _stored(self._free_stem(sample.path))
        self._connection.execute("DELETE FROM matches WHERE stem = ? AND content IS NOT ?", (stem, sample.content))
        self._connection.execute(
            "INSERT INTO samples VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET "
            "bytes = excluded.bytes, changed_ns = excluded.changed_ns, content = excluded.content, "
            "seconds = excluded.seconds, notes = excluded.notes, reason = excluded.reason",
            (
                _stored(sample.path), _storable(sample.label), sample.size, sample.changed_ns, sample.content, stem,
                sample.seconds, json.dumps(sample.notes), encodable(sample.reason or "") or None,
            ),
        )  # fmt: skip

    def commit(self) -> None:
        """Keep what was noted."""
        self._connection.commit()

    def forget_all_but(self, paths: Iterable[Path]) -> None:
        """Drop the files that are gone, but for those whose outputs a match has."""
        there = {_stored(path) for path in paths}
        rows = self._connection.execute("SELECT path FROM samples WHERE stem NOT IN (SELECT stem FROM matches)")
        gone = [(path,) for (path,) in rows if path not in there]
        with self._connection:
            self._connection.executemany("DELETE FROM samples WHERE path = ?", gone)

    def unmatched(self) -> list[tuple[str, Path, Path]]:
        """Content, path and stem of each sound without a match, the longest first.

        Of files that hold the same sound, the first.
        """
        rows = self._connection.execute(
            "SELECT content, min(path), stem FROM samples WHERE content IS NOT NULL AND content NOT IN "
            "(SELECT content FROM matches) GROUP BY content ORDER BY seconds DESC, path"
        )
        return [(content, _path(path), _path(stem)) for content, path, stem in rows]

    def add(self, content: str, stem: Path, found: Match) -> None:
        """Write down the match of a sound."""
        distances = found.distances
        with self._connection:
            self._connection.execute(
                "INSERT INTO matches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    content, _stored(stem), found.patch.plugin, found.patch.to_json(),
                    distances.mel_db, distances.lsd_db, distances.mrstft, distances.envelope_db,
                    found.steps, found.seconds, json.dumps(found.remarks), found.likeness.tobytes(),
                ),
            )  # fmt: skip
            self._connection.execute("UPDATE samples SET reason = NULL WHERE content = ?", (content,))

    def fail(self, content: str, reason: str) -> None:
        """Write down why a sound has no match."""
        with self._connection:
            self._connection.execute("UPDATE samples SET reason = ? WHERE content = ?", (encodable(reason), content))

    def counts(self) -> tuple[int, int, int]:
        """Files, those with a match, and different sounds among these."""
        ((files, matched, sounds),) = self._connection.execute(
            "SELECT count(*), count(plugin), count(DISTINCT stem) FROM library"
        )
        return files, matched, sounds

    def entries(self, order: str = "path", label: str | None = None, plugin: str | None = None) -> list[Entry]:
        """The samples that were matched.

        Args:
            order: "path", or by the mel distance: "best" or "worst" first.
            label: only those in this folder, or below it.
            plugin: only those that this plugin came nearest to.

        Raises:
            LibraryError: at another order.
        """
        if order not in _ORDERS:
            raise LibraryError(f"order: found {order!r}; must be one of {', '.join(_ORDERS)}")
        rows = self._connection.execute(
            "SELECT path, label, matches.stem, plugin, mel_db, lsd_db, mrstft, envelope_db, steps, matches.seconds, "
            "remarks, notes FROM samples JOIN matches USING (content) WHERE (? IS NULL OR plugin = ?) "
            f"ORDER BY {_ORDERS[order]}",
            (plugin, plugin),
        )
        found = (
            Entry(
                _path(path), _text(of), _path(stem), name, Distances(*distances), steps, seconds,
                (*json.loads(notes), *json.loads(remarks)),
            )
            for path, of, stem, name, *distances, steps, seconds, remarks, notes in rows
        )  # fmt: skip
        return [each for each in found if label is None or Path(each.label).is_relative_to(label)]

    def failures(self) -> list[tuple[Path, str]]:
        """Each file without a match, and why."""
        rows = self._connection.execute("SELECT path, reason FROM samples WHERE reason IS NOT NULL ORDER BY path")
        return [(_path(path), reason) for path, reason in rows]

    def duplicates(self) -> list[tuple[Path, ...]]:
        """Files that hold the same sound, together."""
        rows = self._connection.execute(
            "SELECT content, path FROM samples WHERE content IN "
            "(SELECT content FROM samples GROUP BY content HAVING count(*) > 1) ORDER BY path"
        )
        groups: dict[str, list[Path]] = {}
        for content, path in rows:
            groups.setdefault(content, []).append(_path(path))
        return [tuple(group) for group in groups.values()]

    def likenesses(self) -> tuple[Sequence[Path], Likeness]:
        """Paths of the samples that were matched, and their vectors (samples, N)."""
        rows = self._connection.execute(
            "SELECT path, likeness FROM samples JOIN matches USING (content) ORDER BY path"
        ).fetchall()
        vectors = np.frombuffer(b"".join(data for _, data in rows), np.float16)
        return [_path(path) for path, _ in rows], vectors.reshape(len(rows), SIZE)

    def _free_stem(self, path: Path) -> Path:
        """A name for the outputs of a file: no other's differs by case alone, and any end fits behind it."""
        known = self._connection.execute("SELECT stem FROM samples WHERE path = ?", (_stored(path),)).fetchone()
        if known is not None:
            return _path(known[0])
        name = path.stem
        while len(os.fsencode(name)) > _LONGEST_STEM:
            name = name[:-1]
        stem, number = path.with_name(name), 2
        while self._connection.execute("SELECT 1 FROM samples WHERE stem = ?", (_stored(stem),)).fetchone():
            stem, number = path.with_name(f"{name}-{number}"), number + 1
        return stem


@contextmanager
def opened(file: Path, settings: dict[str, Any] | None = None) -> Iterator[Index]:
    """Open an index.

    Args:
        file: it.
        settings: what is asked for: an index is begun with them, or must have been; none only reads.

    Raises:
        LibraryError: where there is none to read, it is of other settings, or cannot be read or written.
    """
    if settings is None and not file.is_file():
        raise LibraryError(f"{file}: no index of a library; must be in a folder that `backbeat library match` wrote")
    try:
        connection = sqlite3.connect(file)
        try:
            if settings is not None:
                _begin(connection, file, settings)
            yield Index(connection)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise LibraryError(f"{file}: not an index that can be read and written ({error})") from error


def _begin(connection: sqlite3.Connection, file: Path, settings: dict[str, Any]) -> None:
    if connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
        connection.executescript(f"BEGIN; {_SCHEMA}; COMMIT;")
    with connection:
        connection.execute(
            "INSERT INTO request SELECT ? WHERE NOT EXISTS (SELECT 1 FROM request)", (json.dumps(settings),)
        )
    begun = Index(connection).settings()
    for name, wanted in json.loads(json.dumps(settings)).items():
        if begun.get(name) != wanted:
            raise LibraryError(f"{file.parent}: holds a library whose {name} is {begun.get(name)!r}; found {wanted!r}")


def _stored(path: Path) -> str | bytes:
    return _storable(path.as_posix())


def _storable(text: str) -> str | bytes:
    """What SQLite can hold of a path: text, or bytes where it is not UTF-8."""
    return text if encodable(text) == text else os.fsencode(text)


def _text(stored: str | bytes) -> str:
    return os.fsdecode(stored)


def _path(stored: str | bytes) -> Path:
    return Path(_text(stored))
