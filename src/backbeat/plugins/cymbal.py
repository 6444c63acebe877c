"""Cymbal: squares in two bands, noise in four, which fall each in their own time, a bell, and a stick.

The cymbal of the TR-808 and of the TR-606 is six square waves that fit no chord, through band-passes near 3.4 and 7.1
kHz that fall in times of their own: the high band at once, the low one slowly. A real cymbal has thousands of modes,
so dense that they are noise. A hard stroke sets the low ones off, and their energy climbs to the high ones: a crash
builds up within some 50 ms, behind the stick. The low bands ring for longest, and the bell of a ride stands out of
them as a few clear tones.

References:
    | TR-808 Service Notes (Roland, 1981), TR-606 Service Notes (Roland, 1981), cymbal
    | The TR-808 Cymbal: a Physically-Informed, Circuit-Bendable, Digital Model (Werner, Abel, Smith, ICMC 2014)
    | The Physics of Musical Instruments (Fletcher, Rossing, 1998), ch. 20
"""

from backbeat import dsp
from backbeat.dsp import Control, Grid, Signal
from backbeat.parameters import MODES, NOISE, OUTPUT, TRANSIENT, Table, decibels, hz, pitch, seconds, shape
from backbeat.plugins.base import Macro, Plugin
from backbeat.plugins.parts import drive

_METAL_DB = 14.0
"""What brings the squares to about the level of the noise."""
_RATIOS = (1.0, 1.483, 1.8, 2.546, 2.63, 3.897)
_METAL_Q, _BANDS = 2.0, 20
_BAND_HZ, _BAND_RATIO = (500.0, 2000.0, 5200.0, 12000.0), (1.3, 1.1, 0.9, 0.7)
_BELL_HZ, _BELL_S, _BELL_DB = (420.0, 1040.0, 1710.0, 2650.0), (1.8, 1.4, 1.2, 0.9), (-34.0, -38.0, -40.0, -42.0)
_SQUARE_CYCLES = (0.0, 0.37, 0.71, 0.13, 0.53, 0.89)


class Controls(Table):
    """What a cymbal has."""

    pitch_hz = pitch(80.0, 1600.0, default=205.3, musical=(150.0, 450.0), help="Pitch of the lowest square.")
    spread = shape(0.3, 2.0, default=1.0, musical=(0.6, 1.2), help="How far the squares lie apart; 1 is the TR-808's.")
    metal_db = decibels(-60.0, 12.0, default=-14.0, musical=(-36.0, -8.0), help="Level of the squares.")
    noise_db = decibels(
        -60.0, 12.0, default=-6.0, musical=(-12.0, 0.0), help="Level of the noise beside them.", role=NOISE.level_db
    )
    wash_s = seconds(0.05, 12.0, default=2.2, musical=(0.6, 4.0), help="T60 of the wash.", role=NOISE.t60_s)
    metal_hz = hz(
        800.0, 16000.0, default=(3440.0, 7100.0), musical=(2500.0, 9000.0), help="Two bands that the squares pass."
    )
    metal_ratio = shape(
        0.05,
        5.0,
        default=(1.0, 0.5),
        musical=(0.4, 1.2),
        help="T60 of the squares in each, as a multiple of the wash's.",
    )
    band_hz = hz(
        150.0, 20000.0, default=_BAND_HZ, musical=(1200.0, 14000.0), help="Middles of the noise.", role=NOISE.band_hz
    )
    band_q = shape(0.3, 8.0, default=(0.8, 0.9, 1.0, 0.9), musical=(0.5, 2.0), help="Q of each: higher is narrower.")
    band_db = decibels(
        -60.0, 40.0, default=(-20.0, -9.0, -2.0, 0.0), musical=(-12.0, 0.0), help="Level of each.", role=NOISE.band_db
    )
    band_ratio = shape(
        0.05, 10.0, default=_BAND_RATIO, musical=(0.5, 1.3), help="T60 of each, as a multiple.", role=NOISE.band_ratio
    )
    noise_shape = shape(
        0.3, 4.0, default=0.9, musical=(0.75, 1.1), help="How noise falls: at once and then slowly (below 1), or late."
    )
    swell_s = seconds(0.0, 0.5, default=0.02, musical=(0.0, 0.05), help="Rise of all but bell and stick.")
    bell_hz = pitch(80.0, 12000.0, default=_BELL_HZ, musical=(300.0, 5000.0), help="Tones of the bell.", role=MODES.hz)
    bell_s = seconds(0.01, 12.0, default=_BELL_S, musical=(0.3, 2.5), help="T60 of each tone.", role=MODES.t60_s)
    bell_db = decibels(
        -80.0, 6.0, default=_BELL_DB, musical=(-60.0, -30.0), help="Level of each tone.", role=MODES.level_db
    )
    stick_db = decibels(
        -60.0, 18.0, default=-10.0, musical=(-24.0, -2.0), help="Level of the stick.", role=TRANSIENT.level_db
    )
    stick_s = seconds(0.002, 0.3, default=0.015, musical=(0.006, 0.05), help="T60 of the stick.", role=TRANSIENT.t60_s)
    stick_hz = hz(
        200.0, 16000.0, default=3500.0, musical=(1500.0, 7000.0), help="Middle of the stick.", role=TRANSIENT.hz
    )
    gate_s = seconds(0.005, 12.0, default=12.0, musical=(3.0, 12.0), help="When it is choked.", role=OUTPUT.gate_s)
    release_s = seconds(0.005, 1.0, default=0.12, musical=(0.05, 0.3), help="T60 from then on.", role=OUTPUT.release_s)
    drive_db = drive(default=-8.0, musical=(-14.0, 6.0))
    gain_db = decibels(-60.0, 12.0, default=-3.0, musical=(-6.0, -2.0), help="Output level.", role=OUTPUT.level_db)


def render(grid: Grid, c: Controls) -> Signal:
    """Squares in two bands, noise in bands with the stick, and the bell, choked, into a soft clipper."""
    ratios, level = grid.constant(*_RATIOS) ** c.spread, dsp.db_to_gain(c.metal_db + _METAL_DB) / 6.0
    squares = dsp.squares(grid, c.pitch_hz * ratios, dsp.stack(*[level] * 6), grid.constant(*_SQUARE_CYCLES))
    low, high = (
        dsp.bandpass(grid, squares, c.metal_hz[k], _METAL_Q) * dsp.decay(grid, c.wash_s * c.metal_ratio[k])
        for k in range(2)
    )
    bell = dsp.modal(grid, c.bell_hz, c.bell_s, dsp.db_to_gain(c.bell_db))
    mix = (low + high) * dsp.attack(grid, c.swell_s) + _noise(grid, c) + bell
    return dsp.soft_clip(grid, mix * dsp.decay(grid, c.release_s, c.gate_s), c.drive_db, c.gain_db)


def _noise(grid: Grid, c: Controls) -> Signal:
    """Noise in fixed bands, with levels and T60s of those that may lie anywhere; and the stick."""
    hz = grid.constant(*dsp.band_centers_hz(_BANDS))
    total, weighted = 0.0, 0.0
    for k in range(c.band_hz.size):
        power = dsp.db_to_gain(2.0 * c.band_db[k]) * _passed(hz, c.band_hz[k], c.band_q[k])
        total, weighted = total + power, weighted + power * dsp.log(c.band_ratio[k])
    gain, t60_s = dsp.db_to_gain(c.noise_db) * dsp.sqrt(total), c.wash_s * dsp.exp(weighted / total)
    stick = dsp.db_to_gain(c.stick_db) * dsp.sqrt(_passed(hz, c.stick_hz, 0.7))
    return dsp.noise_bands(grid, 0, gain, t60_s, dsp.stack(*[c.noise_shape] * _BANDS), c.swell_s, stick, c.stick_s)


def _passed(hz: Control, center_hz: Control, q: Control | float) -> Control:
    """The power that a band-pass lets through at some frequencies."""
    off = q * (hz / center_hz - center_hz / hz)
    return 1.0 / (1.0 + off * off)


PLUGIN = Plugin(
    "cymbal",
    Controls,
    render,
    summary="Squares and noise in bands that swell and fall, with a bell and a stick.",
    macros={
        "tune": Macro(
            "st", ("bell_hz", "pitch_hz", "metal_hz", "band_hz", "stick_hz"), "Pitch of the metal and of all bands."
        ),
        "length": Macro("%", ("wash_s", "bell_s", "gate_s", "release_s"), "How long it rings."),
        "brightness": Macro("st", ("metal_hz", "band_hz", "stick_hz"), "Where the bands lie."),
        "snap": Macro("dB", ("stick_db",), "Level of the stick."),
        "noise": Macro("dB", ("noise_db",), "Level of the noise beside the squares and the bell."),
        "bell": Macro("dB", ("bell_db",), "Level of the bell."),
        "drive": Macro("dB", ("drive_db",), "Drive into the clipper."),
    },
    soft_hit={"brightness": -12.0, "snap": -6.0, "drive": -6.0},
    banks=(
        ("band_hz", "band_q", "band_db", "band_ratio"),
        ("bell_hz", "bell_s", "bell_db"),
    ),
)
