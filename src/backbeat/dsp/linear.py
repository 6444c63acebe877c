"""Matrix products whose every bit depends on one item alone, and not on the batch around it."""

import torch
from jaxtyping import Float
from torch import Tensor


def matmul(first: Float[Tensor, "... rows inner"], second: Float[Tensor, "... inner columns"]) -> Float[Tensor, "..."]:
    """Matrix product over any leading axes, which broadcast.

    Where there are fewer products than threads, each is split over threads and rounds differently from one in a larger
    batch. So that every thread has a product of its own, they then get copies of themselves for company. Compiled code,
    whose bits are its own, goes without.

    On CUDA, float32 is multiplied in float64: with TF32, which training scripts switch on for the whole process, a
    phase would keep 10 bits. It also leaves float32 the same bits in most batches.
    """
    if first.device.type == "cuda" and first.dtype == torch.float32:
        return (first.double() @ second.double()).float()
    if torch.compiler.is_compiling() or first.device.type != "cpu":
        return first @ second
    products = max(first.shape[:-2].numel(), second.shape[:-2].numel())
    copies = -(-torch.get_num_threads() // max(products, 1))
    if copies == 1:
        return first @ second
    return (first.expand(copies, *first.shape) @ second.expand(copies, *second.shape))[0]
