"""The text of an SFZ file as its headers with their opcodes: comments, `#define` and `#include` are dealt with here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from backbeat.errors import KitError
from backbeat.samplers.readers.folder import MOST_BYTES, KitFolder
from backbeat.samplers.readers.remarks import plain

MOST_INCLUDES = 256
MOST_INCLUDED_DEPTH = 16
MOST_HEADERS = 65_536
MOST_OPCODES = 500_000
MOST_STRAY = 10_000
"""Words that are no opcode."""

MOST_VALUE = 1_000
"""Characters of a value, `$` names replaced."""

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|//[^\r\n]*", re.DOTALL)
_HEADER = re.compile(r"<\s*([A-Za-z_]\w*)\s*>")
_OPCODE = re.compile(r"([A-Za-z_$][\w$]*)=")
_WORD = re.compile(r"\S+")
_DEFINE = re.compile(r"#define\s+\$(\w{1,64})\s+(\S+)")
_INCLUDE = re.compile(r'#include\s*"([^"]*)"')
_DOLLAR = re.compile(r"\$(\w{1,64})")
_EMBEDDED = re.compile(r"<sample>[^<]*")
"""A header that holds samples as text, which are not read."""


@dataclass
class Header:
    """A header, such as `region`, and the opcodes under it, in order."""

    name: str
    opcodes: list[tuple[str, str]] = field(default_factory=list)


def headers(folder: KitFolder, path: Path) -> Iterator[Header]:
    """The headers of an SFZ file and of what it includes, in order.

    Raises:
        KitError: if a file cannot be read, is not in the kit's folder, includes itself, or more than is bearable.
    """
    yield from _Reading(folder, path.parent).run(path)


class _Reading:
    """What is known so far while a file is read: definitions, which files are open, the last header."""

    def __init__(self, folder: KitFolder, base: Path) -> None:
        self._folder = folder
        self._base = base
        self._definitions: dict[str, str] = {}
        self._open: list[Path] = []
        self._included = self._characters = self._headers = self._opcodes = self._stray = 0
        self._header: Header | None = None

    def run(self, path: Path) -> Iterator[Header]:
        yield from self._file(path, self._folder.text(path))
        if self._header is not None:
            yield self._header

    def _file(self, path: Path, text: str) -> Iterator[Header]:
        if path in self._open:
            raise KitError(f"#include: found {plain(path.name)!r}, which includes itself; must not go round")
        self._included += 1
        self._characters += len(text)
        if self._included > MOST_INCLUDES or len(self._open) >= MOST_INCLUDED_DEPTH or self._characters > MOST_BYTES:
            raise KitError(
                f"#include: found more than {MOST_INCLUDES} files, {MOST_INCLUDED_DEPTH} within each other, or "
                f"{MOST_BYTES:,} characters; must be at most that"
            )
        self._open.append(path)
        text, embedded = _EMBEDDED.subn("", text)
        if embedded:
            self._folder.remarks.list("Headers that are not read", ["<sample>"])
        for line in _COMMENT.sub("\n", text).splitlines():
            for at, piece in enumerate(_HEADER.split(line)):
                if at % 2:
                    if self._header is not None:
                        yield self._header
                    self._header = Header(piece.lower())
                    self._headers += 1
                    if self._headers > MOST_HEADERS:
                        raise KitError(f"found more than {MOST_HEADERS:,} headers; must be at most that")
                elif piece.strip():
                    yield from self._piece(piece)
        self._open.pop()

    def _piece(self, text: str) -> Iterator[Header]:
        """What stands between two headers of a line: opcodes, whose values may have blanks, and directives."""
        opcode, start, end, skip_to = "", 0, 0, 0
        for word in _WORD.finditer(text):
            if word.start() < skip_to:
                continue
            found = _OPCODE.match(word[0])
            directive = word[0].startswith(("#include", "#define"))
            if found or directive:
                self._add(opcode, text[start:end])
                opcode = ""
            if found:
                opcode, start = found[1], word.start() + found.end()
            elif defined := _DEFINE.match(text, word.start()):
                self._definitions[defined[1]] = self._expanded(defined[2])
                skip_to = defined.end()
            elif included := _INCLUDE.match(text, word.start()):
                skip_to = included.end()
                yield from self._include(self._expanded(included[1]))
            elif directive or not opcode:
                self._stray += 1
                if self._stray > MOST_STRAY:
                    raise KitError(f"found {MOST_STRAY:,} words that are no opcode; must be SFZ")
                self._folder.remarks.list("Text that is no opcode was left out", [word[0]])
            end = word.end()
            if opcode and end - start > 8 * MOST_VALUE:  # which the blanks in it may make it, but no name
                self._add(opcode, text[start:end])
        self._add(opcode, text[start:end])

    def _include(self, name: str) -> Iterator[Header]:
        try:
            try:
                path = self._folder.locate(name, self._base)
            except KitError as error:
                path = self._beside(name, error)
            text = self._folder.text(path)
        except KitError as error:
            raise KitError(f"#include: {error}") from error
        yield from self._file(path, text)

    def _beside(self, name: str, error: KitError) -> Path:
        """The file of that name beside the one that includes it, for players differ in where they look."""
        try:
            return self._folder.locate(name, self._open[-1].parent)
        except KitError:
            raise error from None

    def _add(self, opcode: str, value: str) -> None:
        if not opcode:
            return
        if self._header is None:
            self._folder.remarks.list("Opcodes before the first header were left out", [opcode])
            return
        self._opcodes += 1
        if self._opcodes > MOST_OPCODES:
            raise KitError(f"found more than {MOST_OPCODES:,} opcodes; must be at most that")
        self._header.opcodes.append((self._expanded(opcode).lower(), self._expanded(value.strip())))

    def _expanded(self, text: str) -> str:
        """A text with its `$` names replaced, each by the longest that is defined."""
        if "$" in text:
            text = _DOLLAR.sub(self._definition, text[: MOST_VALUE + 1])
        if len(text) > MOST_VALUE:
            raise KitError(
                f"found {plain(text[:40])!r}, a value that is longer than {MOST_VALUE}; must be at most that"
            )
        return text

    def _definition(self, found: re.Match[str]) -> str:
        name = found[1]
        for length in range(len(name), 0, -1):
            if name[:length] in self._definitions:
                return self._definitions[name[:length]] + name[length:]
        self._folder.remarks.list("Names that are not defined were left as they are", [found[0]])
        return found[0]
