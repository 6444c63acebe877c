"""Functions of controls, entry by entry: of handles while a chain is recorded, and of tensors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from backbeat.dsp.tape import Control, Handle, function
from backbeat.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Sequence


def exp(x: Any) -> Any:
    """`e^x`."""
    return _of("exp", x)


def log(x: Any) -> Any:
    """The natural logarithm."""
    return _of("log", x)


def sqrt(x: Any) -> Any:
    """The square root."""
    return _of("sqrt", x)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    return _of("tanh", x)


def sin(x: Any) -> Any:
    """The sine of radians."""
    return _of("sin", x)


def cos(x: Any) -> Any:
    """The cosine of radians."""
    return _of("cos", x)


def minimum(a: Any, b: Any) -> Any:
    """The lesser of two."""
    return _of("minimum", a, b)


def maximum(a: Any, b: Any) -> Any:
    """The greater of two."""
    return _of("maximum", a, b)


def clamp(x: Any, low: Any, high: Any) -> Any:
    """`x` kept between two bounds."""
    return minimum(maximum(x, low), high)


def stack(*controls: Any) -> Any:
    """The entries of controls and numbers, one after the other, as one control."""
    tape = next((each.tape for each in controls if isinstance(each, Handle)), None)
    if tape is None:
        return _torch_stack(controls)
    handles = [each if isinstance(each, Control) else tape.constant(each) for each in controls]
    return tape.control("concatenate", tuple(each.number for each in handles), sum(each.size for each in handles))


def total(control: Any) -> Any:
    """The sum of a control's entries."""
    if isinstance(control, Control):
        return control.tape.control("sum", (control.number,))
    return control.sum(-1, keepdim=True)


def _of(name: str, *operands: Any) -> Any:
    if any(isinstance(each, Handle) for each in operands):
        return function(name, *operands)
    if all(isinstance(each, int | float) for each in operands):
        return (
            getattr(math, name)(*operands) if hasattr(math, name) else {"minimum": min, "maximum": max}[name](*operands)
        )
    return apply(name, *operands)


def apply(name: str, *operands: Any) -> Any:
    """A function of tensors and numbers by its name in a program."""
    import torch

    if name == "power":  # PyTorch's own rounds differently in the vectorised body and in the tail of a tensor
        return torch.exp(operands[1] * torch.log(operands[0]))
    if name in ("minimum", "maximum") and any(isinstance(each, int | float) for each in operands):
        number = next(each for each in operands if isinstance(each, int | float))
        tensor = next(each for each in operands if isinstance(each, torch.Tensor))
        return tensor.clamp(max=number) if name == "minimum" else tensor.clamp(min=number)
    like = next(each for each in operands if isinstance(each, torch.Tensor))
    tensors = [each if isinstance(each, torch.Tensor) else like.new_tensor(each) for each in operands]
    return getattr(torch, {"absolute": "abs", "negate": "neg"}.get(name, name))(*tensors)


def shared_shape(*shapes: Any) -> Any:
    """The shape that all broadcast to."""
    import torch

    # Not by `torch.broadcast_shapes`, which reads in a computer algebra system.
    alike = (torch.empty(()).expand(shape) for shape in shapes)
    tensors: Any = torch.broadcast_tensors(*alike)  # type: ignore[no-untyped-call]
    return tensors[0].shape


def expanded(*controls: Any) -> list[Any]:
    """Tensors over the leading axes that they share, float64."""
    lead = shared_shape(*(each.shape[:-1] for each in controls))
    return [each.double().expand(*lead, -1) for each in controls]


def _torch_stack(controls: Sequence[Any]) -> Any:
    import torch

    like = next((each for each in controls if isinstance(each, torch.Tensor)), None)
    if like is None:
        raise PluginError("stack: found numbers alone; must have a control among them, or be grid.constant(…)")
    lead = shared_shape(*(each.shape[:-1] for each in controls if isinstance(each, torch.Tensor)))
    columns = [each if isinstance(each, torch.Tensor) else like.new_tensor([float(each)]) for each in controls]
    return torch.cat([each.expand(*lead, each.shape[-1]) for each in columns], dim=-1)
