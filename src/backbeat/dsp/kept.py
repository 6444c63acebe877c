"""Where compiled code is to stop and write down what it has."""

import torch
from torch import Tensor


def is_fusing() -> bool:
    """Whether this is being compiled to run here, and not for export, which knows no operations of our own."""
    return torch.compiler.is_compiling() and not torch.compiler.is_exporting()


def kept(values: Tensor) -> Tensor:
    """The values, which compiled code computes once.

    A compiler makes one loop of all that leads to a sample, and so computes a short table anew for each sample that
    reads it, or looks up element by element what lies in another order. What is kept is laid down first. Everywhere
    else this does nothing.
    """
    if is_fusing():
        kept_values: Tensor = _lay_down(values)
        return kept_values
    return values


@torch.library.custom_op("backbeat::lay_down", mutates_args=())
def _lay_down(values: Tensor) -> Tensor:
    return values.clone(memory_format=torch.contiguous_format)


@_lay_down.register_fake
def _(values: Tensor) -> Tensor:
    return torch.empty_like(values, memory_format=torch.contiguous_format)


def _backward(_: object, gradient: Tensor) -> Tensor:
    return kept(gradient)


torch.library.register_autograd("backbeat::lay_down", _backward)
