"""Hat: six square waves that fit no chord, and noise, through two bands and a high-pass, into a soft clipper.

The hats and the cymbal of the TR-808 are six Schmitt-trigger oscillators, whose mix two band-passes near 3.4 and 7.1
kHz turn into metal; what they let through is gated by a decay, short for the closed hat, long for the open one. Noise
stands for the many more modes of a real cymbal, and a fast second decay for the stick.

References:
    | TR-808 Service Notes (Roland, 1981), cymbal and hi-hat
    | The TR-808 Cymbal: a Physically-Informed, Circuit-Bendable, Digital Model (Werner, Abel, Smith, ICMC 2014)
"""

from backbeat import dsp
from backbeat.dsp import Grid, Signal
from backbeat.parameters import BODY, NOISE, OUTPUT, TRANSIENT, Table, cycles, decibels, hz, pitch, seconds, shape
from backbeat.plugins.base import Macro, Plugin

_METAL_DB = 14.0
"""What brings the squares to about the level of the noise."""


class Controls(Table):
    """What a hat has."""

    pitch_hz = pitch(80.0, 1600.0, default=205.3, musical=(140.0, 420.0), help="Pitch of the lowest square.")
    ratio = shape(
        0.5,
        8.0,
        default=(1.0, 1.483, 1.8, 2.546, 2.63, 3.897),
        musical=(1.0, 5.0),
        help="Pitch of each square, as a multiple of that.",
    )
    square_db = decibels(-60.0, 6.0, default=[0.0] * 6, musical=(-12.0, 0.0), help="Level of each square.")
    square_cycles = cycles(default=(0.0, 0.37, 0.71, 0.13, 0.53, 0.89), help="Where in its cycle each square starts.")
    metal_db = decibels(-60.0, 12.0, default=0.0, musical=(-12.0, 3.0), help="Level of all squares.")
    noise_db = decibels(
        -60.0, 12.0, default=-16.0, musical=(-30.0, -4.0), help="Level of the noise.", role=NOISE.level_db
    )
    band_hz = hz(
        800.0,
        16000.0,
        default=(3440.0, 7100.0),
        musical=(2500.0, 11000.0),
        help="Middle of each band that the squares pass.",
    )
    band_q = shape(0.3, 8.0, default=(1.6, 1.8), musical=(0.8, 3.0), help="Q of each band: higher is narrower.")
    band_db = decibels(-60.0, 12.0, default=(-12.0, 0.0), musical=(-18.0, 0.0), help="Level of each band.")
    highpass_hz = hz(200.0, 14000.0, default=6000.0, musical=(3500.0, 9000.0), help="High-pass of the whole sound.")
    highpass_q = shape(0.5, 4.0, default=0.9, musical=(0.6, 1.6), help="Resonance of the high-pass.")
    attack_s = seconds(0.0, 0.05, default=0.0, musical=(0.0, 0.002), help="Rise.", role=BODY.attack_s)
    decay_s = seconds(
        0.01, 6.0, default=0.12, musical=(0.05, 1.2), help="T60: short is closed, long is open.", role=BODY.t60_s
    )
    noise_s = seconds(0.01, 6.0, default=0.1, musical=(0.04, 1.0), help="T60 of the noise.", role=NOISE.t60_s)
    stick_db = decibels(
        -60.0, 12.0, default=-6.0, musical=(-24.0, 3.0), help="Level of the stick.", role=TRANSIENT.level_db
    )
    stick_s = seconds(0.002, 0.1, default=0.015, musical=(0.005, 0.03), help="T60 of the stick.", role=TRANSIENT.t60_s)
    gate_s = seconds(0.005, 6.0, default=6.0, musical=(1.0, 6.0), help="When the pedal closes.", role=OUTPUT.gate_s)
    release_s = seconds(0.005, 1.0, default=0.05, musical=(0.02, 0.2), help="T60 from then on.", role=OUTPUT.release_s)
    drive_db = decibels(
        -20.0, 36.0, default=-6.0, musical=(-12.0, 9.0), help="Drive into the soft clipper.", role=OUTPUT.drive_db
    )
    gain_db = decibels(-60.0, 12.0, default=-3.0, musical=(-6.0, -1.0), help="Output level.", role=OUTPUT.level_db)


def render(grid: Grid, c: Controls) -> Signal:
    """Metal and noise, each with its decay and both with the stick, high-passed."""
    level = dsp.db_to_gain(c.square_db + c.metal_db + _METAL_DB) / 6.0
    metal = dsp.squares(grid, c.pitch_hz * c.ratio, level, c.square_cycles)
    bands = _band(grid, metal, c, 0) + _band(grid, metal, c, 1)
    noise = dsp.db_to_gain(c.noise_db) * dsp.noise(grid, stream=0)
    stick = dsp.db_to_gain(c.stick_db) * dsp.decay(grid, c.stick_s)
    ringing = bands * (dsp.decay(grid, c.decay_s) + stick) + noise * (dsp.decay(grid, c.noise_s) + stick)
    envelope = dsp.attack(grid, c.attack_s) * dsp.decay(grid, c.release_s, onset_s=c.gate_s)
    struck = dsp.highpass(grid, ringing * envelope, c.highpass_hz, c.highpass_q)
    return dsp.soft_clip(grid, struck, c.drive_db, c.gain_db)


def _band(grid: Grid, metal: Signal, c: Controls, number: int) -> Signal:
    """What one of the bands lets through."""
    passed = dsp.bandpass(grid, metal, c.band_hz[number], c.band_q[number])
    return dsp.db_to_gain(c.band_db[number]) * passed


PLUGIN = Plugin(
    "hat",
    Controls,
    render,
    summary="Six squares and noise through bands, closed or open.",
    macros={
        "tune": Macro("st", ("pitch_hz",), "Pitch of the squares."),
        "length": Macro("%", ("decay_s", "noise_s", "release_s"), "How long it lasts."),
        "brightness": Macro("st", ("band_hz", "highpass_hz"), "Where its bands lie."),
        "snap": Macro("dB", ("stick_db",), "Level of the stick."),
        "noise": Macro("dB", ("noise_db",), "Level of the noise beside the squares."),
        "drive": Macro("dB", ("drive_db",), "Drive into the clipper."),
    },
    banks=(("ratio", "square_db", "square_cycles"), ("band_hz", "band_q", "band_db")),
)
