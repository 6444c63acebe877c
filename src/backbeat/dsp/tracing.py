"""Who looks on while tensors are computed: compilers, exports, transforms."""

import torch

_KEYS = torch._C._TorchDispatchModeKey
_TRACERS = _KEYS.FAKE, _KEYS.PROXY, _KEYS.FUNCTIONAL


def is_compiling() -> bool:
    """Whether this is compiled to run here, and not for export, which knows no operations of our own.

    What `torch.compiler.is_exporting()` returns is looked up itself: before PyTorch 2.13, whatever is compiled is told
    that it is exported.
    """
    return torch.compiler.is_compiling() and not getattr(torch.compiler, "_is_exporting_flag", False)


def is_transformed() -> bool:
    """Whether a transform of `torch.func` looks on."""
    return torch._C._are_functorch_transforms_active()


def takes_operations() -> bool:
    """Whether operations of our own may stand: where nothing looks on but autograd, or a compiler."""
    return not is_transformed() if is_compiling() else not is_watched()


def is_watched() -> bool:
    """Whether a compiler, an export or a transform looks on: what is computed then may have no values."""
    if torch.compiler.is_compiling() or is_transformed():
        return True
    return any(torch._C._get_dispatch_mode(tracer) is not None for tracer in _TRACERS)
