"""Memory: used again, since on a CPU to fetch it anew from the system takes as long as the rendering; or used up."""

import ctypes
import os
import sys

import torch
from torch import Tensor

from backbeat.types import Mono, Params, Seeds

SAMPLES_AT_A_TIME = 3_000_000
"""Over the batch, on a CPU: memory used again is many times as fast as memory fetched anew."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""As glibc's malloc.h numbers them."""
_MOST_OF_ONE_BYTES = 1 << 25
"""What glibc allows."""
_MOST_KEPT_BYTES = 1 << 28
_OUT_OF_MEMORY = "can't allocate memory", "out of memory", "ALLOC_FAILED"
"""As PyTorch says it of a CPU, CUDA of itself, and its libraries of themselves."""


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


def is_out_of_memory(error: Exception) -> bool:
    """Whether that is what went wrong: PyTorch has a class for it, which not all of it raises."""
    return isinstance(error, torch.OutOfMemoryError) or any(sign in str(error) for sign in _OUT_OF_MEMORY)


def pieces(params: Params, samples: int) -> list[slice]:
    """The batch, in equal pieces of no more than some samples where it is rendered piece by piece."""
    batch = params.shape[0]
    if torch.compiler.is_compiling():  # for a batch of any size
        return [slice(None)]
    many = -(-batch * samples // SAMPLES_AT_A_TIME) if params.device.type == "cpu" else 1
    size = -(-batch // many)
    return [slice(first, first + size) for first in range(0, batch, size)]


def of_each(seeds: Seeds, some: slice) -> Tensor:
    """The seeds of a piece, which may share one."""
    return seeds if seeds.shape[0] == 1 else seeds[some]


def joined(sounds: list[Mono]) -> Mono:
    """The sounds of all pieces."""
    return torch.cat(sounds) if len(sounds) > 1 else sounds[0]
