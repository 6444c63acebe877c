"""What is constant to a compiler that could not follow it; imported where one looks on, since that reads it in."""

import torch

from backbeat.dsp import eager


@torch.compiler.assume_constant_result  # type: ignore[untyped-decorator]
def has_kernels() -> bool:
    """As that of `eager`."""
    return eager.has_kernels()


@torch.compiler.assume_constant_result  # type: ignore[untyped-decorator]
def one_step(name: str, sizes: tuple[int, ...], attributes: tuple[tuple[str, float], ...], signals: int) -> str:
    """As that of `eager`."""
    return eager.one_step(name, sizes, attributes, signals)
