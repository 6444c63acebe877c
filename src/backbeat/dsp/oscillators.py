"""Oscillators: a waveform read along a phase."""

import torch

from backbeat.dsp.grid import Grid
from backbeat.dsp.phase import Phase
from backbeat.types import Control, Mono


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
    return grid.join(torch.sin(phase.radians(grid.dtype, start_cycles)))
