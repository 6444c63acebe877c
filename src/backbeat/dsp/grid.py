"""Where sound is rendered: sample rate, number of samples, one noise seed per batch item."""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from backbeat.dsp.kept import extended, first, is_fusing, kept
from backbeat.types import Control, Mono, Seeds

BLOCK = 64
"""Samples per block where a signal is built as (block start) × (step inside the block).

Short enough that a phase inside one block keeps float32's accuracy (at most 32 cycles), long enough that the
float64 tables of block starts cost 1/64 of the signal.
"""

LONG_BLOCK = 256
"""Samples per block of what is accurate, and quicker, in longer ones; some blocks' worth."""


@dataclass(frozen=True)
class Grid:
    """The time axis of a batch.

    Attributes:
        sample_rate: in Hz.
        samples: rendered per item.
        seeds: of the noise, (batch,) integers, or (1,): one for all, whose noise is made once.
        dtype: of everything rendered on this grid.
    """

    sample_rate: float
    samples: int
    seeds: Seeds
    dtype: torch.dtype = torch.float32

    @property
    def device(self) -> torch.device:
        """The device of the seeds, and so of everything rendered on this grid."""
        return self.seeds.device

    @property
    def tick_s(self) -> float:
        """Time from one sample to the next, in seconds."""
        return 1.0 / self.sample_rate

    def block_starts_s(self, block: int = BLOCK) -> Float[Tensor, "blocks 1"]:
        """Time of each block's first sample, in seconds, as a float64 column."""
        blocks = -(-self.samples // block)
        ticks = torch.arange(blocks, device=self.device, dtype=torch.float64)
        return (ticks * (block / self.sample_rate)).unsqueeze(-1)

    def block_steps_s(self, block: int = BLOCK) -> Float[Tensor, " block"]:
        """Time since the block's first sample, in seconds, float64."""
        return torch.arange(block, device=self.device, dtype=torch.float64) / self.sample_rate

    def head(self, seconds: float) -> "Grid":
        """The grid of the first `seconds`, for what is over by then; `with_head` adds it to the whole."""
        return replace(self, samples=min(self.samples, math.ceil(seconds * self.sample_rate)))

    def ahead(self, samples: int) -> "Grid":
        """The grid with that many samples more or a few above, for a filter that looks ahead; in whole long blocks."""
        return replace(self, samples=-(-(self.samples + samples) // LONG_BLOCK) * LONG_BLOCK)

    def cut(self, signal: Float[Tensor, "... longer"]) -> Mono:
        """What this grid has of a signal of a longer one."""
        return first(signal, self.samples)

    def with_head(self, signal: Mono, head: Float[Tensor, "... head"]) -> Mono:
        """Add a signal of a `head` to one of this grid."""
        if is_fusing():
            return signal + extended(head, self.samples)
        length = head.shape[-1]
        return torch.cat([signal[..., :length] + head, signal[..., length:]], dim=-1)

    def join(self, blocks: Float[Tensor, "... blocks block"]) -> Mono:
        """Lay blocks end to end and cut what overhangs the grid."""
        return self.cut(blocks.flatten(-2))

    def ramp(self, slope: Control, zero_s: Control) -> Mono:
        """The straight line `slope · (t - zero)`, accurate near its zero.

        Args:
            slope: (..., 1), per second.
            zero_s: where the line crosses zero, (..., 1), seconds.
        """
        slope64 = slope.double().unsqueeze(-1)
        starts = slope64 * (self.block_starts_s() - zero_s.double().unsqueeze(-1))
        return self.join(kept(starts.to(self.dtype)) + kept((slope64 * self.block_steps_s()).to(self.dtype)))
