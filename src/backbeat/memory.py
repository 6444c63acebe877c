"""Memory: how much of a batch is rendered at a time, and what is said when it is used up."""

import torch
from torch import Tensor

from backbeat.types import Mono, Params, Seeds

SAMPLES_AT_A_TIME = 3_000_000
"""Over the batch, on a CPU: memory used again is many times as fast as memory fetched anew."""

_OUT_OF_MEMORY = "can't allocate memory", "out of memory", "ALLOC_FAILED"
"""As PyTorch says it of a CPU, CUDA of itself, and its libraries of themselves."""


def is_out_of_memory(error: Exception) -> bool:
    """Whether that is what went wrong: PyTorch has a class for it, which not all of it raises."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(sign in str(error) for sign in _OUT_OF_MEMORY)


def batch_chunks(params: Params, samples: int) -> list[slice]:
    """The batch, in equal pieces of no more than some samples where it is rendered piece by piece."""
    batch = params.shape[0]
    if torch.compiler.is_compiling():  # for a batch of any size
        return [slice(None)]
    many = -(-batch * samples // SAMPLES_AT_A_TIME) if params.device.type == "cpu" else 1
    size = -(-batch // many)
    return [slice(first, first + size) for first in range(0, batch, size)]


def chunk_seeds(seeds: Seeds, some: slice) -> Tensor:
    """The seeds of a piece, which may share one."""
    return seeds if seeds.shape[0] == 1 else seeds[some]


def concat(sounds: list[Mono]) -> Mono:
    """The sounds of all pieces."""
    return torch.cat(sounds) if len(sounds) > 1 else sounds[0]
