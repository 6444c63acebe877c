"""Shaker: grains of noise in strokes that swell and fall, through three bands, with jingles that they set ringing.

Beans in a shell, or the jingles of a tambourine, collide by chance: each is a grain of noise, and a stroke is as many
grains as there is energy for, which rises while the beans fly and falls once they have landed. What they hit gives the
colour: a band for a gourd or a can, a few narrow ones for jingles, which go on ringing. Few grains rattle, many hiss.
The maraca of the TR-808 is high-passed noise with a quick rise and fall, and that of the CR-78 is, too; a tambourine
in both adds metal.

References:
    | Physically Informed Sonic Modeling (PhISM): Synthesis of Percussive Sounds (Cook, Computer Music Journal, 1997)
    | TR-808 Service Notes (Roland, 1981), maracas; CR-78 Service Notes (Roland, 1978), maracas and tambourine
"""

import math

from backbeat import dsp
from backbeat.dsp import Control, Grid, Signal
from backbeat.parameters import (
    NOISE,
    OUTPUT,
    TRANSIENT,
    Table,
    amount,
    decibels,
    hz,
    pitch,
    seconds,
    shape,
)
from backbeat.plugins.base import Macro, Plugin, frequencies_beside
from backbeat.plugins.parts import drive

_BANDS, _FOR_EVER_S = 20, 1e4
_BAND_HZ = (3000.0, 6200.0, 12500.0)
_SLOW_HZ = 3.0 * 22050.0 / (math.pi / 8.0**0.5)
"""The cutoff of a low-pass that leaves noise a square of 1 on average."""


class Controls(Table):
    """What a shaker has."""

    stroke_s = seconds(0.0, 0.6, default=(0.0, 0.09, 0.18), musical=(0.0, 0.2), help="When each stroke begins.")
    stroke_db = decibels(
        -80.0, 0.0, default=(0.0, -80.0, -80.0), musical=(-40.0, 0.0), help="Level of each; -80 is none."
    )
    rise_s = seconds(0.0005, 0.2, default=0.012, musical=(0.003, 0.04), help="How long a stroke rises.")
    decay_s = seconds(0.01, 3.0, default=0.12, musical=(0.05, 0.3), help="T60 of a stroke.", role=NOISE.t60_s)
    hit_db = decibels(
        -60.0, 18.0, default=-12.0, musical=(-30.0, 0.0), help="Level of a hit at the start.", role=TRANSIENT.level_db
    )
    hit_s = seconds(0.002, 0.1, default=0.01, musical=(0.004, 0.02), help="T60 of the hit.", role=TRANSIENT.t60_s)
    grain = amount(default=0.3, musical=(0.0, 0.8), help="From an even hiss (0) to single grains (1).")
    grain_hz = hz(10.0, 4000.0, default=300.0, musical=(60.0, 1000.0), help="About how many grains there are a second.")
    band_hz = hz(
        200.0, 20000.0, default=_BAND_HZ, musical=(2200.0, 13000.0), help="Middle of each band.", role=NOISE.band_hz
    )
    band_q = shape(0.3, 12.0, default=(1.4, 1.4, 1.2), musical=(0.7, 3.0), help="Q of each: higher is narrower.")
    band_db = decibels(
        -60.0,
        40.0,
        default=(-18.0, -14.0, -12.0),
        musical=(-24.0, -10.0),
        help="Level of each band.",
        role=NOISE.band_db,
    )
    low_cut_hz = hz(20.0, 12000.0, default=1500.0, musical=(500.0, 5000.0), help="High-pass of the bands.")
    jingle_hz = pitch(
        500.0, 16000.0, default=(4300.0, 6900.0, 10400.0), musical=(3000.0, 12000.0), help="Pitches of the jingles."
    )
    jingle_q = shape(5.0, 400.0, default=60.0, musical=(20.0, 150.0), help="How long they ring of themselves.")
    jingle_db = decibels(
        -60.0, 24.0, default=[-60.0] * 3, musical=(-60.0, -14.0), help="Level of each jingle; -60 is none."
    )
    gate_s = seconds(0.005, 6.0, default=6.0, musical=(2.0, 6.0), help="When it is held still.", role=OUTPUT.gate_s)
    release_s = seconds(0.005, 1.0, default=0.05, musical=(0.02, 0.2), help="T60 from then on.", role=OUTPUT.release_s)
    drive_db = drive(default=-8.0, musical=(-14.0, 6.0))
    gain_db = decibels(-60.0, 12.0, default=0.0, musical=(-3.0, 0.0), help="Output level.", role=OUTPUT.level_db)


def render(grid: Grid, c: Controls) -> Signal:
    """Grains by strokes, in bands and through jingles, into a soft clipper."""
    strokes = _strokes(grid, c) * _grains(grid, c)
    sound = strokes * _bands(grid, c)
    rattle = strokes * dsp.noise(grid, stream=0)
    for number in range(c.jingle_hz.size):
        # A band as narrow as this passes little of the noise: its level is that of a band of Q 1.
        level = dsp.db_to_gain(c.jingle_db[number]) * dsp.sqrt(c.jingle_q)
        sound = sound + level * dsp.bandpass(grid, rattle, c.jingle_hz[number], c.jingle_q)
    return dsp.soft_clip(grid, sound * dsp.decay(grid, c.release_s, c.gate_s), c.drive_db, c.gain_db)


def _bands(grid: Grid, c: Controls) -> Signal:
    """Noise in fixed bands that goes on, with levels of those that may lie anywhere."""
    hz = grid.constant(*dsp.band_centers_hz(_BANDS))
    below, total = (c.low_cut_hz / hz) ** 8.0, 0.0
    for k in range(c.band_hz.size):
        off = c.band_q[k] * (hz / c.band_hz[k] - c.band_hz[k] / hz)
        total = total + dsp.db_to_gain(2.0 * c.band_db[k]) / (1.0 + off * off)
    return dsp.noise_bands(grid, 0, dsp.sqrt(total / (1.0 + below)), grid.constant(*[_FOR_EVER_S] * _BANDS))


def _grains(grid: Grid, c: Controls) -> Signal:
    """A level by chance, new as often as there are grains: the square of slow noise, 1 on average."""
    slow = dsp.lowpass(grid, dsp.noise(grid, stream=1), c.grain_hz)
    slow = dsp.sqrt(_SLOW_HZ / c.grain_hz) * slow
    return (1.0 - c.grain) + c.grain * (slow * slow)


def _strokes(grid: Grid, c: Controls) -> Signal:
    """For each stroke a rise and a fall, `e^-at - e^-bt` with its peak at 1; and a hit at the start."""
    gain, rise_s = dsp.db_to_gain(c.stroke_db), _rise_t60_s(c)
    ratio = rise_s / c.decay_s
    log_peak = dsp.log(ratio) * ratio / (1.0 - ratio)  # of the fall's share where both are steepest
    peak = dsp.exp(log_peak) * (1.0 - ratio)
    falling = dsp.bursts(grid, c.stroke_s, gain / peak, c.decay_s)
    rising = dsp.bursts(grid, c.stroke_s, gain / peak, rise_s)
    return falling - rising + dsp.db_to_gain(c.hit_db) * dsp.decay(grid, c.hit_s)


def _rise_t60_s(c: Controls) -> Control:
    """T60 of what a stroke lacks while it rises: shorter than that of its fall."""
    return 1.0 / (1.0 / (4.0 * c.rise_s) + 1.25 / c.decay_s)


PLUGIN = Plugin(
    "shaker",
    Controls,
    render,
    summary="Grains of noise in strokes that swell and fall, with jingles.",
    macros={
        "tune": Macro("st", ("jingle_hz", "band_hz", "low_cut_hz"), "Pitch of the jingles and of the bands."),
        "length": Macro("%", ("decay_s", "rise_s", "stroke_s", "gate_s", "release_s"), "How long the strokes last."),
        "brightness": Macro(
            "dB/oct", ("band_db", "jingle_db"), "Treble against bass, at the same loudness.", frequencies_beside
        ),
        "snap": Macro("dB", ("hit_db",), "Level of the hit at the start."),
        "jingle": Macro("dB", ("jingle_db",), "Level of the jingles."),
        "drive": Macro("dB", ("drive_db",), "Drive into the clipper."),
    },
    soft_hit={"brightness": -12.0, "snap": -6.0, "drive": -6.0},
    banks=(("stroke_s", "stroke_db"), ("band_hz", "band_q", "band_db"), ("jingle_hz", "jingle_db")),
)
