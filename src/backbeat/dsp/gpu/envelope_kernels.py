"""Envelopes on a GPU: computed where they are needed, and nothing written down but the envelope."""

import torch
import triton
import triton.language as tl
from torch import Tensor

_TILE = 1024
"""Samples that a program renders."""


@triton.jit
def _parts(numbers, item, n):
    """Rise before it is clipped, samples since the hold and since the end, fall, level that stays, and release."""
    row = numbers + item * 8
    rise, fall, low, release = tl.load(row), tl.load(row + 3), tl.load(row + 4), tl.load(row + 7)
    risen = (n + 1.0) * rise
    held = tl.maximum((n - tl.load(row + 1)) - tl.load(row + 2), 0.0)
    ended = tl.maximum((n - tl.load(row + 5)) - tl.load(row + 6), 0.0)
    return risen, held, ended, fall, low, release


@triton.jit
def _render(numbers, sound, samples, tiles, TILE: tl.constexpr):
    """Some samples of one item."""
    item = (tl.program_id(0) // tiles).to(tl.int64)
    sample = (tl.program_id(0) % tiles) * TILE + tl.arange(0, TILE)
    risen, held, ended, fall, low, release = _parts(numbers, item, sample.to(tl.float32))
    level = tl.minimum(risen, 1.0) * (low + (1.0 - low) * tl.exp(fall * held)) * tl.exp(release * ended)
    tl.store(sound + item * samples + sample, level, mask=sample < samples)


@triton.jit
def _differentiate(grad_sound, numbers, grad_numbers, samples, tiles, TILE: tl.constexpr):
    """Gradients of an item's numbers by some of its samples; none of whole samples."""
    item = (tl.program_id(0) // tiles).to(tl.int64)
    sample = (tl.program_id(0) % tiles) * TILE + tl.arange(0, TILE)
    there = sample < samples
    n = sample.to(tl.float32)
    risen, held, ended, fall, low, release = _parts(numbers, item, n)
    given = tl.load(grad_sound + item * samples + sample, mask=there, other=0.0)
    fallen, released = tl.exp(fall * held), tl.exp(release * ended)
    level, rise = low + (1.0 - low) * fallen, tl.minimum(risen, 1.0)
    to = grad_numbers + tl.program_id(0).to(tl.int64) * 8
    tl.store(to, tl.sum(tl.where(risen < 1.0, given * level * released * (n + 1.0), 0.0), 0))
    along_fall = given * rise * released * (1.0 - low) * fallen
    tl.store(to + 1, 0.0)
    tl.store(to + 2, -tl.sum(tl.where(held > 0.0, along_fall * fall, 0.0), 0))
    tl.store(to + 3, tl.sum(along_fall * held, 0))
    tl.store(to + 4, tl.sum(given * rise * released * (1.0 - fallen), 0))
    along_end = given * rise * level * released
    tl.store(to + 5, 0.0)
    tl.store(to + 6, -tl.sum(tl.where(ended > 0.0, along_end * release, 0.0), 0))
    tl.store(to + 7, tl.sum(along_end * ended, 0))


def render(numbers: Tensor, samples: int) -> Tensor:
    """The envelopes, (items, samples), of numbers (items, 8)."""
    sound, tiles = numbers.new_empty(len(numbers), samples), triton.cdiv(samples, _TILE)
    with torch.cuda.device_of(numbers):  # where launches go
        _render[(len(numbers) * tiles,)](numbers, sound, samples, tiles, _TILE)
    return sound


def differentiate(grad_sound: Tensor, numbers: Tensor) -> Tensor:
    """Gradients of the numbers, but for whole samples, whose are 0."""
    (items, samples), tiles = grad_sound.shape, triton.cdiv(grad_sound.shape[-1], _TILE)
    found = numbers.new_empty(items, tiles, numbers.shape[-1])
    with torch.cuda.device_of(numbers):
        _differentiate[(items * tiles,)](grad_sound, numbers, found, samples, tiles, _TILE)
    return found.sum(1)
