"""Saturation: a drive in dB into a curve, with the level compensated.

Full scale stays full scale, and as the drive falls the curve becomes a straight line. It acts sample by sample without
oversampling: the harmonics of a sound that is driven hard fold back at Nyquist, which for drums, whose driven part is
low in pitch, lies below what the drive adds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from backbeat.dsp.grid import Grid
from backbeat.dsp.operation import operation
from backbeat.dsp.tape import Control, Signal
from backbeat.dsp.units import db_to_gain

if TYPE_CHECKING:
    from torch import Tensor

_REACH = 0.999
"""How near the end of the soft clip's range its inverse is followed, as a share of the square."""


@operation
def soft_clip(grid: Grid, signal: Signal, drive_db: Control, gain_db: Control | float = 0.0) -> Signal:
    """Algebraic soft clip, with a gradient at any level: `G f(D x) / f(D)`, `f(x) = x / √(1 + x²)`.

    Args:
        grid: where to render.
        signal: x, (..., samples).
        drive_db: D, (..., 1), dB.
        gain_db: G, of the result, (..., 1), dB.

    Returns:
        (..., samples).
    """
    raise NotImplementedError


@soft_clip.formula
def _(grid: Grid, signal: Tensor, drive_db: Tensor, gain_db: Tensor) -> Tensor:
    scale, bend = _scale_and_bend(signal, drive_db, gain_db)
    return signal * (scale + bend * signal * signal).rsqrt()


@soft_clip.gpu_kernel
def _(grid: Grid, signal: Tensor, drive_db: Tensor, gain_db: Tensor) -> Tensor:
    from backbeat.dsp.gpu.clipping import clipped

    return clipped(signal, *_scale_and_bend(signal, drive_db, gain_db))


def _scale_and_bend(signal: Tensor, drive_db: Tensor, gain_db: Tensor) -> tuple[Tensor, Tensor]:
    """The s and q by which the soft clip is `x / √(s + q x²)`: `s = 1 / (G² (1 + D²))` and `q = D² s`."""
    power = db_to_gain(2.0 * drive_db.double())
    scale = db_to_gain(-2.0 * gain_db.double()) / (1.0 + power)
    return scale.to(signal.dtype), (power * scale).to(signal.dtype)


@operation
def tanh_clip(grid: Grid, signal: Signal, drive_db: Control) -> Signal:
    """Hyperbolic tangent: `tanh(D x) / tanh(D)`.

    Args:
        grid: where to render.
        signal: x, (..., samples).
        drive_db: D, (..., 1), dB.

    Returns:
        (..., samples).
    """
    raise NotImplementedError


@tanh_clip.formula
def _(grid: Grid, signal: Tensor, drive_db: Tensor) -> Tensor:
    gain = db_to_gain(drive_db.double())
    return (gain.to(signal.dtype) * signal).tanh() / gain.tanh().to(signal.dtype)


def soft_unclip(signal: Tensor, drive_db: Tensor) -> Tensor:
    """What `soft_clip` made a signal of: `x = y √p / √(1 - (1 - p) y²)`, `p = 1 / (1 + D²)`.

    A signal beyond what the clip can reach, `|y| = √(1 + 1 / D²)`, is taken to lie just within it.

    Args:
        signal: y, (..., samples).
        drive_db: D, (..., 1), dB.
    """
    power = db_to_gain(2.0 * drive_db)
    share = power / (1.0 + power) * signal * signal
    return signal * ((1.0 + power) * (1.0 - share.clamp(max=_REACH))).rsqrt()
