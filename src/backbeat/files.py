"""Writing a file whole or not at all, reading one that may be anything, and names of files as text."""

import errno
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

_Document = TypeVar("_Document")


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; move it there when the block ends, drop it when the block fails.

    Whoever reads `path` sees the old file or the new one, never a part. A symbolic link stays one: the file
    it points to is replaced.

    Args:
        path: the file to write. Its folder must exist.

    Yields:
        A path that does not exist yet, in the same folder and with the same suffix (libraries look at it).
        The block creates it, so the new file has the permissions that the user's umask gives.

    Raises:
        OSError: if `path` is a folder or a device, and whatever the block raises.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if target.exists() and not target.is_file():
        # Moving a file onto /dev/null or a pipe would destroy it for everyone.
        raise OSError(errno.EINVAL, "Not a regular file", str(path))
    temporary = target.with_name(f".{secrets.token_hex(8)}{target.suffix}")
    try:
        yield temporary
        os.replace(temporary, target)
    finally:
        # Already moved, or never created; the error on its way out matters more than one from here.
        with suppress(OSError):
            temporary.unlink()


def distinct(names: Iterable[str], joint: str) -> list[str]:
    """The names; one that was there before, in whatever case, with the joint and a number behind it."""
    taken: set[str] = set()
    found = []
    for wanted in names:
        name, copy = wanted, 1
        while name.casefold() in taken:
            copy += 1
            name = f"{wanted}{joint}{copy}"
        taken.add(name.casefold())
        found.append(name)
    return found


def encodable(text: str) -> str:
    """Text that UTF-8 can hold: a file name that is not UTF-8 reaches Python with lone surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8")


def read_document(
    path: str | Path, read: Callable[[str], _Document], *, most_bytes: int, kind: str, form: str, error: type[Exception]
) -> _Document:
    """What a function makes of the text of a JSON file, which is bounded before it is read.

    Args:
        path: the file.
        read: makes the document of the text, and raises `error` where that is none.
        most_bytes: size of the file, at most.
        kind: of the document, as `a patch`.
        form: what a file of that size is, as `a small JSON file`.
        error: what is raised.

    Raises:
        error: naming the file.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as found:
        raise error(f"{path}: cannot be read ({found.strerror}); must be {kind}, a JSON file") from found
    if len(content) > most_bytes:
        raise error(f"{path}: larger than {most_bytes} bytes; must be {kind}, {form}")
    try:
        return read(content.decode("utf-8"))
    except UnicodeDecodeError as found:
        raise error(f"{path}: not text; must be {kind}, a JSON file in UTF-8") from found
    except error as found:
        raise error(f"{path}: {found}") from found


def write_document(path: str | Path, text: str, error: type[Exception]) -> None:
    """Write a text file, whole or not at all.

    Raises:
        error: naming the file, where it cannot be written.
    """
    try:
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as found:
        raise error(f"{path}: cannot be written ({found.strerror})") from found
