"""What a comb resonator does to a spectrum, on a GPU: the response of each number computed where it is needed.

Of float64 is only how far the loop's delay turns a bin. What is small near 0 Hz is computed as that, not as what 1
is short of: `1 - z^-1`, and with it `1 - p z^-1 = (1 - p) + p (1 - z^-1)`.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from backbeat.dsp.gpu.ringing_kernels import _cosine, _sine

_TILE = 1024
"""Bins at a time."""
_WARPS = 4

_TURN = tl.constexpr(6.283185307179586)


@triton.jit
def _times(a, aj, b, bj):
    return a * b - aj * bj, a * bj + aj * b


@triton.jit
def _over(a, aj, b, bj):
    scale = 1.0 / (b * b + bj * bj)
    return (a * b + aj * bj) * scale, (aj * b - a * bj) * scale


@triton.jit
def _response(loops, item, number, bins, samples):
    """H, 1 - L, E L^(E-1), L / g, `1 - z^-1`, and the parts of the loop's filter below the line, of each number."""
    delay, feedback = tl.load(loops + item * 4), tl.load(loops + item * 4 + 1)
    low, high = tl.load(loops + item * 4 + 2), tl.load(loops + item * 4 + 3)
    number = tl.minimum(number, bins - 1)  # past the last, sines grow without bound
    cycles = number * (0.5 / (bins - 1))
    half = _sine(0.5 * cycles)
    rise, rise_j = 2.0 * half * half, _sine(cycles)
    below, below_j = (1.0 - low).to(tl.float32) + low.to(tl.float32) * rise, low.to(tl.float32) * rise_j
    above, above_j = (1.0 - high).to(tl.float32) + high.to(tl.float32) * rise, high.to(tl.float32) * rise_j
    turns = number * (delay * 0.5 / (bins - 1))
    turns = (turns - tl.floor(turns + 0.5)).to(tl.float32)
    scale = (0.5 * (1.0 + low) * (1.0 - high)).to(tl.float32)
    unit, unit_j = _times(rise, rise_j, scale * _cosine(turns), -scale * _sine(turns))
    under, under_j = _times(below, below_j, above, above_j)
    unit, unit_j = _over(unit, unit_j, under, under_j)
    loop, loop_j = feedback.to(tl.float32) * unit, feedback.to(tl.float32) * unit_j
    echoes = tl.floor((samples - 1) / delay).to(tl.int32) + 1
    last, last_j, power, power_j = loop * 0.0 + 1.0, loop * 0.0, loop, loop_j
    left = echoes - 1
    while left > 0:  # L^(E-1), by its squares
        if left % 2 == 1:
            last, last_j = _times(last, last_j, power, power_j)
        power, power_j = _times(power, power_j, power, power_j)
        left = left // 2
    past, past_j = _times(last, last_j, loop, loop_j)
    response, response_j = _over(1.0 - past, -past_j, 1.0 - loop, -loop_j)
    count = echoes.to(tl.float32)
    return (
        response, response_j, 1.0 - loop, -loop_j, count * last, count * last_j, unit, unit_j, rise, rise_j,
        below, below_j, above, above_j,
    )  # fmt: skip


@triton.jit
def _respond(spectrum, loops, bins, tiles, samples, TILE: tl.constexpr):
    """Some bins of one item, in their place."""
    item = (tl.program_id(0) // tiles).to(tl.int64)
    number = (tl.program_id(0) % tiles) * TILE + tl.arange(0, TILE)
    at, there = spectrum + (item * bins + number) * 2, number < bins
    response, response_j, _, _, _, _, _, _, _, _, _, _, _, _ = _response(loops, item, number, bins, samples)
    x, xj = tl.load(at, mask=there, other=0.0), tl.load(at + 1, mask=there, other=0.0)
    x, xj = _times(x, xj, response, response_j)
    tl.store(at, x, mask=there)
    tl.store(at + 1, xj, mask=there)


@triton.jit
def _feel(felt, heard, loops, sums, bins, tiles, samples, TILE: tl.constexpr):
    """Some bins of one item: the sound's gradient becomes the signal's; and what they say of the loop."""
    item, tile = (tl.program_id(0) // tiles).to(tl.int64), tl.program_id(0).to(tl.int64)
    number = (tl.program_id(0) % tiles) * TILE + tl.arange(0, TILE)
    offset, there = (item * bins + number) * 2, number < bins
    (
        response, response_j, rest, rest_j, last, last_j, unit, unit_j, rise, rise_j, below, below_j, above, above_j
    ) = _response(loops, item, number, bins, samples)  # fmt: skip
    u, uj = tl.load(felt + offset, mask=there, other=0.0), tl.load(felt + offset + 1, mask=there, other=0.0)
    x, xj = tl.load(heard + offset, mask=there, other=0.0), tl.load(heard + offset + 1, mask=there, other=0.0)
    both, both_j = _times(x, xj, u, -uj)
    gradient, gradient_j = _over(response - last, response_j - last_j, rest, rest_j)
    gradient, gradient_j = _times(gradient, gradient_j, unit, unit_j)
    turned, turned_j = _times(both, both_j, gradient, gradient_j)
    weight = tl.where((number == 0) | (number == bins - 1), 1.0, 2.0)
    turned, turned_j = weight * turned, weight * turned_j
    into = sums + tile * 4
    tl.store(into, tl.sum(number * turned_j, 0))
    tl.store(into + 1, tl.sum(turned, 0))
    part, part_j = _over(2.0 - rise, -rise_j, below, below_j)
    part, part_j = _times(turned, turned_j, part, part_j)
    tl.store(into + 2, tl.sum(part, 0))
    part, part_j = _over(rise, rise_j, above, above_j)
    part, part_j = _times(turned, turned_j, part, part_j)
    tl.store(into + 3, tl.sum(part, 0))
    u, uj = _times(u, uj, response, -response_j)
    tl.store(felt + offset, u, mask=there)
    tl.store(felt + offset + 1, uj, mask=there)


def respond(spectrum: Tensor, loops: Tensor, samples: int) -> None:
    """Multiply a contiguous spectrum, complex64, by the response of loops, float64, in its place."""
    items, bins = spectrum.shape
    tiles = triton.cdiv(bins, _TILE)
    with torch.cuda.device_of(spectrum):  # where launches go
        _respond[(items * tiles,)](torch.view_as_real(spectrum), loops, bins, tiles, samples, _TILE, num_warps=_WARPS)


def feel(felt: Tensor, heard: Tensor, loops: Tensor, samples: int) -> Tensor:
    """`feel` of the formula: its first result in the place of the contiguous spectrum U; its second."""
    items, bins = felt.shape
    tiles = triton.cdiv(bins, _TILE)
    sums = loops.new_empty(items, tiles, 4, dtype=torch.float32)
    spectra = torch.view_as_real(felt), torch.view_as_real(heard)
    with torch.cuda.device_of(felt):
        _feel[(items * tiles,)](*spectra, loops, sums, bins, tiles, samples, _TILE, num_warps=_WARPS)
    found = sums.double().sum(1)
    found[:, 0] *= torch.pi / (bins - 1)
    return found
