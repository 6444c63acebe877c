"""How loud a sound of any length is.

Loudness after ITU-R BS.1770 is gated in blocks of 400 ms, which a drum hit does not fill; its K-weighting says how
much of the sound the ear takes.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from backbeat.dsp.grid import Grid
from backbeat.dsp.iir import high_shelf, highpass, iir
from backbeat.types import Mono

_HEAD_HZ, _HEAD_DB = 1500.0, 4.0
_LOW_HZ, _LOW_Q = 38.135, 0.5003
"""The head's shelf, about the middle of its step, and the high-pass: at 48 kHz the recommendation's coefficients."""
_SILENT = 1e-20


def energy_db(signal: Mono) -> Float[Tensor, "..."]:
    """`10 log10 Σ x²`, over the whole of a sound; silence is -200 dB.

    Args:
        signal: (..., samples).
    """
    return 10.0 * torch.log10(signal.square().sum(-1) + _SILENT)


def k_weighted(sample_rate: float, signal: Mono) -> Mono:
    """The sound as the ear takes it: treble 4 dB louder, nothing below some 40 Hz.

    Args:
        sample_rate: in Hz.
        signal: (..., samples).

    References:
        | ITU-R BS.1770, Annex 1: the two stages of the K-weighting
    """
    grid = Grid(sample_rate, signal.shape[-1], torch.zeros(1, dtype=torch.int64, device=signal.device))
    hz, db, low_hz = (signal.new_tensor([number]) for number in (_HEAD_HZ, _HEAD_DB, _LOW_HZ))
    return iir(signal, high_shelf(grid, hz, db), highpass(grid, low_hz, _LOW_Q))
