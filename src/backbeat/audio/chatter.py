"""What decoders print is taken in, so that a damaged file is told in our own line alone.

libsndfile's decoders print to C's streams where a file is damaged: mpg123 to `stderr`, those of ALAC and SDS to
`stdout`, where results go, and none of them can be told not to. Both are variables of C. While a file is decoded they
name a stream in memory instead; file descriptors 1 and 2 stay what they are. So what Python prints, in any thread, and
what processes print that are begun meanwhile, goes where it always goes.
"""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from threading import RLock

_NAMES = {"linux": ("stdout", "stderr"), "darwin": ("__stdoutp", "__stderrp")}

_ONE_AT_A_TIME = RLock()
"""The variables are the whole process's."""

if hasattr(os, "register_at_fork"):  # a child is never left with the stream of a decoder that it does not have
    os.register_at_fork(
        before=_ONE_AT_A_TIME.acquire,
        after_in_parent=_ONE_AT_A_TIME.release,
        after_in_child=_ONE_AT_A_TIME.release,
    )


@dataclass(frozen=True)
class _Streams:
    """C's variables, and a stream in memory that is never closed: another thread may be printing to it still."""

    library: ctypes.CDLL
    variables: tuple[ctypes.c_void_p, ...]
    memory: ctypes.c_void_p
    text: ctypes.c_void_p
    size: ctypes.c_size_t

    def taken(self) -> list[str]:
        """The lines that were printed since the last time."""
        self.library.fflush(self.memory)
        text = ctypes.string_at(self.text.value, self.size.value) if self.text.value and self.size.value else b""
        self.library.fseek(self.memory, ctypes.c_long(0), os.SEEK_SET)
        return text.decode("utf-8", "replace").splitlines()


@contextmanager
def overheard(lines: list[str]) -> Iterator[None]:
    """Add what C prints during the block to `lines` instead; decoders in other threads wait until it is over.

    On Windows, and with a C library whose streams are constants (musl), it goes where it always goes.
    """
    streams = _streams()
    if streams is None:
        yield
        return
    with _ONE_AT_A_TIME:
        before = [each.value for each in streams.variables]
        for each in streams.variables:
            each.value = streams.memory.value
        try:
            yield
        finally:
            for each, value in zip(streams.variables, before, strict=True):
                each.value = value
            lines += streams.taken()


@cache
def _streams() -> _Streams | None:
    names = _NAMES.get(sys.platform)
    if names is None:
        return None
    try:
        library = ctypes.CDLL(None)
        if sys.platform == "linux":
            library.gnu_get_libc_version  # noqa: B018 - which glibc alone has
        variables = tuple(ctypes.c_void_p.in_dll(library, name) for name in names)
        text, size = ctypes.c_void_p(), ctypes.c_size_t()
        library.open_memstream.restype = ctypes.c_void_p
        memory = ctypes.c_void_p(library.open_memstream(ctypes.byref(text), ctypes.byref(size)))
    except (OSError, AttributeError, ValueError):
        return None
    return _Streams(library, variables, memory, text, size) if memory.value else None
