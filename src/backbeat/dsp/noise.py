"""Noise without state: sample n of a stream is a hash of (seed, stream, n).

So the noise is the same alone or in any batch, at any length, on any device, and any part of it can be computed by
itself.
"""

import torch
from jaxtyping import Int32
from torch import Tensor

from backbeat.dsp.grid import Grid
from backbeat.types import Mono

_GOLDEN = 0x9E3779B9
_FIRST, _SECOND = 0x21F0AAAD, 0xD35A2D97


def noise(grid: Grid, stream: int) -> Mono:
    """White noise, uniform in [-1, 1), RMS 1/√3.

    Args:
        grid: where to render; its seeds choose the noise of each item.
        stream: tells apart the noises of one instrument.

    Returns:
        (batch, samples), or (1, samples) where one seed serves all; without gradient.

    References:
        | Prospecting for Hash Functions (Wellons, 2018), for the mixing constants
    """
    key = _mix(grid.seeds.to(torch.int32) ^ _signed(_mixed(stream * _GOLDEN)))
    second_key = _mix(key + _signed(_GOLDEN)).unsqueeze(-1)
    counter = torch.arange(grid.samples, device=grid.device, dtype=torch.int32)
    return _hash(counter + key.unsqueeze(-1), second_key).to(grid.dtype) * 2.0**-31


def _hash(bits: Int32[Tensor, "..."], key: Int32[Tensor, "..."]) -> Int32[Tensor, "..."]:
    """Mix, after one round under a second key, so that two seeds never see the same counters shuffled."""
    return _mix(_fold(bits, 16).mul_(_signed(_FIRST)).add_(key))


def _mix(bits: Int32[Tensor, "..."]) -> Int32[Tensor, "..."]:
    """Every output bit depends on every input bit: xor-shift and multiply, twice, wrapping."""
    bits = _fold(bits, 16).mul_(_signed(_FIRST))
    bits = _fold(bits, 15).mul_(_signed(_SECOND))
    return _fold(bits, 15)


def _mixed(word: int) -> int:
    """`_mix` of an unsigned 32-bit word."""
    word %= 2**32
    word = (word ^ word >> 16) * _FIRST % 2**32
    word = (word ^ word >> 15) * _SECOND % 2**32
    return word ^ word >> 15


def _fold(bits: Int32[Tensor, "..."], places: int) -> Int32[Tensor, "..."]:
    """`bits ^ (bits >> places)` with a logical shift: int32 has only the arithmetic one, which copies the sign."""
    return (bits >> places).bitwise_and_((1 << (32 - places)) - 1).bitwise_xor_(bits)


def _signed(word: int) -> int:
    """The int32 with the bits of an unsigned 32-bit word."""
    return (word + 2**31) % 2**32 - 2**31
