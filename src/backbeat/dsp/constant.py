"""Numbers of Python's as tensors, made once for each device."""

from functools import lru_cache

import torch
from torch import Tensor


def constant(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """The values, (n,), that are not to be written to.

    To a GPU they have to be copied, for which it waits, and which it cannot do while a graph of its work is recorded.
    """
    # What a compiler or an export makes on its way is no tensor that could be kept.
    make = _made.__wrapped__ if torch.compiler.is_compiling() else _made
    return make(values, dtype, device)


@lru_cache(maxsize=64)
def _made(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    # What is born under inference_mode could never again be used where gradients flow.
    with torch.inference_mode(False):
        return torch.tensor(values, dtype=dtype, device=device)
