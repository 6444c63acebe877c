"""Tom and hand drum: modes of a membrane that share a pitch sweep, its noise and a strike, gated, into a soft clipper.

An ideal membrane has modes at 1, 1.59, 2.14, 2.30, 2.65 and 2.92 times its lowest. Air and shell move those of a tom,
the paste on a tabla makes them nearly a harmonic row, and the TR-808's tom has one alone. So each mode has a pitch of
its own. A hard stroke stretches the skin, and all of them glide down together; the heel of the hand bends a tabla's up.
The noise is that of the TR-808's and TR-909's toms, and of hand and stick on a real skin. What noise and strike are at
each frequency are curves through a few points each, in equal steps of mel, and all curves can be moved as one.

References:
    | TR-808 Service Notes (Roland, 1981), TR-909 Service Notes (Roland, 1983), toms and congas
    | The Physics of Musical Instruments (Fletcher, Rossing, 1998), ch. 18, membranes, toms and the tabla
"""

from backbeat import dsp
from backbeat.dsp import Grid, Signal
from backbeat.parameters import Table, cycles, decibels, pitch, seconds, semitones, shape, sweep_seconds
from backbeat.parameters.roles import BODY, MODES, NOISE, OUTPUT, TRANSIENT
from backbeat.plugins.base import Macro, Plugin
from backbeat.plugins.parts import SNAP, curved_noise, drive, frequencies_on_curves, onset_gain, onset_level

_BANDS = 16
"""Of the noise; they follow the curves."""
_RATIOS = (1.0, 1.594, 2.136, 2.296, 2.653, 2.918)
"""Of the modes of an ideal membrane."""
_COLOR_DB, _STRIKE_DB = (-8.0, 0.0, -2.0, -6.0, -12.0, -20.0), (-10.0, -9.0, -17.0, -29.0)


class Controls(Table):
    """What a tom has."""

    mode_hz = pitch(
        40.0,
        8000.0,
        default=[118.0 * r for r in _RATIOS],
        musical=(70.0, 600.0),
        help="Pitch of each mode.",
        role=MODES.hz,
    )
    mode_s = seconds(
        0.005, 6.0, default=[0.55 / r for r in _RATIOS], musical=(0.08, 0.9), help="T60 of each mode.", role=MODES.t60_s
    )
    mode_db = decibels(
        -60.0,
        12.0,
        default=[-2.0 - 13.0 * (r - 1.0) for r in _RATIOS],
        musical=(-22.0, -3.0),
        help="Level of each.",
        role=MODES.level_db,
    )
    mode_cycles = cycles(default=[0.0] * 6, help="Where in its cycle each mode starts.", role=MODES.phase_cycles)
    mode_shape = shape(0.4, 4.0, default=1.0, musical=(0.8, 1.4), help="Fall of the skin: at once (below 1), or late.")
    sweep_st = semitones(
        -12.0, 36.0, default=3.0, musical=(0.0, 8.0), help="How far above its pitch it starts.", role=BODY.sweep_st
    )
    sweep_s = sweep_seconds(
        0.003, 1.0, default=0.12, musical=(0.03, 0.3), help="T60 of the pitch sweep.", role=BODY.sweep_s
    )
    noise_db = decibels(
        -60.0, 12.0, default=-24.0, musical=(-36.0, -12.0), help="Level of the skin's noise.", role=NOISE.level_db
    )
    noise_s = seconds(0.005, 4.0, default=0.15, musical=(0.05, 0.4), help="T60 of the noise.", role=NOISE.t60_s)
    color_ratio = shape(0.25, 4.0, default=1.0, musical=(0.8, 1.25), help="Moves all curves: 2 is an octave up.")
    band_db = decibels(
        -60.0, 20.0, default=_COLOR_DB, musical=(-18.0, 0.0), help="Colour of the noise, a curve.", role=NOISE.band_db
    )
    band_ratio = shape(
        0.05, 20.0, default=(1.0, 1.0), musical=(0.7, 1.4), help="Its T60 over noise_s, a curve.", role=NOISE.band_ratio
    )
    stick_db = decibels(
        -60.0,
        24.0,
        default=_STRIKE_DB,
        musical=(-36.0, -12.0),
        help="Level of the strike, a curve.",
        role=TRANSIENT.band_db,
    )
    stick_s = seconds(0.002, 0.2, default=0.015, musical=(0.006, 0.04), help="T60 of the strike.", role=TRANSIENT.t60_s)
    gate_s = seconds(0.005, 6.0, default=6.0, musical=(1.0, 6.0), help="When the sound is let go.", role=OUTPUT.gate_s)
    release_s = seconds(0.003, 1.0, default=0.06, musical=(0.03, 0.2), help="T60 from then on.", role=OUTPUT.release_s)
    onset_db = onset_level()
    drive_db = drive(default=-8.0, musical=(-12.0, 8.0))
    gain_db = decibels(-60.0, 12.0, default=-3.0, musical=(-6.0, -2.0), help="Output level.", role=OUTPUT.level_db)


def render(grid: Grid, c: Controls) -> Signal:
    """Skin, and noise with the strike, gated, into a soft clipper."""
    shapes = c.mode_shape * grid.constant(*[1.0] * c.mode_hz.size)
    gain, start, by_st = dsp.db_to_gain(c.mode_db), c.mode_cycles, c.sweep_st
    skin = dsp.swept_modal(grid, c.mode_hz, c.mode_s, gain, start, sweep_st=by_st, sweep_s=c.sweep_s, shape=shapes)
    noise = curved_noise(grid, c, _BANDS, c.stick_db, c.stick_s)
    let_go = dsp.decay(grid, c.release_s, onset_s=c.gate_s)
    struck: Signal = (skin + noise) * onset_gain(grid, c.onset_db) * let_go
    return dsp.soft_clip(grid, struck, c.drive_db, c.gain_db)


_LEVELS = ("mode_db", "band_db", "stick_db")
MACROS = {
    "tune": Macro("st", ("mode_hz", "color_ratio"), "Pitch of skin and noise.", inverse=("sweep_s",)),
    "length": Macro("%", ("mode_s", "noise_s", "gate_s", "release_s"), "How long it lasts after the strike."),
    "brightness": Macro("dB/oct", _LEVELS, "Treble against bass, at the same loudness.", frequencies_on_curves),
    "snap": SNAP,
    "noise": Macro("dB", ("noise_db", "stick_db"), "Level of all noise beside the skin."),
    "sweep": Macro("%", ("sweep_st",), "Depth of the pitch sweep."),
    "drive": Macro("dB", ("drive_db",), "Drive into the clipper."),
}
"""What a person turns, however many parameters there are."""

_BANKS = (("mode_hz", "mode_s", "mode_db", "mode_cycles"),)
_SUMMARY = "Modes of a membrane, its noise and a strike, gated and driven."
PLUGIN = Plugin("tom", Controls, render, _SUMMARY, version=2, macros=MACROS, banks=_BANKS)
