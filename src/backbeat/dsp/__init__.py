"""Signal processing for drums: operations and functions of controls, differentiable, batched, deterministic.

Signals are (..., samples), controls (..., 1) in the units of their names, or (..., n) for a bank; all broadcast over
leading axes. Within an instrument's `render`, all are handles, and what is called is recorded.
"""

from backbeat.dsp.arithmetic import clamp, cos, exp, log, maximum, minimum, sin, sqrt, stack, tanh, total
from backbeat.dsp.biquad import bandpass, biquad, highpass, lowpass, one_pole_highpass, one_pole_lowpass
from backbeat.dsp.clip import soft_clip, tanh_clip
from backbeat.dsp.comb import comb
from backbeat.dsp.envelopes import adsr, attack, bursts, decay
from backbeat.dsp.fir import bandpass_fir, fir, highpass_fir, lowpass_fir
from backbeat.dsp.grid import Grid
from backbeat.dsp.modal import modal, swept_modal
from backbeat.dsp.noise import noise
from backbeat.dsp.noise_bands import band_centers_hz, noise_bands
from backbeat.dsp.sines import sine, sines
from backbeat.dsp.squares import squares
from backbeat.dsp.tape import Control, Signal
from backbeat.dsp.units import (
    cents_to_ratio,
    db_to_gain,
    gain_to_db,
    ratio_to_semitones,
    semitones_to_ratio,
    t60_to_rate,
    t60_to_time_constant,
    time_constant_to_t60,
)

__all__ = [
    "Control",
    "Grid",
    "Signal",
    "adsr",
    "attack",
    "band_centers_hz",
    "bandpass",
    "bandpass_fir",
    "biquad",
    "bursts",
    "cents_to_ratio",
    "clamp",
    "comb",
    "cos",
    "db_to_gain",
    "decay",
    "exp",
    "fir",
    "gain_to_db",
    "highpass",
    "highpass_fir",
    "log",
    "lowpass",
    "lowpass_fir",
    "maximum",
    "minimum",
    "modal",
    "noise",
    "noise_bands",
    "one_pole_highpass",
    "one_pole_lowpass",
    "ratio_to_semitones",
    "semitones_to_ratio",
    "sin",
    "sine",
    "sines",
    "soft_clip",
    "sqrt",
    "squares",
    "stack",
    "swept_modal",
    "t60_to_rate",
    "t60_to_time_constant",
    "tanh",
    "tanh_clip",
    "time_constant_to_t60",
    "total",
]
