"""Clap: noise in three bands, let through by a few quick bursts and a tail, high-passed, into a soft clipper.

The hands of the TR-808 and TR-909 are one source of noise through a band-pass near 1 kHz. A row of bursts some 10 ms
apart opens it, the sound of several hands that never meet at once, and a slower decay stands for the room. A hand that
is cupped rings in a band of its own, and what the air adds lies above both. The tail has the same bands, each with its
own level and decay: a room swallows treble first.

References:
    | TR-808 Service Notes (Roland, 1981), hand clap
    | TR-909 Service Notes (Roland, 1983), hand clap
    | The Sound of Two Hands Clapping: an Exploratory Study (Repp, JASA 81(4), 1987)
"""

from collections.abc import Mapping

from backbeat import dsp
from backbeat.dsp import Grid, Signal
from backbeat.parameters import NOISE, OUTPUT, TRANSIENT, Table, Value, decibels, hz, numbers, seconds, shape
from backbeat.plugins.base import Macro, Plugin
from backbeat.plugins.parts import drive


class Controls(Table):
    """What a clap has."""

    burst_s = seconds(
        0.0,
        0.12,
        default=(0.0, 0.0105, 0.021, 0.032),
        musical=(0.0, 0.04),
        help="When each pair of hands meets.",
        role=TRANSIENT.onset_s,
    )
    burst_db = decibels(
        -60.0,
        6.0,
        default=(-3.0, -2.0, -1.0, 0.0),
        musical=(-12.0, 0.0),
        help="Level of each; -60 is none.",
        role=TRANSIENT.level_db,
    )
    burst_t60_s = seconds(
        0.002, 0.2, default=0.03, musical=(0.01, 0.06), help="T60 of each burst.", role=TRANSIENT.t60_s
    )
    hands_db = decibels(
        -60.0,
        24.0,
        default=(8.0, -2.0, -8.0),
        musical=(-14.0, 4.0),
        help="Level of each band of the bursts.",
        role=TRANSIENT.band_db,
    )
    tail_db = decibels(-60.0, 24.0, default=0.0, musical=(-14.0, 2.0), help="Level of the tail.", role=NOISE.level_db)
    tail_onset_s = seconds(
        0.0, 0.12, default=0.032, musical=(0.0, 0.04), help="When the tail begins.", role=NOISE.onset_s
    )
    tail_s = seconds(0.01, 3.0, default=0.35, musical=(0.1, 0.8), help="T60 of the tail.", role=NOISE.t60_s)
    room_db = decibels(
        -60.0,
        12.0,
        default=(0.0, -10.0, -16.0),
        musical=(-18.0, 0.0),
        help="Level of each band of the tail.",
        role=NOISE.band_db,
    )
    room_ratio = shape(
        0.05,
        20.0,
        default=[1.0] * 3,
        musical=(0.6, 1.2),
        help="T60 of each band, as a multiple of the tail's.",
        role=NOISE.band_ratio,
    )
    band_hz = hz(
        100.0,
        16000.0,
        default=(1100.0, 2300.0, 7000.0),
        musical=(800.0, 6000.0),
        help="Middle of each band.",
        role=NOISE.band_hz,
    )
    band_q = shape(0.3, 12.0, default=(1.8, 1.8, 0.6), musical=(0.7, 3.0), help="Q of each: higher is narrower.")
    low_cut_hz = hz(20.0, 4000.0, default=350.0, musical=(120.0, 700.0), help="High-pass of the whole sound.")
    gate_s = seconds(0.01, 4.0, default=4.0, musical=(1.0, 4.0), help="When it is cut off.", role=OUTPUT.gate_s)
    release_s = seconds(0.003, 1.0, default=0.05, musical=(0.03, 0.2), help="T60 from then on.", role=OUTPUT.release_s)
    drive_db = drive(default=0.0, musical=(-10.0, 12.0))
    gain_db = decibels(-60.0, 12.0, default=-2.0, musical=(-6.0, -3.0), help="Output level.", role=OUTPUT.level_db)


def render(grid: Grid, c: Controls) -> Signal:
    """Three bands of noise, each by the bursts and its own tail."""
    noise = dsp.noise(grid, stream=0)
    hands = dsp.bursts(grid, time_s=c.burst_s, gain=dsp.db_to_gain(c.burst_db), t60_s=c.burst_t60_s)
    first, *others = [_band(grid, noise, hands, c, number) for number in range(c.band_hz.size)]
    clapped = sum(others, first) * dsp.decay(grid, c.release_s, onset_s=c.gate_s)
    return dsp.soft_clip(grid, dsp.highpass(grid, clapped, c.low_cut_hz), c.drive_db, c.gain_db)


def _band(grid: Grid, noise: Signal, hands: Signal, c: Controls, number: int) -> Signal:
    """One band of the hands and of their tail."""
    level = dsp.db_to_gain(c.tail_db + c.room_db[number])
    tail = dsp.bursts(grid, time_s=c.tail_onset_s, gain=level, t60_s=c.tail_s * c.room_ratio[number])
    envelope = dsp.db_to_gain(c.hands_db[number]) * hands + tail
    return dsp.bandpass(grid, noise, c.band_hz[number], c.band_q[number]) * envelope


def _frequencies_hz(values: Mapping[str, Value], _: str) -> tuple[float, ...]:
    """Of the bands of either level."""
    return numbers(values["band_hz"])


PLUGIN = Plugin(
    "clap",
    Controls,
    render,
    summary="Noise in three bands, in quick bursts with a tail.",
    macros={
        "tune": Macro("st", ("band_hz", "low_cut_hz"), "Where the bands lie."),
        "length": Macro("%", ("tail_s", "burst_t60_s", "gate_s", "release_s"), "How long it lasts."),
        "snap": Macro("dB", ("burst_db",), "Level of the hands against the tail."),
        "brightness": Macro("dB/oct", ("hands_db", "room_db"), "Treble at the same loudness.", _frequencies_hz),
        "noise": Macro("dB", ("tail_db",), "Level of the tail."),
        "drive": Macro("dB", ("drive_db",), "Drive into the clipper."),
    },
    soft_hit={"brightness": -6.0, "snap": -6.0, "drive": -6.0},
    banks=(("burst_s", "burst_db"), ("band_hz", "band_q", "hands_db", "room_db", "room_ratio")),
)
