"""Swept modes and sines on a GPU: every sine computed where it is needed, and nothing written down but the sound.

By its operations, PyTorch goes several times over a tensor of modes times samples. Here a program holds some
blocks of one item in registers and adds up its modes; the way back computes the sines anew.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from backbeat.dsp.gpu.ringing import Tables

SINE_QUOTIENT = (25.13274108, -64.83582258, 67.07675873, -38.49841931, 14.06550687, -3.19337729)

_TILE = 32
"""Blocks that a program renders."""
_WARPS = 8

# sin 2πr = r (1/4 - r²) Q(r²) and cos 2πr = (1/16 - r²) Q(r²), of half a turn at most.
_S0, _S1, _S2, _S3, _S4, _S5 = map(tl.constexpr, SINE_QUOTIENT)
_C0, _C1, _C2 = tl.constexpr(15.9999998), tl.constexpr(-59.8272803), tl.constexpr(81.7897517)
_C3, _C4, _C5 = tl.constexpr(-58.572604), tl.constexpr(25.5692618), tl.constexpr(-6.54229934)
_TURN = tl.constexpr(6.283185307179586)


@triton.jit
def _rest(cycles):
    """Cycles without the nearest whole turn."""
    return cycles - tl.floor(cycles + 0.5)


@triton.jit
def _sine(r):
    square = r * r
    q = ((((_S5 * square + _S4) * square + _S3) * square + _S2) * square + _S1) * square + _S0
    return r * (0.25 - square) * q


@triton.jit
def _cosine(r):
    square = r * r
    q = ((((_C5 * square + _C4) * square + _C3) * square + _C2) * square + _C1) * square + _C0
    return (0.0625 - square) * q


@triton.jit
def _since_s(
    remaining_shift_s, shift_progress, item, row, there, step, tick_s, SWEEPS: tl.constexpr, BLOCK: tl.constexpr
):
    """Time since the block's start, as the sweeps bend it."""
    since_s = (step * tick_s)[None, :] + tl.zeros([row.shape[0], BLOCK], tl.float32)
    for sweep in tl.static_range(SWEEPS):
        shift = tl.load(remaining_shift_s + row * SWEEPS + sweep, mask=there, other=0.0)
        progress = tl.load(shift_progress + (item * SWEEPS + sweep) * BLOCK + step)
        since_s += shift[:, None] * progress[None, :]
    return since_s


@triton.jit
def _mode(
    per_second, start, level, decay, item, row, there, mode, modes, since_s, step, rise,
    SHAPED: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Level, cycles per second, decay, and where in its turn a mode is, in some blocks of one item."""
    now = tl.load(level + row * (1 + SHAPED) * modes + mode, mask=there, other=0.0)[:, None]
    if SHAPED:
        gained = tl.load(level + (row * 2 + 1) * modes + mode, mask=there, other=0.0)
        now += gained[:, None] * rise[None, :]
    hertz = tl.load(per_second + item * modes + mode)
    fallen = tl.load(decay + (item * modes + mode) * BLOCK + step)
    first = tl.load(start + row * modes + mode, mask=there, other=0.0)
    return now, hertz, fallen[None, :], _rest(first[:, None] + hertz * since_s)


@triton.jit
def _render(
    per_second, start, level, decay, remaining_shift_s, shift_progress, sound,
    modes, blocks, tiles, tick_s,
    SHAPED: tl.constexpr, SWEEPS: tl.constexpr, TILE: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Some blocks of one item."""
    item = (tl.program_id(0) // tiles).to(tl.int64)
    block = (tl.program_id(0) % tiles) * TILE + tl.arange(0, TILE)
    step = tl.arange(0, BLOCK)
    there = block < blocks
    row = item * blocks + block
    since_s = _since_s(remaining_shift_s, shift_progress, item, row, there, step, tick_s, SWEEPS, BLOCK)
    rise = step * (1.0 / BLOCK)
    total = tl.zeros([TILE, BLOCK], tl.float32)
    for mode in range(modes):
        now, _, fallen, rest = _mode(
            per_second, start, level, decay, item, row, there, mode, modes, since_s, step, rise, SHAPED, BLOCK
        )
        total += now * fallen * _sine(rest)
    tl.store(sound + row[:, None] * BLOCK + step[None, :], total, mask=there[:, None])


@triton.jit
def _differentiate(
    grad_sound, per_second, start, level, decay, remaining_shift_s, shift_progress,
    grad_per_second, grad_start, grad_level, grad_decay, grad_shift, grad_progress,
    modes, blocks, tiles, tick_s,
    SHAPED: tl.constexpr, SWEEPS: tl.constexpr, TILE: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Gradients by some blocks of one item; of what its blocks share, this tile's part."""
    item, tile = (tl.program_id(0) // tiles).to(tl.int64), tl.program_id(0).to(tl.int64)
    block = (tl.program_id(0) % tiles) * TILE + tl.arange(0, TILE)
    step = tl.arange(0, BLOCK)
    there = block < blocks
    row = item * blocks + block
    since_s = _since_s(remaining_shift_s, shift_progress, item, row, there, step, tick_s, SWEEPS, BLOCK)
    rise = step * (1.0 / BLOCK)
    heard = tl.load(grad_sound + row[:, None] * BLOCK + step[None, :], mask=there[:, None], other=0.0)
    grad_since = tl.zeros([TILE, BLOCK], tl.float32)
    for mode in range(modes):
        now, hertz, fallen, rest = _mode(
            per_second, start, level, decay, item, row, there, mode, modes, since_s, step, rise, SHAPED, BLOCK
        )
        along = heard * _sine(rest)
        tl.store(grad_decay + (tile * modes + mode) * BLOCK + step, tl.sum(along * now, 0))
        along *= fallen
        tl.store(grad_level + row * (1 + SHAPED) * modes + mode, tl.sum(along, 1), mask=there)
        if SHAPED:
            tl.store(grad_level + (row * 2 + 1) * modes + mode, tl.sum(along * rise[None, :], 1), mask=there)
        turned = heard * now * fallen * (_TURN * _cosine(rest))
        tl.store(grad_start + row * modes + mode, tl.sum(turned, 1), mask=there)
        tl.store(grad_per_second + tile * modes + mode, tl.sum(tl.sum(turned * since_s, 1), 0))
        grad_since += hertz * turned
    for sweep in tl.static_range(SWEEPS):
        shift = tl.load(remaining_shift_s + row * SWEEPS + sweep, mask=there, other=0.0)
        progress = tl.load(shift_progress + (item * SWEEPS + sweep) * BLOCK + step)
        tl.store(grad_shift + row * SWEEPS + sweep, tl.sum(grad_since * progress[None, :], 1), mask=there)
        tl.store(grad_progress + (tile * SWEEPS + sweep) * BLOCK + step, tl.sum(grad_since * shift[:, None], 0))


def render(tables: Tables, tick_s: float) -> Tensor:
    """The sound, (items, blocks, block), of contiguous tables with one leading axis, items."""
    start = tables[1]
    items, blocks, modes = start.shape
    sound, tiles = start.new_empty(items, blocks, tables[3].shape[-1]), triton.cdiv(blocks, _TILE)
    with torch.cuda.device_of(start):  # where launches go
        _render[(items * tiles,)](*tables, sound, modes, blocks, tiles, tick_s, *_sizes(tables), num_warps=_WARPS)
    return sound


def differentiate(grad_sound: Tensor, tables: Tables, tick_s: float) -> list[Tensor]:
    """Gradients of the tables by that of the sound, all contiguous."""
    per_second, start, level, decay, remaining_shift_s, shift_progress = tables
    items, blocks, modes = start.shape
    tiles = triton.cdiv(blocks, _TILE)
    grad_start, grad_level, grad_shift = (torch.empty_like(each) for each in (start, level, remaining_shift_s))
    grad_per_second, grad_decay, grad_progress = (
        each.new_empty(items, tiles, *each.shape[1:]) for each in (per_second, decay, shift_progress)
    )
    gradients = grad_per_second, grad_start, grad_level, grad_decay, grad_shift, grad_progress
    with torch.cuda.device_of(start):
        _differentiate[(items * tiles,)](
            grad_sound, *tables, *gradients, modes, blocks, tiles, tick_s, *_sizes(tables), num_warps=_WARPS
        )
    return [grad_per_second.sum(1), grad_start, grad_level, grad_decay.sum(1), grad_shift, grad_progress.sum(1)]


def _sizes(tables: Tables) -> tuple[bool, int, int, int]:
    """Whether the modes have a shape, sweeps, blocks at a time, and samples in a block."""
    _, _, level, decay, _, shift_progress = tables
    return level.shape[-2] > 1, shift_progress.shape[-2], _TILE, decay.shape[-1]
