"""Operations of our own: what they are to PyTorch, where they may stand, and how their gradient gets one itself."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from backbeat.dsp.tracing import is_watched


def operation(
    name: str,
    compute: Callable[..., Any],
    shapes: Callable[..., Any],
    gradient: tuple[Callable[..., None], Callable[..., Any]] | None = None,
) -> Callable[..., Any]:
    """A function of tensors as an operation of PyTorch's, of which a compiler sees no more than the name.

    Eager code calls the function itself: to be called by name, PyTorch reads in its compiler, for a second.

    Args:
        name: in the namespace `backbeat`.
        compute: the function, annotated: its annotations are the operation's.
        shapes: takes the same, and returns empty tensors of the shapes and strides of the result.
        gradient: `setup_context` and `backward`, as of a `torch.autograd.Function`; none where it has none.
    """
    named = torch.library.custom_op(f"backbeat::{name}", compute, mutates_args=())
    named.register_fake(shapes)
    here = compute
    if gradient is not None:
        setup_context, backward = gradient
        named.register_autograd(backward, setup_context=setup_context)
        methods = {"forward": compute, "setup_context": setup_context, "backward": backward}
        function: Any = type(name, (torch.autograd.Function,), {of: staticmethod(each) for of, each in methods.items()})
        here = function.apply

    def call(*arguments: Any) -> Any:
        return (named if is_watched() else here)(*arguments)

    return call


def differentiable_gradients(result: Tensor, inputs: Sequence[Tensor], grad_result: Tensor) -> list[Tensor | None]:
    """Gradients of what PyTorch's operations have made, which can be differentiated; none where it is not asked for."""
    wanted = [each for each in inputs if each.requires_grad]
    gradients = iter(torch.autograd.grad(result, wanted, grad_result, create_graph=True))
    return [next(gradients) if each.requires_grad else None for each in inputs]
