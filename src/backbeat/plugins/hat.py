"""Hat: squares that fit no chord, and noise in bands that fall each in its own time, with a stick, a bell and a foot.

The hats of the TR-808 are six Schmitt-trigger oscillators, whose mix a band-pass near 7.1 kHz and a high-pass turn into
metal. Those of the CR-78 and the TR-606 are such squares too, those of the TR-909 samples. The thousands of modes of
real cymbals lie so densely that they are noise, which falls slower the lower it is, but for the lowest few: the bell.

How far the pedal is up is one control. At 0 the foot alone sounds: no stick, and a swell while the plates meet. At a
quarter the hat is closed, and struck. From there on it rings for longer, as long as it can at 1.

References:
    | TR-808 Service Notes (Roland, 1981), TR-606 Service Notes (Roland, 1981), cymbal and hi-hat
    | The TR-808 Cymbal: a Physically-Informed, Circuit-Bendable, Digital Model (Werner, Abel, Smith, ICMC 2014)
    | The Physics of Musical Instruments (Fletcher, Rossing, 1998), ch. 20
"""

from backbeat import dsp
from backbeat.dsp import Control, Grid, Signal
from backbeat.parameters import (
    BODY,
    METAL,
    NOISE,
    OUTPUT,
    TRANSIENT,
    Table,
    amount,
    decibels,
    hz,
    multiple,
    pitch,
    seconds,
    shape,
)
from backbeat.plugins.base import Macro, Plugin
from backbeat.plugins.parts import drive

_METAL_DB = 14.0
"""What brings the squares to about the level of the noise."""
_RATIOS = (1.0, 1.483, 1.8, 2.546, 2.63, 3.897)
_SQUARE_CYCLES = (0.0, 0.37, 0.71, 0.13, 0.53, 0.89)
_BELL_RATIOS, _BELL_CYCLES = (1.0, 1.07, 1.15), (0.0, 0.3, 0.6)
_BANDS = 20
_COLOURS = ("metal_band_hz", "band_hz", "highpass_hz", "lowpass_hz")
_BAND_HZ, _BAND_DB = (500.0, 2000.0, 5000.0, 9000.0, 14000.0), (-22.0, -14.0, -4.0, 0.0, 0.0)
_CLOSED = 0.25
"""How far the pedal is up where the hat is closed and struck."""
_FOOT_S, _FOOT_DB = 0.028, -12.0
"""How long the plates take to meet, and how much of the stick their touch is, where the foot alone sounds."""


class Controls(Table):
    """What a hat has."""

    open = amount(default=_CLOSED, help="The pedal: 0 is the foot alone, 0.25 closed, 1 open.", role=BODY.open)
    closed_s = seconds(0.01, 2.0, default=0.2, musical=(0.06, 0.3), help="T60 of the closed hat.")
    open_ratio = shape(1.0, 50.0, default=8.0, musical=(4.0, 12.0), help="How many times as long the open hat rings.")
    pitch_hz = pitch(
        80.0,
        1600.0,
        default=205.3,
        musical=(140.0, 420.0),
        help="Pitch of the lowest square.",
        role=METAL.pitch_hz,
    )
    ratio = multiple(
        0.5,
        8.0,
        default=_RATIOS,
        musical=(1.0, 5.0),
        help="Pitch of each square, as a multiple of that.",
        role=METAL.ratio,
    )
    metal_db = decibels(
        -60.0, 12.0, default=-10.0, musical=(-24.0, 0.0), help="Level of the squares.", role=METAL.level_db
    )
    noise_db = decibels(-60.0, 12.0, default=-6.0, musical=(-18.0, 0.0), help="Level of the noise beside the squares.")
    metal_band_hz = hz(800.0, 16000.0, default=7100.0, musical=(4000.0, 10000.0), help="Band that the squares pass.")
    metal_q = shape(0.3, 8.0, default=1.2, musical=(0.6, 2.5), help="Q of that band: higher is narrower.")
    metal_ratio = shape(0.2, 5.0, default=1.0, musical=(0.7, 1.3), help="T60 of the squares, as a multiple.")
    highpass_hz = hz(40.0, 14000.0, default=2500.0, musical=(1500.0, 8000.0), help="High-pass of squares and noise.")
    lowpass_hz = hz(1000.0, 20000.0, default=20000.0, musical=(11000.0, 20000.0), help="Low-pass of the noise.")
    band_hz = hz(
        200.0, 20000.0, default=_BAND_HZ, musical=(2500.0, 14000.0), help="Middles of the noise.", role=NOISE.band_hz
    )
    band_q = shape(0.3, 8.0, default=(1.0, 1.2, 1.4, 1.5, 1.2), musical=(0.7, 2.5), help="Q of each.")
    band_db = decibels(-60.0, 12.0, default=_BAND_DB, musical=(-20.0, 0.0), help="Level of each.", role=NOISE.band_db)
    band_ratio = shape(
        0.2, 5.0, default=[1.0] * 5, musical=(0.6, 1.3), help="T60 of each, as a multiple.", role=NOISE.band_ratio
    )
    noise_shape = shape(0.3, 4.0, default=1.0, musical=(0.8, 1.2), help="Falls first fast (below 1), or late (above).")
    bell_hz = pitch(80.0, 8000.0, default=440.0, musical=(280.0, 900.0), help="Pitch of the bell.")
    bell_ratio = shape(0.1, 10.0, default=0.7, musical=(0.3, 1.5), help="T60 of the bell, as a multiple of the hat's.")
    bell_db = decibels(-60.0, 6.0, default=-36.0, musical=(-60.0, -28.0), help="Level of the bell.")
    stick_db = decibels(
        -60.0, 18.0, default=-6.0, musical=(-15.0, 6.0), help="Level of the stick.", role=TRANSIENT.level_db
    )
    stick_s = seconds(0.002, 0.6, default=0.012, musical=(0.005, 0.03), help="T60 of the stick.", role=TRANSIENT.t60_s)
    attack_s = seconds(0.0, 0.05, default=0.0, musical=(0.0, 0.002), help="Rise of the ringing.", role=BODY.attack_s)
    gate_s = seconds(0.005, 6.0, default=6.0, musical=(1.0, 6.0), help="When the pedal closes.", role=OUTPUT.gate_s)
    release_s = seconds(0.005, 1.0, default=0.05, musical=(0.02, 0.2), help="T60 from then on.", role=OUTPUT.release_s)
    drive_db = drive(default=-6.0, musical=(-12.0, 9.0))
    gain_db = decibels(-60.0, 12.0, default=-1.0, musical=(-6.0, -1.0), help="Output level.", role=OUTPUT.level_db)


def render(grid: Grid, c: Controls) -> Signal:
    """Squares through a band, noise in bands, and the bell, let ring by the foot, into a soft clipper."""
    foot = dsp.clamp(1.0 - c.open / _CLOSED, 0.0, 1.0)
    t60_s = c.closed_s * c.open_ratio ** ((c.open - _CLOSED) / (1.0 - _CLOSED))
    attack_s, stick = c.attack_s + foot * _FOOT_S, dsp.db_to_gain(c.stick_db + foot * _FOOT_DB)
    gain, ratio = _noise_bands(grid, c)
    noise = dsp.noise_bands(
        grid, 0, gain, t60_s * ratio, dsp.stack(*[c.noise_shape] * _BANDS), attack_s, stick * gain, c.stick_s
    )
    level = dsp.db_to_gain(c.metal_db + _METAL_DB) / 6.0
    metal = dsp.squares(grid, c.pitch_hz * c.ratio, dsp.stack(*[level] * 6), grid.constant(*_SQUARE_CYCLES))
    metal = dsp.highpass(grid, dsp.bandpass(grid, metal, c.metal_band_hz, c.metal_q), c.highpass_hz)
    meeting = dsp.attack(grid, foot * _FOOT_S)
    rise = meeting * dsp.attack(grid, attack_s)
    metal = metal * (rise * dsp.decay(grid, t60_s * c.metal_ratio) + stick * dsp.decay(grid, c.stick_s))
    bell = dsp.modal(
        grid,
        c.bell_hz * grid.constant(*_BELL_RATIOS),
        dsp.stack(*[t60_s * c.bell_ratio] * 3),
        dsp.stack(*[dsp.db_to_gain(c.bell_db)] * 3),
        grid.constant(*_BELL_CYCLES),
    )
    mix = (meeting * noise + metal + rise * bell) * dsp.decay(grid, c.release_s, c.gate_s)
    return dsp.soft_clip(grid, mix, c.drive_db, c.gain_db)


def _noise_bands(grid: Grid, c: Controls) -> tuple[Control, Control]:
    """Gain of each fixed band of noise, from those that may lie anywhere, and its T60 as a multiple of the hat's."""
    hz = grid.constant(*dsp.band_centers_hz(_BANDS))
    total, weighted = 0.0, 0.0
    for k in range(c.band_hz.size):
        off = c.band_q[k] * (hz / c.band_hz[k] - c.band_hz[k] / hz)
        power = dsp.db_to_gain(2.0 * c.band_db[k]) / (1.0 + off * off)
        total, weighted = total + power, weighted + power * dsp.log(c.band_ratio[k])
    below, above = (c.highpass_hz / hz) ** 4.0, (hz / c.lowpass_hz) ** 8.0
    return dsp.db_to_gain(c.noise_db) * dsp.sqrt(total / ((1.0 + below) * (1.0 + above))), dsp.exp(weighted / total)


PLUGIN = Plugin(
    "hat",
    Controls,
    render,
    summary="Six squares and noise in bands, from the foot alone to wide open.",
    macros={
        "tune": Macro(
            "st",
            ("pitch_hz", "band_hz", "highpass_hz", "lowpass_hz", "bell_hz"),
            "Pitch of the metal and of its bands.",
        ),
        "length": Macro("%", ("closed_s", "gate_s", "release_s"), "How long it lasts."),
        "open": Macro("", ("open",), "How far the pedal is moved up: +1 is all of its way."),
        "brightness": Macro("st", _COLOURS, "Where its bands lie."),
        "snap": Macro("dB", ("stick_db",), "Level of the stick."),
        "noise": Macro("dB", ("noise_db",), "Level of the noise beside the squares."),
        "drive": Macro("dB", ("drive_db",), "Drive into the clipper."),
    },
    banks=(("band_hz", "band_q", "band_db", "band_ratio"),),
)
