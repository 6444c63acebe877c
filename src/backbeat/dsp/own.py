"""Operations of our own: where they may stand, and how their gradient gets one itself."""

from collections.abc import Sequence

import torch
from torch import Tensor

from backbeat.dsp.kept import is_fusing
from backbeat.dsp.known import known


def takes_own_operations(values: Tensor | None) -> bool:
    """Whether they may be used: compiled, or where values are known and `torch.func` has no hand in.

    Neither an export nor a transform of `torch.func` has a rule for them.
    """
    if is_fusing():
        return True
    return values is not None and known(values) is not None and not torch._C._are_functorch_transforms_active()


def shared_shape(*shapes: torch.Size) -> torch.Size:
    """The shape that all broadcast to."""
    shared: torch.Size = torch.broadcast_shapes(*shapes)  # type: ignore[no-untyped-call]
    return shared


def differentiable_slopes(result: Tensor, inputs: Sequence[Tensor], slope: Tensor) -> list[Tensor | None]:
    """Gradients of what PyTorch's operations have made, which can be differentiated; none where it is not asked for."""
    wanted = [each for each in inputs if each.requires_grad]
    slopes = iter(torch.autograd.grad(result, wanted, slope, create_graph=True))
    return [next(slopes) if each.requires_grad else None for each in inputs]
