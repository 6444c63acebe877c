"""Frames of a signal that overlap, two in a complex row, for the filters of a GPU."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import pad

from backbeat.dsp.fourier import fast_length

_SHORTEST_FFT, _LONGEST_FFT = 64, 8192
"""Unless the kernel asks for more: 64 KB, which a GPU's processor holds while it transforms them."""


@dataclass(frozen=True)
class Frames:
    """How a signal is cut for a filter.

    Attributes:
        samples: of the signal.
        half: taps of the filter before its middle one.
        length: of a frame, and of its FFT.
    """

    samples: int
    half: int
    length: int

    @classmethod
    @lru_cache(maxsize=256)
    def of(cls, samples: int, taps: int) -> "Frames":
        """Those that come to the fewest samples in all."""
        half = taps // 2
        shortest = fast_length(max(4 * half + 1, _SHORTEST_FFT))  # so that no more than two overlap
        whole = fast_length(samples + 2 * half)
        longest = max(shortest, min(whole, _LONGEST_FFT))
        lengths = [length for n in range(shortest, longest + 1, shortest // 4) if (length := fast_length(n)) <= longest]
        return min((cls(samples, half, length) for length in lengths), key=lambda each: each.pairs * each.length)

    @property
    def hop(self) -> int:
        """Samples that each gives: its middle."""
        return self.length - 2 * self.half

    @property
    def count(self) -> int:
        """How many there are."""
        return -(-self.samples // self.hop)

    @property
    def pairs(self) -> int:
        """How many there are of two each, the last with silence where one is left over."""
        return -(-self.count // 2)

    def lay(self, signal: Tensor, *, middles: bool = False) -> Tensor:
        """Pairs of frames (..., pairs, length), complex, of a signal (..., samples).

        Args:
            signal: the samples.
            middles: whether there is silence around the middle, instead of what the neighbours have there.
        """
        before = 0 if middles else self.half
        padded = pad(signal, (before, 2 * self.pairs * self.hop + 2 * self.half - self.samples))
        frames = padded.unfold(-1, self.hop if middles else self.length, self.hop)[..., : 2 * self.pairs, :]
        if middles:
            frames = pad(frames, (self.half, self.half))
        return torch.complex(frames[..., 0::2, :], frames[..., 1::2, :])

    def join(self, pairs: Tensor, *, added: bool = False) -> Tensor:
        """The signal (..., samples) of pairs of frames.

        Args:
            pairs: (..., pairs, length), complex.
            added: whether frames are added up where they overlap, instead of their middles taken.
        """
        frames = torch.stack([pairs.real, pairs.imag], dim=-2).flatten(-3, -2)
        if not added:
            return frames[..., self.half : self.half + self.hop].flatten(-2)[..., : self.samples]
        early, late = frames[..., : self.hop], pad(frames[..., self.hop :], (0, 2 * self.hop - self.length))
        whole = pad(early, (0, 0, 0, 1)) + pad(late, (0, 0, 1, 0))
        return whole.flatten(-2)[..., self.half : self.half + self.samples]
