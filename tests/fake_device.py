"""A device that is not the CPU, for machines that have no other: tensors that say they are elsewhere.

What they hold is computed on the CPU. As on a GPU, an operation refuses tensors of the CPU beside them, but for single
numbers; what is copied there or back is noted. An index may lie on the CPU: PyTorch copies it.
"""

from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

NAME = "meta"
"""Which has its place in PyTorch, and nothing behind it."""
COPIES = {"aten::_to_copy", "aten::copy_", "aten::_local_scalar_dense", "aten::index.Tensor"}


class Remote(Tensor):
    """A tensor elsewhere."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> "Remote":
        made = Tensor._make_wrapper_subclass(
            cls, held.shape, strides=held.stride(), storage_offset=held.storage_offset(), dtype=held.dtype, device=NAME
        )
        made.held = held
        return made

    @classmethod
    def __torch_dispatch__(cls, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(operation, args, kwargs or {})


class FakeDevice(TorchDispatchMode):
    """While this is on, what is made there is a `Remote`; `copies` names what went over."""

    def __init__(self) -> None:
        super().__init__()
        self.copies: list[str] = []
        self._tensors = _FromPython()

    def __enter__(self) -> "FakeDevice":
        super().__enter__()
        self._tensors.__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        self._tensors.__exit__(*raised)
        super().__exit__(*raised)

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        found = _run(operation, args, kwargs)
        if operation.name() in COPIES and _crosses(args, kwargs, found):
            self.copies.append(operation.name())
        return found


class _FromPython(TorchFunctionMode):
    """Numbers of Python's that become a tensor there: PyTorch would forget them, since nothing is behind it."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if function is torch.tensor and torch.device(kwargs.get("device") or "cpu").type == NAME:
            return torch.tensor(*args, **{**kwargs, "device": "cpu"}).to(NAME)
        if function is Tensor.new_tensor and isinstance(args[0], Remote):
            return torch.tensor(*args[1:], dtype=args[0].dtype).to(NAME)
        return function(*args, **kwargs)


def _crosses(args: Any, kwargs: Any, found: Any) -> bool:
    places = {isinstance(each, Remote) for each in tree_leaves((args, kwargs, found)) if isinstance(each, Tensor)}
    return len(places) > 1 or not isinstance(found, Tensor)


def _run(operation: Any, args: Any, kwargs: Any) -> Any:
    tensors = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
    remote = any(isinstance(each, Remote) for each in tensors)
    if remote and operation.name() not in COPIES:
        strays = [each for each in tensors if not isinstance(each, Remote) and each.dim()]
        if strays:
            raise RuntimeError(f"{operation.name()}: found {len(strays)} tensors on the CPU beside others elsewhere")
    device = kwargs.get("device")
    there = remote if device is None else torch.device(device).type == NAME
    held_kwargs = dict(kwargs)
    if device is not None:
        held_kwargs["device"] = torch.device("cpu")
    unheld = tree_map_only(Remote, lambda each: each.held, (args, held_kwargs))
    found = operation(*unheld[0], **unheld[1])
    if operation._schema.is_mutable:
        return kwargs.get("out", args[0] if args else None)
    return tree_map_only(Tensor, Remote, found) if there else found
