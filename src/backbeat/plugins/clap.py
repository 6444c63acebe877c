"""Clap: noise through a band-pass, let through by a few quick bursts and a tail, into a soft clipper.

The hands of the TR-808 and TR-909 are one source of noise through a band-pass near 1 kHz. A row of bursts some 10 ms
apart opens it, the sound of several hands that never meet at once, and a slower decay stands for the room. What
the air adds above the band is noise of the same bursts through a high-pass.

References:
    | TR-808 Service Notes (Roland, 1981), hand clap
    | TR-909 Service Notes (Roland, 1983), hand clap
"""

from backbeat import dsp
from backbeat.dsp import Grid, Signal
from backbeat.parameters import NOISE, OUTPUT, TRANSIENT, Table, amount, decibels, hz, pitch, seconds, shape
from backbeat.plugins.base import Macro, Plugin

_NOISE_HZ = 5000.0
"""A band as wide as this has the level that it is given."""


class Controls(Table):
    """What a clap has."""

    burst_s = seconds(
        0.0,
        0.08,
        default=(0.0, 0.0105, 0.021, 0.032),
        musical=(0.0, 0.04),
        help="When each pair of hands meets.",
    )
    burst_db = decibels(
        -60.0, 6.0, default=(-3.0, -2.0, -1.0, 0.0), musical=(-12.0, 0.0), help="Level of each; -60 is none."
    )
    burst_t60_s = seconds(
        0.002, 0.2, default=0.03, musical=(0.01, 0.06), help="T60 of each burst.", role=TRANSIENT.t60_s
    )
    tail_db = decibels(-60.0, 6.0, default=-8.0, musical=(-24.0, -4.0), help="Level of the tail.", role=NOISE.level_db)
    tail_onset_s = seconds(0.0, 0.08, default=0.032, musical=(0.0, 0.04), help="When the tail begins.")
    tail_s = seconds(0.02, 3.0, default=0.35, musical=(0.1, 0.8), help="T60 of the tail.", role=NOISE.t60_s)
    band_hz = pitch(200.0, 8000.0, default=1100.0, musical=(700.0, 2200.0), help="Middle of the band.")
    band_q = shape(0.3, 12.0, default=1.8, musical=(0.8, 4.0), help="Q of the band: higher is narrower.")
    ring_hz = pitch(200.0, 8000.0, default=2300.0, musical=(1500.0, 4000.0), help="Middle of a second band.")
    ring_mix = amount(default=0.25, musical=(0.0, 0.6), help="Level of the second band against the first.")
    air_db = decibels(-60.0, 0.0, default=-26.0, musical=(-44.0, -16.0), help="Level of the noise above the bands.")
    air_hz = hz(500.0, 16000.0, default=5000.0, musical=(3000.0, 9000.0), help="Where that begins.")
    low_cut_hz = hz(20.0, 2000.0, default=350.0, musical=(120.0, 700.0), help="High-pass of the whole sound.")
    drive_db = decibels(
        -20.0, 36.0, default=0.0, musical=(-10.0, 12.0), help="Drive into the soft clipper.", role=OUTPUT.drive_db
    )
    gain_db = decibels(-60.0, 12.0, default=-2.0, musical=(-4.0, -1.0), help="Output level.", role=OUTPUT.level_db)


def render(grid: Grid, c: Controls) -> Signal:
    """Two bands of noise and air above them, by bursts and a tail."""
    noise = dsp.noise(grid, stream=0)
    bands = _band(grid, noise, c.band_hz, c.band_q) + c.ring_mix * _band(grid, noise, c.ring_hz, c.band_q)
    air = dsp.db_to_gain(c.air_db) * dsp.highpass(grid, noise, c.air_hz)
    burst_s = c.burst_t60_s
    envelope = dsp.bursts(
        grid,
        time_s=dsp.stack(c.burst_s, c.tail_onset_s),
        gain=dsp.db_to_gain(dsp.stack(c.burst_db, c.tail_db)),
        t60_s=dsp.stack(burst_s, burst_s, burst_s, burst_s, c.tail_s),
    )
    clapped = dsp.highpass(grid, (bands + air) * envelope, c.low_cut_hz)
    return dsp.soft_clip(grid, clapped, c.drive_db, c.gain_db)


def _band(grid: Grid, noise: Signal, center_hz: dsp.Control, q: dsp.Control) -> Signal:
    """A band of the same level wherever it lies, and however wide it is."""
    level = dsp.sqrt(_NOISE_HZ * q / center_hz)
    return level * dsp.bandpass(grid, noise, center_hz, q)


PLUGIN = Plugin(
    "clap",
    Controls,
    render,
    summary="Noise through a band, in quick bursts with a tail.",
    macros={
        "tune": Macro("st", ("band_hz", "ring_hz"), "Where the bands lie."),
        "length": Macro("%", ("tail_s",), "How long the tail lasts."),
        "snap": Macro("dB", ("burst_db",), "Level of the hands against the tail."),
        "brightness": Macro("dB", ("air_db",), "Level of what lies above the bands."),
        "noise": Macro("dB", ("tail_db",), "Level of the tail."),
        "drive": Macro("dB", ("drive_db",), "Drive into the clipper."),
    },
    banks=(("burst_s", "burst_db"),),
)
