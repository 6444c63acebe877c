"""Signal processing for drums: pure functions of tensors, differentiable, batched, deterministic.

Signals are (..., samples), controls (..., 1) in the units of their names, and both broadcast over leading axes.
"""

from backbeat.dsp.bands import band_centers_hz, between, control_times_s, noise_bands
from backbeat.dsp.comb import comb
from backbeat.dsp.constant import constant
from backbeat.dsp.envelopes import adsr, attack, curve, decay, fall_after, heard, shaped_decay, shaped_fall
from backbeat.dsp.filters.convolution import convolve
from backbeat.dsp.filters.fir import fir, fir_bandpass, fir_highpass, fir_lowpass
from backbeat.dsp.filters.iir import (
    BUTTERWORTH_Q,
    Section,
    bandpass,
    high_shelf,
    highpass,
    iir,
    impulse_response,
    low_shelf,
    lowpass,
    one_pole_highpass,
    one_pole_lowpass,
    peak,
)
from backbeat.dsp.grid import Grid
from backbeat.dsp.known import known
from backbeat.dsp.loudness import energy_db, k_weighted
from backbeat.dsp.mixing import mix
from backbeat.dsp.modal import modal, swept_modal
from backbeat.dsp.noise import noise
from backbeat.dsp.oscillators import Voice, sine, sines
from backbeat.dsp.phase import Phase, steady, sweep, vibrato
from backbeat.dsp.shapers import arctan_clip, soft_clip, soft_unclip, tanh_clip
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
    "BUTTERWORTH_Q",
    "Grid",
    "Phase",
    "Section",
    "Voice",
    "adsr",
    "arctan_clip",
    "attack",
    "band_centers_hz",
    "bandpass",
    "between",
    "cents_to_ratio",
    "comb",
    "constant",
    "control_times_s",
    "convolve",
    "curve",
    "db_to_gain",
    "decay",
    "energy_db",
    "fall_after",
    "fir",
    "fir_bandpass",
    "fir_highpass",
    "fir_lowpass",
    "gain_to_db",
    "heard",
    "high_shelf",
    "highpass",
    "iir",
    "impulse_response",
    "k_weighted",
    "known",
    "low_shelf",
    "lowpass",
    "mix",
    "modal",
    "noise",
    "noise_bands",
    "one_pole_highpass",
    "one_pole_lowpass",
    "peak",
    "ratio_to_semitones",
    "semitones_to_ratio",
    "shaped_decay",
    "shaped_fall",
    "sine",
    "sines",
    "soft_clip",
    "soft_unclip",
    "steady",
    "sweep",
    "swept_modal",
    "t60_to_rate",
    "t60_to_time_constant",
    "tanh_clip",
    "time_constant_to_t60",
    "vibrato",
]
