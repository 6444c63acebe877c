"""Whether what Triton makes of a kernel on this machine does what its formula says."""

import warnings
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

_CLOSE = 1e-4
"""How far apart results may lie, as a share of the largest value."""


def agree(
    what: str,
    device: torch.device,
    by_kernels: Callable[[], Iterable[Tensor]],
    by_formula: Callable[[], Iterable[Tensor]],
) -> bool:
    """Whether kernels run on a device, and find what the formula does; if not, a warning says why.

    Args:
        what: is rendered by them.
        device: where.
        by_kernels: what they find in a small case.
        by_formula: the same, by PyTorch.
    """
    try:
        pairs = zip(by_kernels(), by_formula(), strict=True)
        apart = [float((found - wanted).abs().max() / wanted.abs().max()) for found, wanted in pairs]
        reason = "" if all(each < _CLOSE for each in apart) else f"results are off by {max(apart):.1g}"
    except torch.OutOfMemoryError:  # which says nothing of the kernels
        raise
    except Exception as error:  # a compiler's, a driver's, a linker's: whatever it is, there is another way
        reason = next(iter(str(error).splitlines()), type(error).__name__)
    if reason:
        warnings.warn(f"{device}: {what} without Triton, which takes longer ({reason})", stacklevel=2)
    return not reason


def spread(device: torch.device, *shape: int) -> Tensor:
    """Values from 0 up to 1, in an order that looks like chance."""
    count = torch.arange(torch.Size(shape).numel(), device=device, dtype=torch.float32)
    return torch.frac(count * 0.6180339887).reshape(shape)
