"""Kits in one file, tar or zip: unpacked into a folder that goes when the process ends.

Nothing of a header is believed: names that lead out of the folder, links and devices are refused, and what is written
is counted as it comes.
"""

from __future__ import annotations

import atexit
import gzip
import shutil
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

from backbeat.audio.folders import left_behind
from backbeat.errors import KitError
from backbeat.samplers.readers.folder import MOST_DEPTH, MOST_FILES
from backbeat.samplers.readers.remarks import plain, shown

MOST_UNPACKED = 4 * 2**30
MOST_RATIO = 100
"""Bytes unpacked for each that is packed: text reaches 30, silence 1000."""

MOST_MEMBER = 2**30
_FREE = 16 * 2**20
"""Bytes that may be unpacked whatever the ratio."""

_CHUNK = 2**16
_MOST_HEADER = 2**20
"""Bytes of one header of a tar file, such as that of a long name."""

_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError)
_UNSUPPORTED = (NotImplementedError, RuntimeError, OverflowError, MemoryError)
_UNFORESEEN = (LookupError, TypeError, AttributeError, struct.error)
"""What zipfile and tarfile pass on of headers that they did not foresee, such as an empty name."""

_GZIP = b"\x1f\x8b"


class _Budget:
    """What may still be unpacked."""

    def __init__(self, packed_bytes: int) -> None:
        self.most = min(MOST_UNPACKED, _FREE + MOST_RATIO * packed_bytes)
        self.spent = self.files = 0

    def spend(self, count: int) -> None:
        self.spent += count
        if self.spent > self.most:
            raise KitError(
                f"found more than {self.most:,} bytes unpacked; must be at most {MOST_RATIO} times the packed"
            )

    def file(self, name: str, size: int) -> None:
        self.files += 1
        if self.files > MOST_FILES:
            raise KitError(f"found more than {MOST_FILES:,} files and folders; must be at most that")
        if size < 0 or size > MOST_MEMBER or self.spent + size > self.most:
            most = min(MOST_MEMBER, self.most - self.spent)
            raise KitError(f"member {plain(name)!r}: found {size:,} bytes; must be at most {most:,}")


class _Unpacked:
    """A compressed stream that is read a little at a time and for no longer than the budget lasts."""

    def __init__(self, stream: Any, budget: _Budget) -> None:
        self._stream, self._budget, self._furthest = stream, budget, 0

    def read(self, count: int = -1) -> bytes:
        if not 0 <= count <= _MOST_HEADER:
            raise KitError(f"found a header of {count:,} bytes; must be at most {_MOST_HEADER:,}")
        content: bytes = self._stream.read(count)
        self._reached(self._stream.tell())
        return content

    def seek(self, place: int) -> int:
        # Further on by small steps: a compressed stream unpacks what it passes over.
        while self._stream.tell() < place:
            before = self._stream.tell()
            self._stream.seek(min(place, before + _MOST_HEADER))
            if self._stream.tell() == before:
                break
            self._reached(self._stream.tell())
        if self._stream.tell() > place:
            self._stream.seek(place)
        return self.tell()

    def tell(self) -> int:
        place: int = self._stream.tell()
        return place

    def seekable(self) -> bool:
        return True

    def _reached(self, place: int) -> None:
        if place > self._furthest:
            self._budget.spend(place - self._furthest)
            self._furthest = place


def is_archive(begin: bytes) -> bool:
    """Whether a file that begins so, with 512 bytes or more, is one that `unpacked` may read."""
    return begin.startswith((b"PK\x03\x04", b"PK\x05\x06", _GZIP)) or begin[257:262] == b"ustar"


def unpacked(path: Path) -> Path:
    """Unpack a zip file, or a tar file that is compressed or not, into a new folder that goes when the process ends.

    Raises:
        KitError: if it is damaged, locked, or out of bounds; or has links, devices, or names that lead out of it.
    """
    folder = Path(tempfile.mkdtemp(prefix="backbeat-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        with path.open("rb") as file:
            budget = _Budget(path.stat().st_size)
            begin = file.read(8)
            file.seek(0)
            members = _zip_members if begin.startswith(b"PK") else _tar_members
            for name, content in members(file, begin, budget):
                _write(folder, name, content, None if members is _tar_members else budget)
    except KitError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise KitError(f"{shown(path)}: {error}") from error
    except (*_BROKEN, *_UNSUPPORTED, *_UNFORESEEN) as error:
        shutil.rmtree(folder, ignore_errors=True)
        reason = plain(getattr(error, "strerror", None) or str(error)) or "it ends early"
        raise KitError(f"{shown(path)}: cannot be unpacked ({reason}); must be a tar or zip file") from error
    return folder


def _tar_members(file: IO[bytes], begin: bytes, budget: _Budget) -> Iterator[tuple[PurePosixPath, IO[bytes]]]:
    stream = _Unpacked(gzip.GzipFile(fileobj=file) if begin.startswith(_GZIP) else file, budget)
    with tarfile.open(fileobj=stream, mode="r:", errorlevel=2) as archive:  # type: ignore[call-overload]
        for member in archive:
            budget.file(member.name, member.size)
            if member.isdir():
                continue
            if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.issparse():
                kind = "a link" if member.issym() or member.islnk() else "neither file nor folder"
                raise KitError(f"member {plain(member.name)!r}: found {kind}; must be a file or a folder")
            content = archive.extractfile(member)
            if content is not None and (name := _inside(member.name)):
                yield name, content


def _zip_members(file: IO[bytes], begin: bytes, budget: _Budget) -> Iterator[tuple[PurePosixPath, IO[bytes]]]:
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            budget.file(member.filename, member.file_size)
            if member.is_dir():
                continue
            if stat.S_ISLNK(member.external_attr >> 16):
                raise KitError(f"member {plain(member.filename)!r}: found a link; must be a file or a folder")
            if member.flag_bits & 1:
                raise KitError(f"member {plain(member.filename)!r}: found a locked file; must be without a password")
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                found = f"found compression {member.compress_type}"
                raise KitError(f"member {plain(member.filename)!r}: {found}; must be stored or deflated")
            if name := _inside(member.filename):
                with archive.open(member) as content:
                    yield name, content


def _inside(name: str) -> PurePosixPath | None:
    """The name of a member as a path in the folder; none where a system left it behind.

    Raises:
        KitError: if it leads out of the folder.
    """
    spelled = PurePosixPath(name.replace("\\", "/"))
    parts = [part for part in spelled.parts if part != "."]
    if spelled.is_absolute() or ".." in parts or not parts or ":" in parts[0] or len(parts) > MOST_DEPTH:
        raise KitError(f"member {plain(name)!r}: found a name that leads out of the archive; must stay in it")
    return None if any(left_behind(part) for part in parts) else PurePosixPath(*parts)


def _write(folder: Path, name: PurePosixPath, content: IO[bytes], budget: _Budget | None) -> None:
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        while chunk := content.read(_CHUNK):
            if budget is not None:
                budget.spend(len(chunk))
            file.write(chunk)
