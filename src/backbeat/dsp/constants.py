"""Numbers that formulas need on a device, made once for each.

To a GPU they have to be copied, for which it waits, and which it cannot do while a graph of its work is recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from backbeat.dsp.tracing import is_watched


def constant(values: tuple[float, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """The values, (n,), that are not to be written to."""
    return table(np.array, values, dtype=dtype, device=device)


def table(make: Callable[..., Any], *arguments: Any, dtype: torch.dtype, device: torch.device) -> Tensor:
    """What a function makes of hashable arguments, as a tensor that is not to be written to."""
    if is_watched():  # what is made then could not be kept
        return torch.from_numpy(np.asarray(make(*arguments))).to(device=device, dtype=dtype)
    return _made(make, arguments, dtype, device)


@lru_cache(maxsize=256)
def _made(make: Callable[..., Any], arguments: tuple[Any, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    # What is born under inference_mode could never again be used where gradients flow.
    with torch.inference_mode(False):
        return torch.from_numpy(np.asarray(make(*arguments))).to(device=device, dtype=dtype)
