"""Phase in closed form, accurate in float32 for as long as a drum can ring.

A phase that grows to thousands of cycles has no bits left for its fraction in float32, and a running sum drifts. So
a `Phase` keeps the parts that are each accurate: the cycles at the start of every block (float64, reduced to one
cycle before use) and the few cycles since then, as a product of two short tables. Everything up to `radians` costs
only what the tables cost. Phases add, and `times` multiplies them by a frequency ratio: as an operator, the compiler
would take it for a tensor's.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from backbeat.dsp.grid import Grid
from backbeat.dsp.kept import kept
from backbeat.dsp.linear import matmul
from backbeat.dsp.units import semitones_to_ratio, t60_to_rate
from backbeat.types import Control

_SLOWEST_HZ = 1e-12
"""Added to the rate of a vibrato, so that one of 0 Hz is a divisor too."""


@dataclass(frozen=True)
class Phase:
    """Cycles since the onset, `starts + ratio · Σ_k row_k column_k`, split into blocks; all float64.

    Attributes:
        starts: cycles at each block's first sample, (..., blocks, 1).
        terms: what the cycles since then are a sum of: of each, what depends on the block, (..., blocks, 1), and what
            depends on the sample within it, (..., 1, block).
        ratio: how many times as fast, (..., 1, 1): oscillators that differ in it share all that is within the block.
    """

    starts: Float[Tensor, "... blocks 1"]
    terms: tuple[tuple[Float[Tensor, "... #blocks 1"], Float[Tensor, "... 1 block"]], ...]
    ratio: Float[Tensor, "... 1 1"] | float = 1.0

    def __add__(self, other: "Phase") -> "Phase":
        return Phase(
            self.starts + other.starts,
            tuple((phase.ratio * row, column) for phase in (self, other) for row, column in phase.terms),
        )

    def times(self, ratio: Control) -> "Phase":
        """The phase of an oscillator `ratio` times as fast; `ratio` is (..., 1)."""
        factor = ratio.double().unsqueeze(-1)
        return Phase(self.starts * factor, self.terms, self.ratio * factor)

    def radians(self, dtype: torch.dtype, offset_cycles: Control | None = None) -> Float[Tensor, "... blocks block"]:
        """The phase as an angle, with whole turns taken out at each block's start."""
        return matmul(*self.tables(dtype, offset_cycles))

    def cycles(
        self, dtype: torch.dtype, offset_cycles: Control | None, since: Float[Tensor, "... blocks block"]
    ) -> Float[Tensor, "... blocks block"]:
        """The same in cycles, given `since_starts`."""
        ratio = kept(self.ratio.to(dtype)) if isinstance(self.ratio, Tensor) else self.ratio
        return kept(self._fractions(offset_cycles).to(dtype)) + ratio * since

    def since_starts(self, dtype: torch.dtype) -> Float[Tensor, "... blocks block"]:
        """The sum of the terms, as products: what a compiler makes one loop of, with all that follows."""
        rows, columns = ([kept(each.to(dtype)) for each in side] for side in zip(*self.terms, strict=True))
        if len(rows) == 1:
            return rows[0] * columns[0]
        since: Tensor = _Products.apply(*rows, *columns)  # type: ignore[no-untyped-call]
        return since

    def tables(self, dtype: torch.dtype, offset_cycles: Control | None = None) -> tuple[Tensor, Tensor]:
        """The rows and columns whose matrix product is `radians`."""
        fractions = self._fractions(offset_cycles)
        rows = [fractions, *((self.ratio * row).expand_as(fractions) for row, _ in self.terms)]
        columns = [torch.ones_like(self.terms[0][1]), *(column for _, column in self.terms)]
        return (2.0 * math.pi * torch.cat(rows, dim=-1)).to(dtype), torch.cat(columns, dim=-2).to(dtype)

    def _fractions(self, offset_cycles: Control | None) -> Float[Tensor, "... blocks 1"]:
        """Where in its turn each block starts."""
        starts = self.starts if offset_cycles is None else self.starts + offset_cycles.double().unsqueeze(-1)
        return starts - torch.floor(starts)


class _Products(torch.autograd.Function):
    """`Σ_k row_k column_k`, one loop for a compiler, with a gradient of two matrix products for all k."""

    @staticmethod
    def forward(ctx: Any, *tables: Tensor) -> Tensor:
        ctx.save_for_backward(*tables)
        rank = len(tables) // 2
        total = tables[0] * tables[rank]
        for row, column in zip(tables[1:rank], tables[rank + 1 :], strict=True):
            total = total + row * column
        return total

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, ...]:
        tables, rank = ctx.saved_tensors, len(ctx.saved_tensors) // 2
        rows = torch.cat([row.expand(*slope.shape[:-1], 1) for row in tables[:rank]], dim=-1)
        columns = torch.cat([column.expand(*slope.shape[:-2], 1, -1) for column in tables[rank:]], dim=-2)
        slopes = [*torch.split(slope @ columns.mT, 1, dim=-1), *torch.split(rows.mT @ slope, 1, dim=-2)]
        return tuple(found.sum_to_size(table.shape) for found, table in zip(slopes, tables, strict=True))


def steady(grid: Grid, pitch_hz: Control) -> Phase:
    """Phase of a constant pitch: `f · t` cycles.

    Args:
        grid: where to render.
        pitch_hz: (..., 1), Hz.
    """
    pitch = pitch_hz.double().unsqueeze(-1)
    return Phase(pitch * grid.block_starts_s(), ((pitch, grid.block_steps_s().expand(*pitch.shape[:-1], -1)),))


def sweep(grid: Grid, pitch_hz: Control, depth_st: Control, t60_s: Control) -> Phase:
    """Phase that an exponential sweep adds to a steady pitch.

    The pitch is `f + (f0 - f) exp(-t / τ)` with `f0 = f · 2^(depth / 12)`, and the phase in cycles, over the steady
    part, `(f0 - f) τ (1 - exp(-t / τ))`. Several sweeps add: a fast click sweep on a slow one.

    Args:
        grid: where to render.
        pitch_hz: the pitch that is swept to, (..., 1), Hz.
        depth_st: how far above it the sweep starts, (..., 1), semitones.
        t60_s: T60 of the pitch excess, (..., 1), seconds.
    """
    rate = t60_to_rate(t60_s.double()).unsqueeze(-1)
    excess_hz = _excess_hz(pitch_hz, depth_st)
    cycles = excess_hz / rate
    starts_s, steps_s = grid.block_starts_s(), grid.block_steps_s()
    return Phase(
        -cycles * torch.expm1(-rate * starts_s),
        ((cycles * torch.exp(-rate * starts_s), -torch.expm1(-rate * steps_s)),),
    )


def vibrato(grid: Grid, pitch_hz: Control, depth_st: Control, rate_hz: Control) -> Phase:
    """Phase that a sine LFO on the pitch adds to a steady pitch.

    The pitch is `f + d sin(2π r t)` with `d = f (2^(depth / 12) - 1)`, and the added phase in cycles
    `d (1 - cos(2π r t)) / (2π r)`.

    Args:
        grid: where to render.
        pitch_hz: the pitch in the middle, (..., 1), Hz.
        depth_st: the excursion upwards, (..., 1), semitones.
        rate_hz: (..., 1), Hz; at 0 the pitch stands still, and the gradient is finite.
    """
    depth_hz = _excess_hz(pitch_hz, depth_st)
    radians_per_s = 2.0 * math.pi * (rate_hz.double().unsqueeze(-1) + _SLOWEST_HZ)
    start, step = radians_per_s * grid.block_starts_s(), radians_per_s * grid.block_steps_s()
    swing = depth_hz / radians_per_s
    # 1 - cos(a + b) is 1 - cos a, and what it gains since: cos a (1 - cos b) + sin a sin b.
    return Phase(
        swing * _versine(start),
        ((swing * torch.cos(start), _versine(step)), (swing * torch.sin(start), torch.sin(step))),
    )


def _versine(angle: Tensor) -> Tensor:
    """`1 - cos`, which does not cancel."""
    return 2.0 * torch.sin(0.5 * angle) ** 2


def _excess_hz(pitch_hz: Control, depth_st: Control) -> Float[Tensor, "... 1 1"]:
    """How far an interval lies above the pitch, in float64: over a second, float32 would round it to a wrong phase."""
    return (pitch_hz.double() * (semitones_to_ratio(depth_st.double()) - 1.0)).unsqueeze(-1)
