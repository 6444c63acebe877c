"""Snare: modes of a struck skin that share a pitch sweep, and its wires as noise in bands, gated, into a soft clipper.

The snares of the TR-808 and TR-909 are two resonators, the lowest modes of the skin, beside noise through filters with
an envelope of its own, the wires. A stick adds a burst to both. Real wires begin a little after the stick, ring on
differently at each frequency, and fall in two stages: at once, while they still rattle, and then with the skin. What
wires and stick are at each frequency are curves through a few points each, from bass to treble in equal steps of mel,
and all curves can be moved as one.

References:
    | TR-808 Service Notes (Roland, 1981), TR-909 Service Notes (Roland, 1983), snare drum
    | The Physics of Musical Instruments (Fletcher, Rossing, 1998), ch. 18, the snare drum
    | Time Domain Simulation and Sound Synthesis for the Snare Drum (Bilbao, JASA 131, 2012)
"""

from backbeat import dsp
from backbeat.dsp import Grid, Signal
from backbeat.parameters import Table, cycles, decibels, pitch, seconds, semitones, shape, sweep_seconds
from backbeat.parameters.roles import BODY, MODES, NOISE, OUTPUT, TRANSIENT
from backbeat.plugins.base import Macro, Plugin
from backbeat.plugins.parts import SNAP, curved_noise, drive, frequencies_on_curves, onset_gain, onset_level

_BANDS = 16
"""Of the noise; they follow the curves."""
_COLOR_DB = (-32.0, -26.0, -18.0, -11.0, -6.0, -2.0, 0.0, 0.0, -1.0, -2.0, -4.0, -8.0)
_STICK_DB = (-32.0, -20.0, -16.0, -17.0, -21.0)


class Controls(Table):
    """What a snare has."""

    mode_hz = pitch(
        35.0, 3000.0, default=(186.0, 332.0, 520.0), musical=(140.0, 700.0), help="Pitch of each mode.", role=MODES.hz
    )
    mode_s = seconds(
        0.005, 3.0, default=(0.25, 0.18, 0.1), musical=(0.06, 0.5), help="T60 of each mode.", role=MODES.t60_s
    )
    mode_db = decibels(
        -60.0, 12.0, default=(-6.0, -11.0, -24.0), musical=(-16.0, -3.0), help="Level of each.", role=MODES.level_db
    )
    mode_cycles = cycles(default=(0.0, 0.0, 0.0), help="Where in its cycle each mode starts.", role=MODES.phase_cycles)
    mode_shape = shape(0.4, 3.0, default=1.0, musical=(0.8, 1.4), help="Fall of the skin: at once (below 1), or late.")
    sweep_st = semitones(
        0.0, 36.0, default=4.0, musical=(0.0, 9.0), help="How far above its pitch the skin starts.", role=BODY.sweep_st
    )
    sweep_s = sweep_seconds(
        0.003, 0.6, default=0.05, musical=(0.02, 0.15), help="T60 of the pitch sweep.", role=BODY.sweep_s
    )
    noise_db = decibels(-60.0, 12.0, default=-8.0, musical=(-8.0, 3.0), help="Level of the wires.", role=NOISE.level_db)
    noise_attack_s = seconds(
        0.0, 0.1, default=0.001, musical=(0.0, 0.004), help="Rise of the wires.", role=NOISE.attack_s
    )
    noise_s = seconds(0.01, 4.0, default=0.28, musical=(0.1, 0.6), help="T60 of the wires.", role=NOISE.t60_s)
    noise_shape = shape(
        0.4, 3.0, default=(1.0, 1.0), musical=(0.75, 1.4), help="Fall of the wires, a curve.", role=NOISE.shape
    )
    color_ratio = shape(0.25, 4.0, default=1.0, musical=(0.8, 1.25), help="Moves all curves: 2 is an octave up.")
    band_db = decibels(
        -60.0, 20.0, default=_COLOR_DB, musical=(-14.0, 0.0), help="Colour of the wires, a curve.", role=NOISE.band_db
    )
    band_ratio = shape(
        0.05,
        20.0,
        default=(0.9, 1.0, 1.0, 0.9),
        musical=(0.7, 1.4),
        help="Their T60 over noise_s, a curve.",
        role=NOISE.band_ratio,
    )
    stick_db = decibels(
        -60.0,
        24.0,
        default=_STICK_DB,
        musical=(-36.0, -12.0),
        help="Level of the stick, a curve.",
        role=TRANSIENT.band_db,
    )
    stick_s = seconds(0.002, 0.2, default=0.015, musical=(0.006, 0.04), help="T60 of the stick.", role=TRANSIENT.t60_s)
    gate_s = seconds(0.005, 6.0, default=6.0, musical=(1.0, 6.0), help="When the sound is let go.", role=OUTPUT.gate_s)
    release_s = seconds(0.003, 1.0, default=0.06, musical=(0.03, 0.2), help="T60 from then on.", role=OUTPUT.release_s)
    onset_db = onset_level()
    drive_db = drive(default=-6.0, musical=(-12.0, 9.0))
    gain_db = decibels(-60.0, 12.0, default=-1.0, musical=(-5.0, -1.0), help="Output level.", role=OUTPUT.level_db)


def render(grid: Grid, c: Controls) -> Signal:
    """Skin, and wires with the stick, gated, into a soft clipper."""
    shapes = c.mode_shape * grid.constant(*[1.0] * c.mode_hz.size)
    gain, start, by_st = dsp.db_to_gain(c.mode_db), c.mode_cycles, c.sweep_st
    skin = dsp.swept_modal(grid, c.mode_hz, c.mode_s, gain, start, sweep_st=by_st, sweep_s=c.sweep_s, shape=shapes)
    strike = c.stick_db, c.stick_s
    wires = curved_noise(grid, c, _BANDS, *strike, shape=c.noise_shape, attack_s=c.noise_attack_s)
    let_go = dsp.decay(grid, c.release_s, onset_s=c.gate_s)
    struck: Signal = (skin + wires) * onset_gain(grid, c.onset_db) * let_go
    return dsp.soft_clip(grid, struck, c.drive_db, c.gain_db)


_LEVELS = ("mode_db", "band_db", "stick_db")
MACROS = {
    "tune": Macro("st", ("mode_hz", "color_ratio"), "Pitch of skin and wires.", inverse=("sweep_s",)),
    "length": Macro("%", ("mode_s", "noise_s", "gate_s", "release_s"), "How long it lasts after the strike."),
    "brightness": Macro("dB/oct", _LEVELS, "Treble against bass, at the same loudness.", frequencies_on_curves),
    "snap": SNAP,
    "noise": Macro("dB", ("noise_db", "stick_db"), "Level of wires and stick beside the skin."),
    "sweep": Macro("%", ("sweep_st",), "Depth of the pitch sweep."),
    "drive": Macro("dB", ("drive_db",), "Drive into the clipper."),
}
"""What a person turns, however many parameters there are."""

_BANKS = (("mode_hz", "mode_s", "mode_db", "mode_cycles"),)
_SOFT_HIT = {"brightness": -1.5, "snap": -6.0, "sweep": -50.0, "drive": -6.0}
_SUMMARY = "Modes of a skin, wires and a stick, gated and driven."
PLUGIN = Plugin("snare", Controls, render, _SUMMARY, version=2, macros=MACROS, banks=_BANKS, soft_hit=_SOFT_HIT)
