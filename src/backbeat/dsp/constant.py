"""Numbers of Python's as tensors, made once for each device."""

from functools import lru_cache

import torch
from torch import Tensor

_KEYS = torch._C._TorchDispatchModeKey
_TRACERS = _KEYS.FAKE, _KEYS.PROXY, _KEYS.FUNCTIONAL


def constant(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """The values, (n,), that are not to be written to.

    To a GPU they have to be copied, for which it waits, and which it cannot do while a graph of its work is recorded.
    """
    if is_watched():
        return torch.tensor(values, dtype=dtype, device=device)
    return _made(values, dtype, device)


def is_watched() -> bool:
    """Whether a compiler, an export or a transform looks on: what is made then is no tensor that could be kept."""
    if torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active():
        return True
    return any(torch._C._get_dispatch_mode(tracer) is not None for tracer in _TRACERS)


@lru_cache(maxsize=64)
def _made(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    # What is born under inference_mode could never again be used where gradients flow.
    with torch.inference_mode(False):
        return torch.tensor(values, dtype=dtype, device=device)
