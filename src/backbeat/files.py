"""Writing a file whole or not at all, and names of files as text."""

import errno
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


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
