"""Band-limited squares on a GPU: a program holds some samples of one item in registers and adds up its squares.

By its operations, PyTorch reads and writes all samples some dozen times for each edge in reach. Here only the phase is
float64, and the table is what `cubics` lays.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from backbeat.dsp.squares import HALF, PHASES

_TILE = 1024
"""Samples that a program renders."""
_WARPS = 4

_HALF, _PHASES = tl.constexpr(HALF), tl.constexpr(PHASES)
_PLANE = tl.constexpr(PHASES * (HALF + 1))


@triton.jit
def _square(per_sample, start, own, n):
    """Of a square: its sign; samples to the edge behind and to the one ahead; half a period; edges in reach."""
    advance = tl.load(per_sample + own)
    cycles = tl.load(start + own) + advance * n
    cycles -= tl.floor(cycles)
    falls = cycles >= 0.5
    share = 2.0 * cycles - tl.where(falls, 1.0, 0.0)
    half_period = (0.5 / advance).to(tl.float32)
    edges = (2.0 * tl.minimum(advance, 0.5) * _HALF).to(tl.int32) + 1
    behind, ahead = share.to(tl.float32) * half_period, (1.0 - share).to(tl.float32) * half_period
    return tl.where(falls, -1.0, 1.0), behind, ahead, half_period, edges


@triton.jit
def _place(table, distance):
    """Where a distance from an edge lies in the table, and which share of a phase it is past that."""
    place = tl.minimum(distance * _PHASES, _HALF * _PHASES)
    row = tl.floor(place)
    whole = row.to(tl.uint32)
    return table + (whole % _PHASES) * (_HALF + 1) + whole // _PHASES, place - row


@triton.jit
def _residual(table, distance):
    at, w = _place(table, distance)
    return tl.load(at) + w * (tl.load(at + _PLANE) + w * (tl.load(at + 2 * _PLANE) + w * tl.load(at + 3 * _PLANE)))


@triton.jit
def _residual_and_gradient(table, distance):
    at, w = _place(table, distance)
    first, second, third = tl.load(at + _PLANE), tl.load(at + 2 * _PLANE), tl.load(at + 3 * _PLANE)
    gradient = _PHASES * (first + w * (2.0 * second + w * (3.0 * third)))
    return tl.load(at) + w * (first + w * (second + w * third)), gradient


@triton.jit
def _render(per_sample, start, level, table, sound, samples, squares, tiles, TILE: tl.constexpr):
    """Some samples of one item."""
    item = (tl.program_id(0) // tiles).to(tl.int64)
    n = (tl.program_id(0) % tiles) * TILE + tl.arange(0, TILE)
    total = tl.zeros([TILE], tl.float32)
    for k in range(squares):
        own = item * squares + k
        sign, behind, ahead, half_period, edges = _square(per_sample, start, own, n)
        square = tl.zeros([TILE], tl.float32) + 1.0
        turned = -2.0
        for m in range(edges):
            beyond = m * half_period
            square += turned * (_residual(table, behind + beyond) + _residual(table, ahead + beyond))
            turned = -turned
        total += tl.load(level + own) * sign * square
    tl.store(sound + item * samples + n, total, mask=n < samples)


@triton.jit
def _differentiate(grad_sound, per_sample, start, level, table, sums, samples, squares, tiles, TILE: tl.constexpr):
    """Sums over some samples of one item, of each square, of what its gradients are made of."""
    item, tile = (tl.program_id(0) // tiles).to(tl.int64), tl.program_id(0).to(tl.int64)
    step = tl.arange(0, TILE)
    n = (tl.program_id(0) % tiles) * TILE + step
    heard = tl.load(grad_sound + item * samples + n, mask=n < samples, other=0.0)
    for k in range(squares):
        sign, behind, ahead, half_period, edges = _square(per_sample, start, item * squares + k, n)
        square = tl.zeros([TILE], tl.float32) + 1.0
        moved, stretched = tl.zeros([TILE], tl.float32), tl.zeros([TILE], tl.float32)
        turned = -2.0
        for m in range(edges):
            before, after = behind + m * half_period, ahead + m * half_period
            left, by_left = _residual_and_gradient(table, before)
            right, by_right = _residual_and_gradient(table, after)
            square += turned * (left + right)
            moved += turned * (by_left - by_right)
            stretched += turned * (by_left * before + by_right * after)
            turned = -turned
        felt = heard * sign
        into = sums + (tile * squares + k) * 3
        tl.store(into, tl.sum(felt * square, 0))
        tl.store(into + 1, tl.sum(felt * moved, 0))
        tl.store(into + 2, tl.sum(felt * (moved * step - stretched), 0))


def render(per_sample: Tensor, start: Tensor, level: Tensor, table: Tensor, samples: int) -> Tensor:
    """The sound, (items, samples), of contiguous cycles per sample and at the start, float64, and levels, float32."""
    items, squares = level.shape
    sound, tiles = level.new_empty(items, samples), triton.cdiv(samples, _TILE)
    with torch.cuda.device_of(level):  # where launches go
        _render[(items * tiles,)](
            per_sample, start, level, table, sound, samples, squares, tiles, _TILE, num_warps=_WARPS
        )
    return sound


def differentiate(grad_sound: Tensor, per_sample: Tensor, start: Tensor, level: Tensor, table: Tensor) -> list[Tensor]:
    """Gradients of cycles per sample, cycles at the start and levels by that of the sound, all contiguous.

    A square by its cycles c is `D / f` with f per sample and D the sum of ±2 (r'(behind) - r'(ahead)); by its half
    period, it is the sum of ±2 (r'(behind) behind + r'(ahead) ahead) as a share of that.
    """
    (items, squares), samples = level.shape, grad_sound.shape[-1]
    tiles = triton.cdiv(samples, _TILE)
    sums = level.new_empty(items, tiles, squares, 3)
    with torch.cuda.device_of(level):
        _differentiate[(items * tiles,)](
            grad_sound, per_sample, start, level, table, sums, samples, squares, tiles, _TILE, num_warps=_WARPS
        )
    square, moved, rest = sums.double().unbind(-1)
    first = torch.arange(tiles, device=level.device, dtype=torch.float64).unsqueeze(-1) * _TILE
    by_cycles = level / per_sample
    return [
        by_cycles * (first * moved + rest).sum(1),
        by_cycles * moved.sum(1),
        square.sum(1).to(level.dtype),
    ]
