"""What is written for a GPU, in Triton, and where it stands in for a formula."""

from importlib.util import find_spec

import torch

from backbeat.dsp.grid import Grid
from backbeat.dsp.tracing import takes_operations

_HAS_TRITON = find_spec("triton") is not None


def takes_gpu_kernels(grid: Grid) -> bool:
    """Whether they may be used: for float32 on a GPU, where neither `torch.func` nor an export has a hand in."""
    return _HAS_TRITON and grid.device.type == "cuda" and grid.dtype == torch.float32 and takes_operations()
