"""Oscillators: a waveform read along a phase."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from backbeat.dsp.grid import Grid
from backbeat.dsp.kept import is_fusing, kept
from backbeat.dsp.mixing import may_overwrite, with_product
from backbeat.dsp.phase import Phase
from backbeat.types import Control, Mono

SINE_QUOTIENT = (25.13274108, -64.83582258, 67.07675873, -38.49841931, 14.06550687, -3.19337729)


def sine(grid: Grid, phase: Phase, start_cycles: Control | None = None) -> Mono:
    """A sine: `sin 2π(φ(t) + φ0)`.

    A detuned copy reads `phase.times(cents_to_ratio(detune))`, a sub oscillator the phase at half the speed. A pitch
    that rises past Nyquist aliases: the tables of the instruments keep their sweeps below it at 44.1 kHz.

    Args:
        grid: where to render.
        phase: φ, in cycles, as built by `steady`, `sweep` and `vibrato`.
        start_cycles: φ0, (..., 1), cycles; none starts at a rising zero crossing.

    Returns:
        (..., samples), within ±1.
    """
    return sines(grid, [Voice(phase, start_cycles)])


class Voice(NamedTuple):
    """One of several `sines`.

    Attributes:
        phase: φ, in cycles.
        start_cycles: φ0, (..., 1), cycles; none starts at a rising zero crossing.
        level: g, (..., 1); none is 1.
    """

    phase: Phase
    start_cycles: Control | None = None
    level: Control | None = None


def sines(grid: Grid, voices: Sequence[Voice]) -> Mono:
    """A sum of sines: `Σ_k g_k sin 2π(φ_k(t) + φ0_k)`, (..., samples); see `sine`."""
    total: Tensor | None = None
    shared: dict[int, Tensor] = {}
    for phase, start_cycles, level in voices:
        if is_fusing():
            if id(phase.terms) not in shared:
                shared[id(phase.terms)] = phase.since_starts(grid.dtype)
            waves = sine_of_cycles(phase.cycles(grid.dtype, start_cycles, shared[id(phase.terms)]))
        else:
            radians = phase.radians(grid.dtype, start_cycles)
            waves = radians.sin_() if may_overwrite() else torch.sin(radians)
        if level is None:
            total = waves if total is None else total + waves
        elif total is None:
            total = level.unsqueeze(-1) * waves
        else:
            total = with_product(total, level.unsqueeze(-1), waves)
    if total is None:
        raise ValueError("sines: found no voices; must be at least one")
    return grid.join(kept(total))


def sine_of_cycles(cycles: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """`sin 2πx`, as `r (1/4 - r²) Q(r²)` of the nearest whole turn's remainder r, within 3e-7 in float32.

    Eleven multiplications and additions, where a library's sine takes forty: for compiled code, which makes them one
    loop. Q is a minimax fit; without rounding, the error is 1.3e-9.
    """
    wave: Tensor = _Sine.apply(cycles)  # type: ignore[no-untyped-call]
    return wave


class _Sine(torch.autograd.Function):
    """`sine_of_cycles`, whose slope is one of its own kind, and not of the polynomial."""

    @staticmethod
    def forward(cycles: Tensor) -> Tensor:
        r = cycles - torch.round(cycles)
        return r * (0.25 - r * r) * polynomial(r * r, SINE_QUOTIENT)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Tensor:
        (cycles,) = ctx.saved_tensors
        return slope * (2.0 * math.pi) * sine_of_cycles(cycles + 0.25)


def polynomial(x: Float[Tensor, "..."], coefficients: Sequence[float]) -> Float[Tensor, "..."]:
    """`Σ_k c_k x^k`, by Horner's rule."""
    total = torch.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total = total * x + coefficient
    return total
