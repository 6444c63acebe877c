"""The folder of a kit: whatever a kit file names is looked for here, and nowhere else.

Kit files come from anywhere, and name files as their makers' systems did: with backslashes, in another case. A name
that leads out of the folder, by `..`, from the root of the disk or by a link, is not followed.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from backbeat.audio.headers import Layout, layout
from backbeat.errors import AudioError, KitError
from backbeat.samplers.readers.remarks import Remarks, plain

MOST_BYTES = 16 * 2**20
"""Of one kit file, which is text."""

BEGIN_BYTES = 4096
"""Of a file, by which its kind is told."""

MOST_FILES = 20_000
"""In a folder and those in it."""

MOST_DEPTH = 16
MOST_NAME = 1_000
"""Characters of a name with its folders."""

MOST_TEXT = 2 * MOST_BYTES
"""Bytes of all kit files together."""

MOST_SAMPLE_BYTES = 2**28
_DRIVE = re.compile(r"[A-Za-z]:")


class KitFolder:
    """A folder whose files may be read, and what was found odd about them.

    Attributes:
        root: outside of which nothing is read, without links.
        remarks: on names that differ, and samples that are not there.
        elements: of XML that were read.
    """

    def __init__(self, root: Path, remarks: Remarks) -> None:
        self.root = Path(os.path.realpath(root))
        self.remarks = remarks
        self.elements = 0
        self._read = 0
        self._names: dict[str, dict[str, str]] = {}
        self._samples: dict[tuple[Path, str], Path | None] = {}
        self._layouts: dict[Path, Layout] = {}

    def locate(self, name: str, base: Path | None = None) -> Path:
        """The file of that name, relative to `base` or else to the root.

        Raises:
            KitError: if there is none, or it is outside the folder.
        """
        told = plain(name)
        spelled = name.strip().replace("\\", "/")
        if not spelled or "\0" in spelled or len(spelled) > MOST_NAME:
            raise KitError(f"found the name {told!r}; must be that of a file")
        if spelled.startswith("/") or _DRIVE.match(spelled):
            raise KitError(f"found {told!r}, outside the kit's folder; must be in it")
        current = Path(os.path.realpath(base or self.root))
        other_case = False
        for part in spelled.split("/"):
            if part in ("", "."):
                continue
            entry = current.parent if part == ".." else current / part
            if not self._holds(entry):
                raise KitError(f"found {told!r}, outside the kit's folder; must be in it")
            if not os.path.lexists(entry):
                known = self._listed(current).get(_folded(part))
                if known is None:
                    raise KitError(f"found no file {told!r}; must be in the kit's folder")
                entry, other_case = current / known, True
                if not self._holds(entry):
                    raise KitError(f"found {told!r}, outside the kit's folder; must be in it")
            current = Path(os.path.realpath(entry))
        if other_case:
            self.remarks.list("Found under a name in another case", [current.relative_to(self.root).as_posix()])
        return current

    def text(self, path: Path) -> str:
        """A text file of the folder: UTF-8 where it is, Windows' Latin-1 where it is not.

        Raises:
            KitError: as `content`.
        """
        content = self.content(path)
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            return content.decode("utf-16", "replace")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return content.decode("cp1252", "replace")

    def content(self, path: Path) -> bytes:
        """The bytes of a file of the folder.

        Raises:
            KitError: if it is outside, no file, cannot be read, or holds more than `MOST_BYTES`.
        """
        if not self._holds(path):
            raise KitError(f"found {plain(path.name)!r}, outside the kit's folder; must be in it")
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):
                raise KitError(f"found {plain(path.name)!r}, which is no file; must be one")
            with open(path, "rb") as file:
                content = file.read(MOST_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise KitError(
                f"found {plain(path.name)!r}, which cannot be read ({reason}); must be a file that can"
            ) from error
        if len(content) > MOST_BYTES:
            raise KitError(f"found more than {MOST_BYTES:,} bytes of text; must be at most that")
        self._read += len(content)
        if self._read > MOST_TEXT:
            raise KitError(f"found files with more than {MOST_TEXT:,} bytes of text; must be at most that")
        return content

    def begin(self, path: Path) -> bytes:
        """The first bytes of a file; none if it cannot be read."""
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):
                return b""
            with open(path, "rb") as file:
                return file.read(BEGIN_BYTES)
        except OSError:
            return b""

    def sample(self, name: str, base: Path | None = None) -> Path | None:
        """The sound file of that name; none, with a remark, if there is none that can be read."""
        key = (base or self.root, name)
        if key not in self._samples:
            try:
                path = self.locate(name, base)
                self.layout(path)
            except (KitError, AudioError, OSError) as error:
                outside = "outside the kit's folder" in str(error)
                unreadable = not isinstance(error, KitError)
                why = "are outside the kit's folder" if outside else "are no sound" if unreadable else "are missing"
                self.remarks.list(f"Samples that {why} were left out", [name])
                self._samples[key] = None
            else:
                self._samples[key] = path
        return self._samples[key]

    def layout(self, path: Path) -> Layout:
        """What the header of a sample says.

        Raises:
            AudioError: if it is no sound file, or larger than `MOST_SAMPLE_BYTES`.
        """
        if path not in self._layouts:
            if os.stat(path).st_size > MOST_SAMPLE_BYTES:
                raise AudioError(f"{path}: more than {MOST_SAMPLE_BYTES:,} bytes; allowed: at most that")
            self._layouts[path] = layout(path)
        return self._layouts[path]

    def files(self) -> Iterator[Path]:
        """All files of the folder and of those in it, in order of their names; links are not followed.

        Raises:
            KitError: if there are more than `MOST_FILES`, or folders within each other deeper than `MOST_DEPTH`.
        """
        count = 0
        for place, folders, names in os.walk(self.root):
            folders.sort()
            if len(Path(place).relative_to(self.root).parts) > MOST_DEPTH:
                raise KitError(f"found folders deeper than {MOST_DEPTH}; must be at most that")
            count += len(names)
            if count > MOST_FILES:
                raise KitError(f"found more than {MOST_FILES:,} files; must be at most that")
            for name in sorted(names):
                path = Path(place, name)
                if not path.is_symlink():
                    yield path

    def _holds(self, path: Path) -> bool:
        real = Path(os.path.realpath(path))
        return real == self.root or self.root in real.parents

    def _listed(self, folder: Path) -> dict[str, str]:
        """Names in a folder by what they are but for case and accents' composition."""
        if str(folder) not in self._names:
            try:
                names = sorted(os.listdir(folder))[:MOST_FILES]
            except OSError:
                names = []
            self._names[str(folder)] = {_folded(each): each for each in reversed(names)}
        return self._names[str(folder)]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
