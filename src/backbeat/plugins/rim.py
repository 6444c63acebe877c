"""Rim: a few short modes, a click and noise in four bands, high-passed, into a soft clipper.

Sticks, blocks and claves ring in few modes that die within hundredths of a second, and much of what is heard of them is
the blow itself. A free wooden bar has overtones near 2.8 and 5.4 times its pitch, a block the pitch of its hollow
besides. The drum machines use the same parts. The rim shot of the TR-808 is two ringing filters at 455 and 1667 Hz,
cut short by a gate and high-passed, its claves one at 2500 Hz; the rim shot of the TR-909 is three, near 220, 500 and
1000 Hz, clipped and then high-passed.

References:
    | TR-808 Service Notes (Roland, 1981), rim shot and claves
    | TR-909 Service Notes (Roland, 1983), rim shot
    | The Physics of Musical Instruments (Fletcher, Rossing, 1998), ch. 19
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
    decibels,
    hz,
    pitch,
    seconds,
    semitones,
    shape,
    sweep_seconds,
)
from backbeat.plugins.base import Macro, Plugin, frequencies_beside
from backbeat.plugins.parts import BAND_POWER_HZ, SNAP, drive, onset_gain, onset_level

_BAND_Q, _CLICK_Q = 0.7, 0.6


class Controls(Table):
    """What a rim, a clave or a block has."""

    mode_hz = pitch(
        60.0,
        16000.0,
        default=(455.0, 1667.0, 2500.0, 3400.0, 900.0, 5200.0),
        musical=(350.0, 4500.0),
        help="Frequency each mode settles at.",
        role=MODES.hz,
    )
    mode_s = seconds(
        0.002,
        2.0,
        default=(0.03, 0.035, 0.02, 0.012, 0.02, 0.008),
        musical=(0.008, 0.12),
        help="T60 of each mode.",
        role=MODES.t60_s,
    )
    mode_db = decibels(
        -60.0,
        12.0,
        default=(-3.0, -5.0, -20.0, -24.0, -30.0, -30.0),
        musical=(-26.0, -8.0),
        help="Level of each mode.",
        role=MODES.level_db,
    )
    mode_shape = shape(
        0.4,
        4.0,
        default=1.0,
        musical=(0.9, 1.4),
        help="How the modes fall: at once and then slowly (below 1), evenly (1), or after a hold.",
    )
    sweep_st = semitones(
        0.0,
        36.0,
        default=0.0,
        musical=(0.0, 3.0),
        help="How far above their frequencies the modes start.",
        role=BODY.sweep_st,
    )
    sweep_s = sweep_seconds(
        0.002, 0.2, default=0.015, musical=(0.005, 0.03), help="T60 of the sweep.", role=BODY.sweep_s
    )
    attack_s = seconds(0.0, 0.03, default=0.0, musical=(0.0, 0.0005), help="Rise of the modes.", role=BODY.attack_s)
    click_db = decibels(
        -60.0, 12.0, default=-12.0, musical=(-20.0, -6.0), help="Level of the click.", role=TRANSIENT.level_db
    )
    click_s = seconds(0.0005, 0.4, default=0.008, musical=(0.004, 0.02), help="T60 of the click.", role=TRANSIENT.t60_s)
    click_hz = hz(
        200.0, 16000.0, default=3500.0, musical=(1500.0, 7000.0), help="Middle of the click's band.", role=TRANSIENT.hz
    )
    noise_db = decibels(
        -60.0, 12.0, default=-40.0, musical=(-50.0, -20.0), help="Level of the noise.", role=NOISE.level_db
    )
    noise_s = seconds(0.003, 2.0, default=0.05, musical=(0.02, 0.15), help="T60 of the noise.", role=NOISE.t60_s)
    band_hz = hz(
        40.0,
        16000.0,
        default=(250.0, 1000.0, 3200.0, 9000.0),
        musical=(300.0, 9000.0),
        help="Middle of each band of the noise.",
        role=NOISE.band_hz,
    )
    band_db = decibels(
        -60.0,
        12.0,
        default=(0.0, -3.0, -6.0, -9.0),
        musical=(-18.0, 0.0),
        help="Level of each band of the noise.",
        role=NOISE.band_db,
    )
    band_ratio = shape(
        0.05,
        20.0,
        default=[1.0] * 4,
        musical=(0.5, 1.5),
        help="T60 of each band, as a multiple of the noise's.",
        role=NOISE.band_ratio,
    )
    low_cut_hz = hz(10.0, 4000.0, default=200.0, musical=(40.0, 400.0), help="High-pass of the whole sound.")
    gate_s = seconds(0.003, 4.0, default=1.0, musical=(0.3, 2.0), help="When it is cut off.", role=OUTPUT.gate_s)
    release_s = seconds(0.003, 1.0, default=0.05, musical=(0.01, 0.1), help="T60 from then on.", role=OUTPUT.release_s)
    onset_db = onset_level()
    drive_db = drive(default=-6.0, musical=(-12.0, 10.0))
    gain_db = decibels(-60.0, 12.0, default=-3.0, musical=(-6.0, -3.0), help="Output level.", role=OUTPUT.level_db)


def render(grid: Grid, c: Controls) -> Signal:
    """Modes, a click and noise, gated, high-passed, into a soft clipper."""
    modes = dsp.swept_modal(
        grid,
        c.mode_hz,
        c.mode_s,
        dsp.db_to_gain(c.mode_db),
        sweep_st=c.sweep_st,
        sweep_s=c.sweep_s,
        shape=dsp.stack(*[c.mode_shape] * c.mode_hz.size),
    )
    noise = dsp.noise(grid, stream=0)
    level = dsp.db_to_gain(c.click_db) * dsp.sqrt(BAND_POWER_HZ * _CLICK_Q / c.click_hz)
    click = level * dsp.bandpass(grid, noise, c.click_hz, _CLICK_Q) * dsp.decay(grid, c.click_s)
    bands = [_band(grid, noise, c, number) for number in range(c.band_hz.size)]
    struck = sum(bands, modes) * dsp.attack(grid, c.attack_s) + click
    passed = dsp.highpass(
        grid, struck * onset_gain(grid, c.onset_db) * dsp.decay(grid, c.release_s, onset_s=c.gate_s), c.low_cut_hz
    )
    return dsp.soft_clip(grid, passed, c.drive_db, c.gain_db)


def _band(grid: Grid, noise: Signal, c: Controls, number: int) -> Signal:
    """One band of the noise as it falls, 12 dB per octave on either side."""
    level = dsp.db_to_gain(c.noise_db + c.band_db[number])
    once = dsp.bandpass(grid, noise, c.band_hz[number], _BAND_Q)
    passed = dsp.bandpass(grid, once, c.band_hz[number], _BAND_Q)
    return level * passed * dsp.decay(grid, c.noise_s * c.band_ratio[number])


PLUGIN = Plugin(
    "rim",
    Controls,
    render,
    summary="Side stick, rim shot, claves and wood blocks: short modes and a click.",
    version=2,
    macros={
        "tune": Macro("st", ("mode_hz", "click_hz", "band_hz", "low_cut_hz"), "Its pitch.", inverse=("sweep_s",)),
        "length": Macro("%", ("mode_s", "noise_s", "gate_s", "release_s"), "How long it lasts after the click."),
        "brightness": Macro(
            "dB/oct", ("mode_db", "click_db", "band_db"), "Treble at the same loudness.", frequencies_beside
        ),
        "snap": SNAP,
        "noise": Macro("dB", ("noise_db", "click_db"), "Level of noise and click beside the modes."),
        "sweep": Macro("%", ("sweep_st",), "Depth of the pitch sweep."),
        "drive": Macro("dB", ("drive_db",), "Drive into the clipper."),
    },
    banks=(("mode_hz", "mode_s", "mode_db"), ("band_hz", "band_db", "band_ratio")),
)
