"""Envelopes, of levels from 0 to 1. Every decay time is a T60, the time to fall by 60 dB: `r = ln 1000 / T60`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backbeat.dsp.grid import BLOCK, Grid
from backbeat.dsp.operation import operation
from backbeat.dsp.tape import Control, Signal
from backbeat.dsp.units import LN_1000, SHORTEST_T60_S, t60_to_rate

if TYPE_CHECKING:
    from torch import Tensor

_DEEPEST = 80.0
"""Nepers that a level falls by at most, and at most within a block."""


@operation
def decay(grid: Grid, t60_s: Control, onset_s: Control | None = None) -> Signal:
    """Exponential decay: `exp(-r max(t - onset, 0))`.

    Args:
        grid: where to render.
        t60_s: (..., 1), seconds.
        onset_s: when it begins to fall, (..., 1), seconds; none is at once.

    Returns:
        (..., samples).
    """
    raise NotImplementedError


@decay.formula
def _(grid: Grid, t60_s: Tensor, onset_s: Tensor | None) -> Tensor:
    return _decay(grid, t60_s, onset_s)


@operation
def attack(grid: Grid, attack_s: Control) -> Signal:
    """Linear rise: `min((t + 1/R) / (attack + 1/R), 1)` at sample rate R: an attack of zero is at full level at once.

    Args:
        grid: where to render.
        attack_s: time to rise, (..., 1), seconds.

    Returns:
        (..., samples).
    """
    raise NotImplementedError


@attack.formula
def _(grid: Grid, attack_s: Tensor) -> Tensor:
    return _attack(grid, attack_s)


@operation
def adsr(
    grid: Grid,
    attack_s: Control,
    hold_s: Control,
    decay_s: Control,
    sustain: Control,
    gate_s: Control,
    release_s: Control,
) -> Signal:
    """Attack, hold, decay to a sustain level s, and release: `a(t) (s + (1 - s) d(t)) e(t)`.

    a is `attack`; d is the `decay` that begins after attack and hold; e is the release, a `decay` that begins `gate_s`
    after the hold.

    Args:
        grid: where to render.
        attack_s: time to rise, (..., 1), seconds.
        hold_s: time at the peak, (..., 1), seconds.
        decay_s: T60 of the fall to the sustain level, (..., 1), seconds.
        sustain: s, (..., 1), from 0 to 1.
        gate_s: time from the end of the hold to the release, (..., 1), seconds.
        release_s: T60 of the release, (..., 1), seconds.

    Returns:
        (..., samples).
    """
    raise NotImplementedError


@adsr.formula
def _(
    grid: Grid,
    attack_s: Tensor,
    hold_s: Tensor,
    decay_s: Tensor,
    sustain: Tensor,
    gate_s: Tensor,
    release_s: Tensor,
) -> Tensor:
    hold_end_s, low = attack_s.double() + hold_s.double(), sustain.to(grid.dtype)
    falling = low + (1.0 - low) * _decay(grid, decay_s, hold_end_s)
    return _attack(grid, attack_s) * falling * _decay(grid, release_s, hold_end_s + gate_s.double())


@operation
def bursts(grid: Grid, time_s: Control, gain: Control, t60_s: Control) -> Signal:
    """Decays that begin one after the other and add up: `Σ_k g_k b(t - t_k) exp(-r_k max(t - t_k, 0))`.

    b rises from 0 to 1 within the sample before t_k, so that the time has a gradient.

    Args:
        grid: where to render.
        time_s: t, (..., bursts), seconds.
        gain: g, (..., bursts).
        t60_s: of each, (..., bursts), or of all, (..., 1), seconds.

    Returns:
        (..., samples).
    """
    raise NotImplementedError


@bursts.formula
def _(grid: Grid, time_s: Tensor, gain: Tensor, t60_s: Tensor) -> Tensor:
    since_s = grid.times_s() - time_s.double().unsqueeze(-1)
    begun = (1.0 + since_s * grid.sample_rate).clamp(0.0, 1.0)
    fallen = _rate(grid, t60_s).unsqueeze(-1) * since_s.clamp(min=0.0)
    return (gain.double().unsqueeze(-1) * begun * (-fallen).exp()).sum(-2).to(grid.dtype)


def _decay(grid: Grid, t60_s: Tensor, onset_s: Tensor | None) -> Tensor:
    since_s = grid.times_s() if onset_s is None else (grid.times_s() - onset_s.double()).clamp(min=0.0)
    return (-_rate(grid, t60_s) * since_s).exp().to(grid.dtype)


def _attack(grid: Grid, attack_s: Tensor) -> Tensor:
    risen = (grid.times_s() + grid.tick_s) / (attack_s.double() + grid.tick_s)
    return risen.clamp(max=1.0).to(grid.dtype)


def _rate(grid: Grid, t60_s: Tensor) -> Tensor:
    """In nepers per second, float64: at most what a block can hold."""
    return t60_to_rate(t60_s.double()).clamp(max=_DEEPEST * grid.sample_rate / BLOCK)


def shaped_fall(times_s: Tensor, t60_s: Tensor, shape: Tensor) -> Tensor:
    """A decay that may fall at once and then slowly, or hold and then fall: `exp(-ln 1000 (t / T60)^p)`.

    Args:
        times_s: t, above 0, in seconds.
        t60_s: seconds.
        shape: p; 1 is exponential.
    """
    fallen = LN_1000 * (shape * (times_s.log() - t60_s.clamp(min=SHORTEST_T60_S).log())).exp()
    return (-fallen.clamp(max=_DEEPEST)).exp()
