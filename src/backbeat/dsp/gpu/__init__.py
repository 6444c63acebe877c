"""What is written for a GPU, in Triton, and where it may stand."""

from importlib.util import find_spec

import torch
from torch import Tensor

_HAS_TRITON = find_spec("triton") is not None


def takes_gpu_kernels(values: Tensor) -> bool:
    """Whether they may be used: for float32 on a GPU, where neither `torch.func` nor an export has a hand in."""
    if not _HAS_TRITON or values.device.type != "cuda" or values.dtype != torch.float32:
        return False
    return not (torch.compiler.is_exporting() or torch._C._are_functorch_transforms_active())
