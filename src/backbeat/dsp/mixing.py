"""Sums of products, in memory that is used again where no gradient asks for what was there."""

import torch
from torch import Tensor

from backbeat.dsp.own import shared_shape
from backbeat.types import Mono


def mix(signal: Mono, *others: tuple[Mono, Mono]) -> Mono:
    """A signal, and others times their envelopes: `x + Σ_k x_k e_k`.

    Args:
        signal: x, (..., samples).
        others: x_k and e_k, each (..., samples).
    """
    total = signal
    for index, (other, envelope) in enumerate(others):
        total = with_product(total, other, envelope) if index else torch.addcmul(total, other, envelope)
    return total


def with_product(total: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """`total + first · second`, in the memory of the total, which the caller gives up, where it may be."""
    fits = shared_shape(total.shape, first.shape, second.shape) == total.shape
    if may_overwrite() and fits and total.dtype == first.dtype == second.dtype:
        return total.addcmul_(first, second)
    return torch.addcmul(total, first, second)


def may_overwrite() -> bool:
    """Whether memory may be used again: no gradient asks for what was there, and no compiler or transform looks on."""
    return not (torch.is_grad_enabled() or torch.compiler.is_compiling() or torch._C._are_functorch_transforms_active())
