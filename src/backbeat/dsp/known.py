"""What eager code on the CPU may know of its values, to leave out work that would change no sample."""

import torch
from torch import Tensor


def known(values: Tensor) -> list[float] | None:
    """The values, laid out flat; none where they are not there to be read: elsewhere, compiled, or under vmap."""
    if torch.compiler.is_compiling() or values.device.type != "cpu":
        return None
    try:
        return values.detach().flatten().tolist()
    except RuntimeError:  # vmap has no other way to say it
        return None
