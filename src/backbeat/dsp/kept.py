"""Where compiled code is to stop and write down what it has."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad


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
        kept_values: Tensor = _Kept.apply(values)  # type: ignore[no-untyped-call]
        return kept_values
    return values


class _Kept(torch.autograd.Function):
    """The values, said to lie in memory in a certain order, for which they have to lie there."""

    @staticmethod
    def forward(values: Tensor) -> Tensor:
        values = values.contiguous()
        return values.as_strided(values.shape, values.stride())

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return kept(gradient)


def extended(values: Tensor, samples: int) -> Tensor:
    """For compiled code: the values, and silence after them, (..., samples): on a CPU, no question is asked of each."""
    if values.device.type != "cpu":
        return pad(values, (0, samples - values.shape[-1]))
    laid_out: Tensor = _lay_out(values, samples)
    return laid_out


def first(values: Tensor, samples: int) -> Tensor:
    """The first samples: the gradient of what a compiler is told is a slice would be full of questions as well."""
    if is_fusing() and values.device.type == "cpu" and samples < values.shape[-1]:
        begun: Tensor = _First.apply(values, samples)  # type: ignore[no-untyped-call]
        return begun
    return values[..., :samples]


class _First(torch.autograd.Function):
    """`first`, whose gradient is `extended`."""

    @staticmethod
    def forward(values: Tensor, samples: int) -> Tensor:
        return values[..., :samples]

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, int], output: Tensor) -> None:
        ctx.length = inputs[0].shape[-1]

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        return extended(slope, ctx.length), None


@torch.library.custom_op("backbeat::lay_out", mutates_args=())
def _lay_out(values: Tensor, samples: int) -> Tensor:
    return pad(values, (0, samples - values.shape[-1]))


@_lay_out.register_fake
def _(values: Tensor, samples: int) -> Tensor:
    return values.new_empty(*values.shape[:-1], samples)


def _setup(ctx: Any, inputs: tuple[Tensor, int], output: Tensor) -> None:
    ctx.length = inputs[0].shape[-1]


def _cut(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
    return gradient[..., : ctx.length], None


torch.library.register_autograd("backbeat::lay_out", _cut, setup_context=_setup)
