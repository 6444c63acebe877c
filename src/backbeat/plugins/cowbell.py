"""Cowbell: two squares through two bands, and the modes of a bell, with a stick and noise, into a soft clipper.

The cowbell of the TR-808 is two Schmitt-trigger oscillators at 540 and 800 Hz, a fifth that is out of tune, through a
band-pass near 850 Hz. Its level falls in two stages, fast by half and then ten times as slowly. That of the CR-8000 has
587 and 845 Hz and a brighter band, near 2.6 kHz. A real cowbell, an agogo or a triangle is a bent plate or bar of
metal: modes that fit no harmonic row, the lowest two of a cowbell about as far apart as those squares.

References:
    | TR-808 Service Notes (Roland, 1981), cow bell
    | More Cowbell: a Physically-Informed, Circuit-Bendable, Digital Model of the TR-808 Cowbell
    | (Werner, Abel, Smith, AES 2014)
    | Synth Secrets 41: Synthesizing Cowbells & Claves (Reid, Sound on Sound, September 2002)
    | The Physics of Musical Instruments (Fletcher, Rossing, 1998), ch. 20 and 21
"""

import math
from collections.abc import Mapping

from backbeat import dsp
from backbeat.dsp import Grid, Signal
from backbeat.parameters import (
    BODY,
    EXTRA,
    MODES,
    NOISE,
    OUTPUT,
    TRANSIENT,
    Table,
    Value,
    decibels,
    hz,
    numbers,
    pitch,
    seconds,
    semitones,
    shape,
)
from backbeat.plugins.base import Macro, Plugin, frequencies_beside
from backbeat.plugins.parts import BAND_POWER_HZ, SNAP, drive, onset_gain, onset_level

_STICK_Q = 0.6


class Controls(Table):
    """What a cowbell has."""

    pitch_hz = pitch(100.0, 4000.0, default=540.0, musical=(420.0, 760.0), help="Pitch of the lower square.")
    interval_st = semitones(0.0, 24.0, default=6.8, musical=(5.5, 8.0), help="How far above it the other lies.")
    square_db = decibels(
        -60.0, 12.0, default=-3.0, musical=(-14.0, -5.0), help="Level of the squares.", role=EXTRA.level_db
    )
    square_s = seconds(0.01, 6.0, default=0.5, musical=(0.2, 0.9), help="T60 of the squares.")
    hit_db = decibels(-60.0, 12.0, default=0.0, musical=(-12.0, 6.0), help="Level of their faster decay.")
    hit_s = seconds(0.005, 1.0, default=0.06, musical=(0.03, 0.12), help="T60 of their faster decay.")
    band_hz = hz(
        100.0, 12000.0, default=(850.0, 2640.0), musical=(700.0, 4000.0), help="Middle of each band of the squares."
    )
    band_q = shape(0.3, 12.0, default=1.4, musical=(0.8, 3.0), help="Q of both bands: higher is narrower.")
    band_db = decibels(-60.0, 12.0, default=(0.0, -8.0), musical=(-14.0, 0.0), help="Level of each band.")
    mode_hz = pitch(
        100.0,
        18000.0,
        default=(562.0, 843.0, 1610.0, 2280.0, 3490.0, 4090.0),
        musical=(400.0, 6000.0),
        help="Frequency of each mode.",
        role=MODES.hz,
    )
    mode_s = seconds(
        0.005,
        8.0,
        default=(0.4, 0.45, 0.3, 0.25, 0.2, 0.2),
        musical=(0.1, 0.8),
        help="T60 of each mode.",
        role=MODES.t60_s,
    )
    mode_db = decibels(
        -60.0, 6.0, default=[-40.0] * 6, musical=(-28.0, -14.0), help="Level of each mode.", role=MODES.level_db
    )
    mode_shape = shape(
        0.4,
        4.0,
        default=1.0,
        musical=(0.8, 1.3),
        help="How the modes fall: at once and then slowly (below 1), evenly (1), or after a hold.",
    )
    attack_s = seconds(0.0, 0.03, default=0.0, musical=(0.0, 0.002), help="Rise of the bell.", role=BODY.attack_s)
    stick_db = decibels(
        -60.0, 12.0, default=-24.0, musical=(-36.0, -9.0), help="Level of the stick.", role=TRANSIENT.level_db
    )
    stick_s = seconds(0.001, 0.1, default=0.008, musical=(0.003, 0.02), help="T60 of the stick.", role=TRANSIENT.t60_s)
    stick_hz = hz(
        200.0, 16000.0, default=4000.0, musical=(2000.0, 8000.0), help="Middle of its wide band.", role=TRANSIENT.hz
    )
    noise_db = decibels(
        -60.0, 12.0, default=-50.0, musical=(-54.0, -30.0), help="Level of the noise.", role=NOISE.level_db
    )
    noise_s = seconds(0.005, 4.0, default=0.15, musical=(0.05, 0.4), help="T60 of the noise.", role=NOISE.t60_s)
    noise_low_hz = hz(
        20.0, 10000.0, default=900.0, musical=(500.0, 2500.0), help="Where the noise begins.", role=NOISE.low_hz
    )
    noise_high_hz = hz(
        200.0, 20000.0, default=8000.0, musical=(4000.0, 16000.0), help="Where the noise ends.", role=NOISE.high_hz
    )
    gate_s = seconds(0.003, 8.0, default=4.0, musical=(1.0, 6.0), help="When it is choked.", role=OUTPUT.gate_s)
    release_s = seconds(0.005, 2.0, default=0.1, musical=(0.03, 0.3), help="T60 from then on.", role=OUTPUT.release_s)
    onset_db = onset_level()
    drive_db = drive(default=-6.0, musical=(-12.0, 8.0))
    gain_db = decibels(-60.0, 12.0, default=-4.0, musical=(-6.0, -2.0), help="Output level.", role=OUTPUT.level_db)


def render(grid: Grid, c: Controls) -> Signal:
    """Squares, modes, stick and noise, choked, into a soft clipper."""
    both_hz = dsp.stack(c.pitch_hz, c.pitch_hz * dsp.semitones_to_ratio(c.interval_st))
    pair = dsp.squares(grid, both_hz, dsp.db_to_gain(c.square_db) * grid.constant(0.45, 0.55))
    falling = pair * (dsp.decay(grid, c.square_s) + dsp.db_to_gain(c.hit_db) * dsp.decay(grid, c.hit_s))
    bands = _band(grid, falling, c, 0) + _band(grid, falling, c, 1)
    modes = dsp.swept_modal(
        grid,
        c.mode_hz,
        c.mode_s,
        dsp.db_to_gain(c.mode_db),
        sweep_st=grid.constant(0.0),
        sweep_s=grid.constant(0.05),
        shape=dsp.stack(*[c.mode_shape] * c.mode_hz.size),
    )
    noise = dsp.noise(grid, stream=0)
    level = dsp.db_to_gain(c.stick_db) * dsp.sqrt(BAND_POWER_HZ * _STICK_Q / c.stick_hz)
    stick = level * dsp.bandpass(grid, noise, c.stick_hz, _STICK_Q) * dsp.decay(grid, c.stick_s)
    hiss = dsp.lowpass(grid, dsp.highpass(grid, noise, c.noise_low_hz), c.noise_high_hz)
    width_hz = dsp.maximum(c.noise_high_hz - c.noise_low_hz, 0.2 * c.noise_high_hz)
    clang = dsp.db_to_gain(c.noise_db) * dsp.sqrt(BAND_POWER_HZ / width_hz) * hiss * dsp.decay(grid, c.noise_s)
    struck = (bands + modes + clang) * dsp.attack(grid, c.attack_s) + stick
    choked = struck * onset_gain(grid, c.onset_db) * dsp.decay(grid, c.release_s, onset_s=c.gate_s)
    return dsp.soft_clip(grid, choked, c.drive_db, c.gain_db)


def _band(grid: Grid, squares: Signal, c: Controls, number: int) -> Signal:
    """What one of the bands lets through."""
    return dsp.db_to_gain(c.band_db[number]) * dsp.bandpass(grid, squares, c.band_hz[number], c.band_q)


def _frequencies_hz(values: Mapping[str, Value], name: str) -> tuple[float, ...]:
    """Of the entries of a level: of `band_db`, `band_hz`; of the noise, the middle of its band."""
    if name == "noise_db":
        low_hz, high_hz = (numbers(values[end])[0] for end in ("noise_low_hz", "noise_high_hz"))
        return (math.sqrt(low_hz * high_hz),)
    return frequencies_beside(values, name)


_PITCHES = ("pitch_hz", "band_hz", "mode_hz", "stick_hz", "noise_low_hz", "noise_high_hz")
_TIMES = ("square_s", "hit_s", "mode_s", "noise_s", "gate_s", "release_s")
_LEVELS = ("band_db", "mode_db", "stick_db", "noise_db")

PLUGIN = Plugin(
    "cowbell",
    Controls,
    render,
    summary="Cowbells, agogos and triangles: two squares through bands, modes, a stick.",
    version=2,
    macros={
        "tune": Macro("st", _PITCHES, "Its pitch."),
        "length": Macro("%", _TIMES, "How long it lasts."),
        "brightness": Macro("dB/oct", _LEVELS, "Treble at the same loudness.", _frequencies_hz),
        "snap": SNAP,
        "noise": Macro("dB", ("noise_db", "stick_db"), "Level of noise and stick beside the metal."),
        "drive": Macro("dB", ("drive_db",), "Drive into the clipper."),
    },
    banks=(("band_hz", "band_db"), ("mode_hz", "mode_s", "mode_db")),
)
