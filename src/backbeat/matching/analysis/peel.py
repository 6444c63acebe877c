"""A one-shot without its gliding body: what is left for modes and noise to explain."""

import math

import numpy as np

from backbeat.matching.analysis.glide import Glide
from backbeat.types import Series

_HARMONICS = (0.5, 1.0, 2.0, 3.0)
_SHORTEST_S, _LONGEST_S = 0.004, 0.03
_GROWTH = 1.5
_LONGEST_ANALYSED_S = 1.5
_RIDGE = 1e-4


def peel(signal: Series, sample_rate: int, glide: Glide) -> Series:
    """Leave out what follows a glide: its pitch, the octave below, and what a clipper makes of it.

    Least squares of `Σ_h a_h(t) sin 2πhφ(t) + b_h(t) cos 2πhφ(t)`, where φ is the glide's phase and a and b are
    straight between knots: 4 ms apart at the onset, 30 ms later on, so that any envelope, a vibrato and a pitch that is
    some cents off are followed too.

    Args:
        signal: (samples,), of which the first 1.5 s are peeled.
        sample_rate: in Hz.
        glide: of the body.

    Returns:
        The residual, (samples,).
    """
    analysed = signal[: round(_LONGEST_ANALYSED_S * sample_rate)]
    t = np.arange(len(analysed)) / sample_rate
    phase = glide.pitch_hz * glide.warp(t)
    hats = _hats(t)
    atoms = np.concatenate(
        [
            hats * wave(2.0 * math.pi * np.modf(h * phase)[0]).astype(np.float32)
            for h in _HARMONICS
            for wave in (np.sin, np.cos)
        ]
    )
    gram = (atoms @ atoms.T).astype(np.float64)
    gram += _RIDGE * np.diag(np.diag(gram) + 1.0)
    solution = np.linalg.solve(gram, atoms @ analysed.astype(np.float32))
    return np.concatenate([analysed - solution.astype(np.float32) @ atoms, signal[len(analysed) :]])


def _hats(t: Series) -> Series:
    """Triangles between knots that cover the time, (knots, samples)."""
    knots, step = [0.0], _SHORTEST_S
    while knots[-1] < t[-1]:
        knots.append(knots[-1] + step)
        step = min(_GROWTH * step, _LONGEST_S)
    rows = np.eye(len(knots))
    return np.stack([np.interp(t, knots, row).astype(np.float32) for row in rows])
