"""Frames of signals, two in a complex row, for an FFT; and signals of frames.

A filter whose response is real leaves two signals apart that are one's real and the other's imaginary part. So pairs of
frames take complex FFTs, which, unlike real ones, PyTorch need not copy anything for.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from backbeat.dsp.gpu.frames import Frames

_AT_ONCE = 1024
"""Values that a program copies."""
_WARPS = 4


@triton.jit
def _lay(
    signal, frames,
    samples, length, hop, half, pairs, first, last,
    AT_ONCE: tl.constexpr,
):  # fmt: skip
    """Frame f has `signal[f hop - half + n]` at n, from `first` to `last`, and silence elsewhere."""
    pair = tl.program_id(0).to(tl.int64)
    item, two = pair // pairs, 2 * (pair % pairs)
    place = tl.program_id(1) * AT_ONCE + tl.arange(0, AT_ONCE)  # of a real or an imaginary part
    n = place // 2
    sample = (two + place % 2) * hop - half + n
    heard = (sample >= 0) & (sample < samples) & (n >= first) & (n < last)
    values = tl.load(signal + item * samples + sample, mask=heard, other=0.0)
    tl.store(frames + pair * 2 * length + place, values, mask=n < length)


@triton.jit
def _at(frame, n, length):
    """Where sample n of a frame lies among the parts of its item's pairs."""
    return (frame // 2) * 2 * length + 2 * n + frame % 2


@triton.jit
def _join(
    frames, signal,
    samples, length, hop, half, pairs, count,
    ADDED: tl.constexpr, AT_ONCE: tl.constexpr,
):  # fmt: skip
    """What the middles of frames say one after the other or, added, what all that overlap there say together."""
    item = tl.program_id(0).to(tl.int64)
    sample = tl.program_id(1) * AT_ONCE + tl.arange(0, AT_ONCE)
    inside = sample < samples
    base = frames + item * pairs * 2 * length
    if ADDED:
        frame, n = (sample + half) // hop, (sample + half) % hop
        now = tl.load(base + _at(frame, n, length), mask=inside & (frame < count), other=0.0)
        frame, n = frame - 1, n + hop
        there = inside & (frame >= 0) & (n < length)
        now += tl.load(base + _at(frame, n, length), mask=there, other=0.0)
    else:
        frame, n = sample // hop, sample % hop + half
        now = tl.load(base + _at(frame, n, length), mask=inside, other=0.0)
    tl.store(signal + item * samples + sample, now, mask=inside)


def lay(frames: Frames, signal: Tensor, *, middles: bool = False) -> Tensor:
    """Pairs of frames, (..., pairs, length), complex, of a contiguous signal (..., samples); see `Frames.lay`."""
    length, half = frames.length, frames.half
    items = signal.shape[:-1].numel()
    found = signal.new_empty(*signal.shape[:-1], frames.pairs, length, 2)
    first, last = (half, length - half) if middles else (0, length)
    grid = (items * frames.pairs, triton.cdiv(2 * length, _AT_ONCE))
    with torch.cuda.device_of(signal):  # where launches go
        _lay[grid](
            signal, found, frames.samples, length, frames.hop, half, frames.pairs, first, last, _AT_ONCE,
            num_warps=_WARPS,
        )  # fmt: skip
    return torch.view_as_complex(found)


def join(frames: Frames, pairs: Tensor, *, added: bool = False) -> Tensor:
    """The signal (..., samples) of contiguous pairs of frames; see `Frames.join`."""
    values = torch.view_as_real(pairs)
    signal = values.new_empty(*pairs.shape[:-2], frames.samples)
    grid = (pairs.shape[:-2].numel(), triton.cdiv(frames.samples, _AT_ONCE))
    with torch.cuda.device_of(signal):
        _join[grid](
            values, signal, frames.samples, frames.length, frames.hop, frames.half, frames.pairs, frames.count,
            added, _AT_ONCE, num_warps=_WARPS,
        )  # fmt: skip
    return signal
