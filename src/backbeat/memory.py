"""Memory that is used again: on a CPU, to fetch it anew from the system takes as long as the rendering."""

import ctypes
import os
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""As glibc's malloc.h numbers them."""
_MOST_OF_ONE_BYTES = 1 << 25
"""What glibc allows."""
_MOST_KEPT_BYTES = 1 << 28


def keep_freed_memory() -> None:
    """Have glibc keep blocks of up to 32 MB, 256 MB in all, for the next that asks, unless the environment says else.

    As it comes, it gives large blocks back as soon as they are freed. On other systems this does nothing.
    """
    if sys.platform != "linux" or {"MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"} & os.environ.keys():
        return
    allocator = ctypes.CDLL(None)
    if hasattr(allocator, "mallopt"):  # musl has none
        allocator.mallopt(_MMAP_THRESHOLD, _MOST_OF_ONE_BYTES)
        allocator.mallopt(_TRIM_THRESHOLD, _MOST_KEPT_BYTES)
