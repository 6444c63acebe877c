"""Bands at levels that are straight lines from block to block, on a GPU: each band is read once, and the sum written.

A program holds some blocks of one item in registers and adds up its bands.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from backbeat.dsp.grid import BLOCK

_TILE = 32
"""Blocks that a program renders."""
_WARPS = 8


@triton.jit
def _place(tiles, blocks, samples, TILE: tl.constexpr, BLOCK: tl.constexpr):
    """Item, blocks, which of them are there, samples, and which of those."""
    item = (tl.program_id(0) // tiles).to(tl.int64)
    block = (tl.program_id(0) % tiles) * TILE + tl.arange(0, TILE)
    sample = block[:, None] * BLOCK + tl.arange(0, BLOCK)[None, :]
    return item, block, block < blocks, sample, sample < samples


@triton.jit
def _render(
    levels, parts, sound, bands, blocks, samples, tiles,
    SEVERAL: tl.constexpr, TILE: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Some blocks of one item."""
    item, block, there, sample, heard = _place(tiles, blocks, samples, TILE, BLOCK)
    rise = (tl.arange(0, BLOCK) * (1.0 / BLOCK))[None, :]
    total = tl.zeros([TILE, BLOCK], tl.float32)
    for band in range(bands):
        level = levels + (item * bands + band) * (blocks + 1) + block
        first = tl.load(level, mask=there, other=0.0)
        gained = tl.load(level + 1, mask=there, other=0.0) - first
        part = tl.load(parts + (item * SEVERAL * bands + band) * samples + sample, mask=heard, other=0.0)
        total += (first[:, None] + gained[:, None] * rise) * part
    tl.store(sound + item * samples + sample, total, mask=heard)


@triton.jit
def _differentiate(
    grad_sound, parts, grad_first, grad_last, bands, blocks, samples, tiles,
    SEVERAL: tl.constexpr, TILE: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Gradients of the levels where some blocks of one item begin, and where they end."""
    item, block, there, sample, heard = _place(tiles, blocks, samples, TILE, BLOCK)
    rise = (tl.arange(0, BLOCK) * (1.0 / BLOCK))[None, :]
    given = tl.load(grad_sound + item * samples + sample, mask=heard, other=0.0)
    for band in range(bands):
        part = tl.load(parts + (item * SEVERAL * bands + band) * samples + sample, mask=heard, other=0.0)
        along = given * part
        row = (item * bands + band) * blocks + block
        tl.store(grad_first + row, tl.sum(along * (1.0 - rise), 1), mask=there)
        tl.store(grad_last + row, tl.sum(along * rise, 1), mask=there)


def render(levels: Tensor, parts: Tensor) -> Tensor:
    """The sound, (items, samples), of levels (items, bands, points) and parts (items or 1, bands, samples)."""
    (items, bands, points), samples = levels.shape, parts.shape[-1]
    sound, tiles = levels.new_empty(items, samples), triton.cdiv(points - 1, _TILE)
    with torch.cuda.device_of(levels):  # where launches go
        _render[(items * tiles,)](
            levels, parts, sound, bands, points - 1, samples, tiles, len(parts) > 1, _TILE, BLOCK, num_warps=_WARPS
        )
    return sound


def differentiate(grad_sound: Tensor, parts: Tensor, points: int) -> tuple[Tensor, Tensor]:
    """Gradients of the levels where blocks begin and where they end, (items, bands, blocks) each."""
    (items, samples), bands, blocks = grad_sound.shape, parts.shape[1], points - 1
    first, last = (grad_sound.new_empty(items, bands, blocks) for _ in range(2))
    tiles = triton.cdiv(blocks, _TILE)
    with torch.cuda.device_of(grad_sound):
        _differentiate[(items * tiles,)](
            grad_sound, parts, first, last, bands, blocks, samples, tiles, len(parts) > 1, _TILE, BLOCK,
            num_warps=_WARPS,
        )  # fmt: skip
    return first, last
