"""Kick: a sine swept down to its pitch, overtones of the skin, a beater's click and noise, into a soft clipper.

A bridged-T circuit rings at one pitch, which starts higher: that is the TR-808's; a triangle through a shaper, with a
sweep of its own for the attack, is the TR-909's. A real drum has a few modes beside its lowest, the slap of the beater,
and air and snares that rattle along. What noise and click are at each frequency are curves through a few points each,
in equal steps of mel, and both can be moved as one.

References:
    | A Physically-Informed, Circuit-Bendable, Digital Model of the Roland TR-808 Bass Drum Circuit
    | (Werner, Abel, Smith, DAFx 2014)
    | TR-909 Service Notes (Roland, 1983), bass drum
    | The Physics of Musical Instruments (Fletcher, Rossing, 1998), ch. 18, bass drums
"""

from backbeat import dsp
from backbeat.dsp import Grid, Signal
from backbeat.parameters import (
    BODY,
    MODES,
    NOISE,
    OUTPUT,
    TRANSIENT,
    Table,
    amount,
    cycles,
    decibels,
    pitch,
    seconds,
    semitones,
    shape,
    sweep_seconds,
)
from backbeat.plugins.base import Macro, Plugin
from backbeat.plugins.parts import SNAP, curved_noise, drive, frequencies_on_curves, onset_gain, onset_level

_BANDS = 8
"""Of the noise; they follow the curves."""
_COLOR_DB, _CLICK_DB = (0.0, -3.0, -8.0, -14.0, -22.0), (-24.0, -20.0, -24.0, -32.0)


class Controls(Table):
    """What a kick has."""

    pitch_hz = pitch(
        20.0,
        240.0,
        default=52.0,
        musical=(38.0, 75.0),
        matched=(30.0, 240.0),
        help="Resting pitch of the body.",
        role=BODY.pitch_hz,
    )
    phase_cycles = cycles(default=0.0, help="Where in its cycle the body starts.", role=BODY.phase_cycles)
    sweep_st = semitones(
        0.0,
        60.0,
        default=28.0,
        musical=(8.0, 44.0),
        help="How far above its pitch the body starts.",
        role=BODY.sweep_st,
    )
    sweep_s = sweep_seconds(0.005, 1.5, default=0.07, musical=(0.03, 0.2), help="T60 of the sweep.", role=BODY.sweep_s)
    click_sweep_st = semitones(
        0.0, 60.0, default=0.0, musical=(0.0, 40.0), help="A second, fast sweep: the beater.", role=BODY.fast_sweep_st
    )
    click_sweep_s = sweep_seconds(
        0.001, 0.05, default=0.008, musical=(0.003, 0.02), help="T60 of the fast sweep.", role=BODY.fast_sweep_s
    )
    attack_s = seconds(
        0.0,
        0.1,
        default=0.0005,
        musical=(0.0, 0.003),
        matched=(0.0, 0.02),
        help="Rise of the body.",
        role=BODY.attack_s,
    )
    hold_s = seconds(
        0.0, 0.5, default=0.02, musical=(0.0, 0.08), help="How long the body stays at its peak.", role=BODY.hold_s
    )
    decay_s = seconds(
        0.01, 6.0, default=0.5, musical=(0.2, 1.5), help="T60 of the body's fall to its sustain level.", role=BODY.t60_s
    )
    sustain = amount(
        default=0.0, musical=(0.0, 0.1), help="Level the body falls to until it is released.", role=BODY.sustain
    )
    gate_s = seconds(
        0.0,
        2.0,
        default=0.5,
        musical=(0.2, 1.0),
        help="Time from the end of the hold to the release.",
        role=BODY.gate_s,
    )
    release_s = seconds(
        0.003, 3.0, default=0.1, musical=(0.03, 0.4), help="T60 of the body's release.", role=BODY.release_s
    )
    mode_hz = pitch(
        30.0,
        12000.0,
        default=(118.0, 187.0, 331.0, 1250.0),
        musical=(90.0, 4000.0),
        matched=(80.0, 12000.0),
        help="Frequencies of the skin's overtones.",
        role=MODES.hz,
    )
    mode_s = seconds(
        0.003, 3.0, default=(0.3, 0.24, 0.15, 0.03), musical=(0.01, 0.4), help="T60 of each.", role=MODES.t60_s
    )
    mode_db = decibels(
        -60.0,
        6.0,
        default=(-22.0, -28.0, -34.0, -36.0),
        musical=(-60.0, -18.0),
        help="Level of each.",
        role=MODES.level_db,
    )
    mode_cycles = cycles(default=(0.0,) * 4, help="Where in its cycle each starts.", role=MODES.phase_cycles)
    noise_db = decibels(-60.0, 12.0, default=-48.0, musical=(-60.0, -24.0), help="Level of noise.", role=NOISE.level_db)
    noise_s = seconds(0.005, 4.0, default=0.12, musical=(0.04, 0.3), help="T60 of the noise.", role=NOISE.t60_s)
    color_ratio = shape(0.25, 4.0, default=1.0, musical=(0.8, 1.25), help="Moves both curves: 2 is an octave up.")
    band_db = decibels(
        -60.0, 20.0, default=_COLOR_DB, musical=(-24.0, 0.0), help="Colour of the noise, a curve.", role=NOISE.band_db
    )
    band_ratio = shape(
        0.05, 20.0, default=(1.0, 1.0), musical=(0.7, 1.4), help="Its T60 over noise_s, a curve.", role=NOISE.band_ratio
    )
    click_db = decibels(
        -60.0,
        24.0,
        default=_CLICK_DB,
        musical=(-40.0, -8.0),
        help="Level of the click, a curve.",
        role=TRANSIENT.band_db,
    )
    click_s = seconds(0.001, 0.2, default=0.012, musical=(0.004, 0.05), help="T60 of the click.", role=TRANSIENT.t60_s)
    onset_db = onset_level()
    drive_db = drive(default=-4.0, musical=(-12.0, 14.0))
    gain_db = decibels(-60.0, 12.0, default=-1.0, musical=(-3.0, 0.0), help="Output level.", role=OUTPUT.level_db)


def render(grid: Grid, c: Controls) -> Signal:
    """Body, overtones, and noise with the click, into a soft clipper."""
    oscillator = dsp.sines(
        grid,
        c.pitch_hz,
        ratio=grid.constant(1.0),
        gain=grid.constant(1.0),
        start_cycles=c.phase_cycles,
        sweep_st=dsp.stack(c.sweep_st, c.click_sweep_st),
        sweep_s=dsp.stack(c.sweep_s, c.click_sweep_s),
    )
    body = oscillator * dsp.adsr(grid, c.attack_s, c.hold_s, c.decay_s, c.sustain, c.gate_s, c.release_s)
    ringing = dsp.modal(grid, c.mode_hz, c.mode_s, dsp.db_to_gain(c.mode_db), c.mode_cycles)
    noise = curved_noise(grid, c, _BANDS, c.click_db, c.click_s)
    struck: Signal = (body + ringing + noise) * onset_gain(grid, c.onset_db)
    return dsp.soft_clip(grid, struck, c.drive_db, c.gain_db)


_SWEEPS = ("sweep_s", "click_sweep_s")
_TIMES = ("hold_s", "decay_s", "gate_s", "release_s", "mode_s", "noise_s")
_LEVELS = ("mode_db", "band_db", "click_db")
MACROS = {
    "tune": Macro("st", ("pitch_hz", "mode_hz", "color_ratio"), "Pitch of all, sweeps in step.", inverse=_SWEEPS),
    "length": Macro("%", _TIMES, "How long it lasts after the strike."),
    "sweep": Macro("%", ("sweep_st", "click_sweep_st"), "Depth of the pitch sweeps."),
    "snap": SNAP,
    "noise": Macro("dB", ("noise_db", "click_db"), "Level of noise and click beside the body."),
    "brightness": Macro(
        "dB/oct", _LEVELS, "Treble against the body, at the same loudness.", frequencies_on_curves, pivot="pitch_hz"
    ),
    "drive": Macro("dB", ("drive_db",), "Drive into the clipper."),
}
"""What a person turns, however many parameters there are."""

PLUGIN = Plugin(
    "kick",
    Controls,
    render,
    summary="A swept sine with overtones, click and noise, driven.",
    version=2,
    macros=MACROS,
    banks=(("mode_hz", "mode_s", "mode_db", "mode_cycles"),),
    soft_hit={"brightness": -3.0, "snap": -9.0, "sweep": -70.0, "drive": -9.0},
)
