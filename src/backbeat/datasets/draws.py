"""Random numbers that belong to an item: a hash of its index, and so the same in any batch, on any device."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from backbeat.dsp import Grid, noise
from backbeat.dsp.noise import LATTICE_HZ

_STREAMS = 16


def uniform(indices: Int64[Tensor, " batch"], seed: int, stream: int, count: int) -> Float[Tensor, "batch count"]:
    """So many numbers in [0, 1] for each item, float32.

    Args:
        indices: of the items, below 2^31.
        seed: of the whole dataset.
        stream: tells apart what one item draws for different ends, below 16.
        count: numbers an item.
    """
    grid = Grid(float(LATTICE_HZ), count, indices.to(torch.int32))
    return 0.5 + 0.5 * noise(grid, stream=seed * _STREAMS + stream)


def normal(indices: Int64[Tensor, " batch"], seed: int, stream: int, count: int) -> Float[Tensor, "batch count"]:
    """So many numbers of mean 0 and variance 1: a sum of four uniform ones, which any device adds alike."""
    parts = uniform(indices, seed, stream, 4 * count).unflatten(-1, (4, count))  # type: ignore[no-untyped-call]
    return 3.0**0.5 * ((parts[:, 0] + parts[:, 1]) + (parts[:, 2] + parts[:, 3]) - 2.0)
