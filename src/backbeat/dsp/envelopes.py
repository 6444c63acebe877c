"""Envelopes: what a sound's level does over time. Every decay time is a T60, in seconds."""

import math
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from backbeat.dsp.grid import BLOCK, Grid
from backbeat.dsp.kept import is_fusing, kept
from backbeat.dsp.linear import matmul
from backbeat.dsp.own import shared_shape
from backbeat.dsp.units import LN_1000, SHORTEST_T60_S, t60_to_rate
from backbeat.types import Control, Mono

_STRAIGHT = 1e-3
_DEEPEST = 80.0
"""Nepers: below lie numbers that a processor is slow with."""
_LOG_LN_1000 = math.log(LN_1000)


def decay(grid: Grid, t60_s: Control) -> Mono:
    """Exponential decay from 1: `exp(-ln 1000 · t / T60)`.

    Args:
        grid: where to render.
        t60_s: time to fall by 60 dB, (..., 1), seconds; zero is a single sample.
    """
    return _fall(grid, t60_to_rate(t60_s.double()), None)


def heard(grid: Grid, t60_s: Control) -> Control:
    """How many samples a `decay` stays above the rounding of full scale: `T60 · log10(1/ε) / 3`, without gradient."""
    last_s = t60_s.detach() * (-math.log10(torch.finfo(grid.dtype).eps) / 3.0)
    return last_s * grid.sample_rate


def shaped_decay(grid: Grid, t60_s: Control, shape: Control) -> Mono:
    """Stretched exponential decay from 1: `exp(-ln 1000 · (t / T60)^shape)`.

    A shape of 1 is the plain decay; above 1 the level holds and then falls, as a gated or compressed drum does;
    below 1 it drops at once and rings on. The level at t = T60 is -60 dB whatever the shape.

    Args:
        grid: where to render.
        t60_s: time to fall by 60 dB, (..., 1), seconds.
        shape: exponent above 0, (..., 1).
    """
    # Half a sample stands for t = 0, where the power has no finite gradient.
    t = grid.ramp(torch.ones_like(t60_s), torch.zeros_like(t60_s)).clamp(min=0.5 / grid.sample_rate)
    return shaped_fall(t, t60_s, shape)


def shaped_fall(times_s: Float[Tensor, "..."], t60_s: Float[Tensor, "..."], shape: Float[Tensor, "..."]) -> Tensor:
    """`shaped_decay` at any times above 0; all arguments broadcast."""
    at_once = _LOG_LN_1000 - shape * torch.log(t60_s.clamp(min=SHORTEST_T60_S))
    fallen = torch.exp(torch.addcmul(at_once, shape, torch.log(times_s)))
    return torch.exp(-fallen.clamp(max=_DEEPEST))


def fall_after(since_s: Float[Tensor, "..."], t60_s: Float[Tensor, "..."]) -> Tensor:
    """1 until time 0, an exponential decay from there, at any times; both arguments broadcast."""
    return torch.exp(-(t60_to_rate(t60_s) * since_s).clamp(0.0, _DEEPEST))


def curve(position: Float[Tensor, "..."], curvature: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Bend a ramp from 0 to 1: `(1 - exp(-c x)) / (1 - exp(-c))`.

    Args:
        position: x, in [0, 1].
        curvature: c; positive rises fast and levels off, negative starts slowly, zero is straight.
    """
    straight = curvature.abs() < _STRAIGHT
    c = torch.where(straight, torch.full_like(curvature, _STRAIGHT), curvature)
    bent = torch.expm1(-c * position) / torch.expm1(-c)
    # Second order in c about the straight line, so that the gradient of c does not vanish there.
    nearly_straight = position + 0.5 * curvature * position * (1.0 - position)
    return torch.where(straight, nearly_straight, bent)


def attack(grid: Grid, attack_s: Control, curvature: Control | None = None) -> Mono:
    """Rise to 1: `(t + Δ) / (attack + Δ)`, with Δ one sample, then bent by `curve`.

    A zero attack is 1 from the first sample on, and its gradient is finite.

    Args:
        grid: where to render.
        attack_s: time at which 1 is reached, (..., 1), seconds.
        curvature: of `curve`, (..., 1); none is straight.
    """
    ramp = grid.ramp(1.0 / (attack_s + grid.tick_s), torch.full_like(attack_s, -grid.tick_s)).clamp(max=1.0)
    return ramp if curvature is None else curve(ramp, curvature)


def adsr(
    grid: Grid,
    *,
    attack_s: Control,
    hold_s: Control,
    decay_s: Control,
    sustain: Control,
    gate_s: Control,
    release_s: Control,
    curvature: Control | None = None,
    peak: Control | None = None,
) -> Mono:
    """Attack, hold, decay to a sustain level, release.

    With `t1 = attack + hold` and `t2 = t1 + gate`:
    `g · attack(t) · (s + (1 - s) exp(-ln 1000 (t - t1)⁺ / decay)) · exp(-ln 1000 (t - t2)⁺ / release)`.
    Any segment may be zero; a fall by 60 dB takes a twelfth of a block, 6 samples, at least.

    Args:
        grid: where to render.
        attack_s: length of the rise, (..., 1), seconds.
        hold_s: how long the level stays at its peak, (..., 1), seconds.
        decay_s: T60 of the fall to the sustain level, (..., 1), seconds.
        sustain: that level s, (..., 1), in [0, 1].
        gate_s: time from the end of the hold to the release, (..., 1), seconds.
        release_s: T60 of the release, (..., 1), seconds.
        curvature: of the attack, (..., 1).
        peak: the level g that it holds, (..., 1); none is 1.
    """
    low, span = sustain, 1.0 - sustain
    if peak is not None:
        low, span = peak * low, peak * span
    hold_end_s = attack_s + hold_s
    gate_end_s = hold_end_s + gate_s
    if is_fusing():
        falling = torch.addcmul(low, span, _decay_after(grid, decay_s, hold_end_s))
        return attack(grid, attack_s, curvature) * falling * _decay_after(grid, release_s, gate_end_s)
    rest = (hold_end_s, gate_end_s, low, span, _fall_rate(grid, decay_s), _fall_rate(grid, release_s))
    if curvature is None:
        return _Segments.of(attack_s, *rest).render(grid)
    no_attack = torch.zeros_like(attack_s)  # since it is not straight, it is multiplied on
    return attack(grid, attack_s, curvature) * _Segments.of(no_attack, *rest).render(grid)


class _Segments(NamedTuple):
    """An `adsr` of float64 controls, (..., 1, 1), with a straight attack.

    Attributes:
        attack_end_s: where the rise ends.
        hold_end_s: where the fall by `span` to `low` begins.
        gate_end_s: where the release begins.
        low: level it falls to.
        span: how far.
        decay: of that fall, nepers per second.
        release: of the release, nepers per second.
    """

    attack_end_s: Tensor
    hold_end_s: Tensor
    gate_end_s: Tensor
    low: Tensor
    span: Tensor
    decay: Tensor
    release: Tensor

    @classmethod
    def of(cls, *controls: Control) -> "_Segments":
        shape = shared_shape(*(each.shape for each in controls))
        return cls(*(each.double().expand(shape).unsqueeze(-1) for each in controls))

    def render(self, grid: Grid) -> Mono:
        """A matrix product: blocks take of `_columns`, or have a column of their own where a segment ends in them."""
        starts_s, steps_s = grid.block_starts_s(), grid.block_steps_s()
        # Where one ends as the block begins, too: an attack of no length has a slope.
        before_end = starts_s <= torch.cat([self.attack_end_s, self.hold_end_s, self.gate_end_s], dim=-1)
        still_before = torch.cat([before_end[..., 1:, :], torch.zeros_like(before_end[..., :1, :])], dim=-2)
        ends_here = before_end & ~still_before
        rows = torch.where(ends_here.any(-1, keepdim=True), 0.0, self._rows(starts_s, grid.tick_s, before_end))
        # Of several that end, the first: not by a running sum, which over three columns takes a GPU a third of a kick.
        before = [torch.zeros_like(ends_here[..., :1]), ends_here[..., :1], ends_here[..., :2].any(-1, keepdim=True)]
        rows = torch.cat([rows, ends_here & ~torch.cat(before, dim=-1)], dim=-1)
        block = (before_end.sum(-2) - 1).clamp(min=0)
        columns = torch.cat([self._columns(steps_s), self._at(starts_s[block] + steps_s, grid.tick_s)], dim=-2)
        return grid.join(matmul(rows.to(grid.dtype), columns.to(grid.dtype)))

    def _rows(self, starts_s: Tensor, tick_s: float, before_end: Tensor) -> Tensor:
        """What each block takes of `_columns`, (..., blocks, 5)."""
        rising, held, gated = (before_end[..., end : end + 1] for end in range(3))
        slope = (self.low + self.span) / (self.attack_end_s + tick_s)
        fallen, let_go = self._fallen(starts_s)
        released = torch.where(gated, 0.0, let_go)
        steady = torch.where(held, self.low + self.span, torch.where(gated, self.low, 0.0))
        return torch.cat(
            [
                torch.where(rising, slope * (starts_s + tick_s), steady),
                torch.where(rising, slope, 0.0),
                torch.where(held | ~gated, 0.0, self.span * fallen),
                self.low * released,
                self.span * fallen * released,
            ],
            dim=-1,
        )

    def _columns(self, steps_s: Tensor) -> Tensor:
        """1, the time, the decay, the release, and both of these, since a block's start, (..., 5, block)."""
        decay, release = self.decay * steps_s, self.release * steps_s
        falls = (torch.exp(-decay), torch.exp(-release), torch.exp(-decay - release))
        return torch.cat([torch.ones_like(decay), steps_s.expand_as(decay), *falls], dim=-2)

    def _at(self, t: Tensor, tick_s: float) -> Tensor:
        """The level at some times, (..., blocks, block)."""
        fallen, let_go = self._fallen(t)
        rise = ((t + tick_s) / (self.attack_end_s + tick_s)).clamp(max=1.0)
        return rise * (self.low + self.span * fallen) * let_go

    def _fallen(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """Decay and release, each from 1 where it begins."""
        decay = torch.exp(-self.decay * (t - self.hold_end_s).clamp(min=0.0))
        return decay, torch.exp(-self.release * (t - self.gate_end_s).clamp(min=0.0))


def _decay_after(grid: Grid, t60_s: Control, onset_s: Control) -> Mono:
    """1 until the onset, an exponential decay from there."""
    return _fall(grid, _fall_rate(grid, t60_s), onset_s.double())


def _fall_rate(grid: Grid, t60_s: Control) -> Control:
    """Of a fall that a block's tables can hold, in nepers per second, float64."""
    return t60_to_rate(t60_s.double()).clamp(max=_DEEPEST * grid.sample_rate / BLOCK)


def _fall(grid: Grid, rate: Control, onset_s: Control | None) -> Mono:
    """`exp(-rate · (t - onset))`, 1 at most, of float64 controls; without an onset, from 0."""
    if is_fusing():
        level: Mono = _Fall.apply(grid, rate, onset_s)  # type: ignore[no-untyped-call]
        return level
    return _fall_of_tables(grid, rate, onset_s)


def _fall_of_tables(grid: Grid, rate: Control, onset_s: Control | None) -> Mono:
    """`_fall` as the product of two short tables, in which a block before the onset only has to stay above 1."""
    since_s = grid.block_starts_s() if onset_s is None else grid.block_starts_s() - onset_s.unsqueeze(-1)
    starts = torch.exp((-rate.unsqueeze(-1) * since_s).clamp(max=_DEEPEST))
    steps = torch.exp(-rate.unsqueeze(-1) * grid.block_steps_s())
    level = grid.join(kept(starts.to(grid.dtype)) * kept(steps.to(grid.dtype)))
    return level if onset_s is None else level.clamp(max=1.0)


class _Fall(torch.autograd.Function):
    """`_fall`, whose gradient is two sums over its samples, and not over blocks and over the steps of all blocks."""

    @staticmethod
    def forward(grid: Grid, rate: Tensor, onset_s: Tensor | None) -> Tensor:
        return _fall_of_tables(grid, rate, onset_s)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Grid, Tensor, Tensor | None], output: Tensor) -> None:
        ctx.grid, *controls = inputs
        ctx.save_for_backward(*controls)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[None, Tensor, Tensor | None]:
        rate, onset_s = ctx.saved_tensors
        grid, onset = ctx.grid, torch.zeros_like(rate) if onset_s is None else onset_s
        level = _fall_of_tables(grid, rate, onset_s)
        fallen = slope * level if onset_s is None else torch.where(level < 1.0, slope * level, 0.0)
        of_rate = -(fallen * grid.ramp(torch.ones_like(onset), onset)).sum(-1, keepdim=True)
        of_onset = None if onset_s is None else rate * fallen.sum(-1, keepdim=True)
        return None, of_rate.double(), of_onset
