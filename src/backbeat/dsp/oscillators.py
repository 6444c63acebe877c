"""Oscillators: a waveform read along a phase."""

import torch
from jaxtyping import Float
from torch import Tensor

from backbeat.dsp.grid import Grid
from backbeat.dsp.kept import is_fusing
from backbeat.dsp.phase import Phase
from backbeat.types import Control, Mono

_QUOTIENT = (25.13274108, -64.83582258, 67.07675873, -38.49841931, 14.06550687, -3.19337729)


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
    if is_fusing():
        return grid.join(sine_of_cycles(phase.cycles(grid.dtype, start_cycles)))
    return grid.join(torch.sin(phase.radians(grid.dtype, start_cycles)))


def sine_of_cycles(cycles: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """`sin 2πx`, as `r (1/4 - r²) Q(r²)` of the nearest whole turn's remainder r, within 3e-7 in float32.

    Eleven multiplications and additions, where a library's sine takes forty: for compiled code, which makes them one
    loop. Q is a minimax fit; without rounding, the error is 1.3e-9.
    """
    r = cycles - torch.round(cycles)
    square = r * r
    quotient = torch.full_like(square, _QUOTIENT[-1])
    for coefficient in reversed(_QUOTIENT[:-1]):
        quotient = quotient * square + coefficient
    return r * (0.25 - square) * quotient
