"""Waveshapers: a drive in dB into a curve, with the level compensated.

All are `f(g x) / f(g)` with `g = 10^(drive / 20)`: full scale stays full scale, and as the drive falls the curve
becomes a straight line. They act sample by sample without oversampling: the harmonics of a sound that is driven hard
fold back at Nyquist, which for drums, whose driven part is low in pitch, lies below what the drive adds.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from backbeat.dsp.kept import is_fusing
from backbeat.dsp.mixing import may_overwrite
from backbeat.dsp.oscillators import polynomial
from backbeat.dsp.units import db_to_gain
from backbeat.types import Control, Mono

_TANH_ENDS = 8.3
_TANH_ABOVE = (9.99999802e-01, 1.28991053e-01, 2.92252106e-03, 1.11214264e-05)
_TANH_BELOW = (1.0, 4.62322822e-01, 2.36988761e-02, 2.34645367e-04, 2.36140776e-07)
_REACH = 0.999
"""How near the end of the soft clip's range its inverse is followed, as a share of the square."""


def tanh_clip(signal: Mono, drive_db: Control) -> Mono:
    """Hyperbolic tangent: `tanh(g x) / tanh(g)`.

    Args:
        signal: (..., samples).
        drive_db: (..., 1), dB.
    """
    gain = db_to_gain(drive_db)
    quick = is_fusing() and signal.dtype == torch.float32
    return (tanh_of if quick else torch.tanh)(gain * signal) / torch.tanh(gain)


def tanh_of(signal: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """`tanh x` as `x P(x²) / Q(x²)`, within 1e-6 in float32: for compiled code, in a third of a library's time.

    P and Q are a minimax fit; without rounding, the relative error is 2e-7.
    """
    x = signal.clamp(-_TANH_ENDS, _TANH_ENDS)
    return x * polynomial(x * x, _TANH_ABOVE) / polynomial(x * x, _TANH_BELOW)


def arctan_clip(signal: Mono, drive_db: Control) -> Mono:
    """Arctangent, which bends earlier and softer than tanh: `atan(g x) / atan(g)`.

    Args:
        signal: (..., samples).
        drive_db: (..., 1), dB.
    """
    gain = db_to_gain(drive_db)
    return torch.atan(gain * signal) / torch.atan(gain)


def soft_clip(signal: Mono, drive_db: Control, gain_db: Control | None = None) -> Mono:
    """Algebraic soft clip, cheap, with a gradient at any level: `f(g x) / f(g)`, `f(x) = x / √(1 + x²)`.

    Args:
        signal: (..., samples).
        drive_db: (..., 1), dB.
        gain_db: of the result, (..., 1), dB; none is 0.
    """
    # f(g x) / f(g) with gain a is x / √((p + (1 - p) x²) / a²) with p = 1 / (1 + g²).
    power = db_to_gain(2.0 * drive_db)
    scale = 1.0 / (1.0 + power) if gain_db is None else db_to_gain(-2.0 * gain_db) / (1.0 + power)
    level = torch.addcmul(scale, power * scale, signal * signal).rsqrt_()
    return level.mul_(signal) if may_overwrite() else signal * level


def soft_unclip(signal: Mono, drive_db: Control) -> Mono:
    """What `soft_clip` made a signal of: `x = y √p / √(1 - (1 - p) y²)`, `p = 1 / (1 + g²)`.

    A signal beyond what the clip can reach, `|y| = √(1 + 1 / g²)`, is taken to lie just within it.

    Args:
        signal: (..., samples).
        drive_db: (..., 1), dB.
    """
    power = db_to_gain(2.0 * drive_db)
    share = power / (1.0 + power) * signal * signal
    return signal * torch.rsqrt((1.0 + power) * (1.0 - share.clamp(max=_REACH)))
