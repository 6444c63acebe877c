"""Envelopes, of levels from 0 to 1. Every decay time is a T60, the time to fall by 60 dB: `r = ln 1000 / T60`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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


@decay.gpu_kernel
def _(grid: Grid, t60_s: Tensor, onset_s: Tensor | None) -> Tensor:
    onset = (0.0, 0.0) if onset_s is None else _split(grid, onset_s)
    return _by_gpu(grid, 1.0, *onset, _per_sample(grid, t60_s), 0.0, 0.0, 0.0, 0.0)


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


@attack.gpu_kernel
def _(grid: Grid, attack_s: Tensor) -> Tensor:
    return _by_gpu(grid, _rise(grid, attack_s), *[0.0] * 7)


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


@adsr.gpu_kernel
def _(
    grid: Grid,
    attack_s: Tensor,
    hold_s: Tensor,
    decay_s: Tensor,
    sustain: Tensor,
    gate_s: Tensor,
    release_s: Tensor,
) -> Tensor:
    hold_end_s = attack_s.double() + hold_s.double()
    falling = *_split(grid, hold_end_s), _per_sample(grid, decay_s), sustain.to(grid.dtype)
    released = *_split(grid, hold_end_s + gate_s.double()), _per_sample(grid, release_s)
    return _by_gpu(grid, _rise(grid, attack_s), *falling, *released)


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
    total: Any = 0.0
    for k in range(time_s.shape[-1]):
        since, own = _since(grid, time_s[..., k : k + 1]), slice(k, k + 1) if t60_s.shape[-1] > 1 else slice(None)
        begun = (1.0 + since).clamp(0.0, 1.0)
        fallen = (_per_sample(grid, t60_s[..., own]) * since.clamp(min=0.0)).exp()
        total = total + gain[..., k : k + 1].to(grid.dtype) * begun * fallen
    return total


def _decay(grid: Grid, t60_s: Tensor, onset_s: Tensor | None) -> Tensor:
    since = _steps(grid) if onset_s is None else _since(grid, onset_s).clamp(min=0.0)
    return (_per_sample(grid, t60_s) * since).exp()


def _attack(grid: Grid, attack_s: Tensor) -> Tensor:
    return ((_steps(grid) + 1.0) * _rise(grid, attack_s)).clamp(max=1.0)


def _rise(grid: Grid, attack_s: Tensor) -> Tensor:
    """What an attack gains from one sample to the next."""
    return (1.0 / (attack_s.double() * grid.sample_rate + 1.0)).to(grid.dtype)


def _steps(grid: Grid) -> Tensor:
    """Numbers of the samples, (samples,)."""
    import torch

    return torch.arange(grid.samples, device=grid.device, dtype=grid.dtype)


def _since(grid: Grid, onset_s: Tensor) -> Tensor:
    """Samples since a time, (..., samples).

    The whole samples are taken off first, which float32 does without an error. So all that is as long as the sound
    stays in float32, and is nevertheless as exact as float32 can be near the onset.
    """
    whole, rest = _split(grid, onset_s)
    return (_steps(grid) - whole) - rest


def _split(grid: Grid, time_s: Tensor) -> tuple[Tensor, Tensor]:
    """A time as whole samples, without gradient, and a rest."""
    time = time_s.double() * grid.sample_rate
    whole = time.detach().floor()
    return whole.to(grid.dtype), (time - whole).to(grid.dtype)


def _per_sample(grid: Grid, t60_s: Tensor) -> Tensor:
    """What a level gains in nepers from one sample to the next, below 0: at least what a block can hold."""
    rate = t60_to_rate(t60_s.double()).clamp(max=_DEEPEST * grid.sample_rate / BLOCK)
    return (-rate / grid.sample_rate).to(grid.dtype)


def _by_gpu(grid: Grid, *numbers: Tensor | float) -> Tensor:
    from backbeat.dsp.constants import constant
    from backbeat.dsp.gpu.envelope import enveloped, together

    tensors = [constant((each,), grid.precision, grid.device) if isinstance(each, float) else each for each in numbers]
    return enveloped(together(*tensors), grid.samples)


def shaped_fall(times_s: Tensor, t60_s: Tensor, shape: Tensor) -> Tensor:
    """A decay that may fall at once and then slowly, or hold and then fall: `exp(-ln 1000 (t / T60)^p)`.

    Args:
        times_s: t, above 0, in seconds.
        t60_s: seconds.
        shape: p; 1 is exponential.
    """
    fallen = LN_1000 * (shape * (times_s.log() - t60_s.clamp(min=SHORTEST_T60_S).log())).exp()
    return (-fallen.clamp(max=_DEEPEST)).exp()
