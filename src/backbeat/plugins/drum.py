"""Drum: a transient and a bank of tones through a resonator, noise in bands, a gate, and a soft clipper.

It is a tom, a conga, a snare, a kick: whatever a strike on a skin, a block or a bell can be. Real drums are rarely a
plain exponential, and so tones and noise may hold before they fall, or fall at once and ring on; every band of the
noise has its own level and decay, and a snap before it, which repeats for a clap.

References:
    | Sines + transients + noise modelling of drums (Shier, Caspe, Robertson, Sandler, Saitis, McPherson, DAFx 2023)
"""

from collections.abc import Mapping
from typing import Any

from backbeat import dsp
from backbeat.dsp import Control, Grid, Signal
from backbeat.errors import PluginError
from backbeat.parameters import (
    BODY,
    EXTRA,
    MODES,
    NOISE,
    OUTPUT,
    TRANSIENT,
    Table,
    Value,
    amount,
    cycles,
    decibels,
    hz,
    numbers,
    pitch,
    seconds,
    semitones,
    shape,
    sweep_seconds,
)
from backbeat.plugins.base import Macro, Plugin
from backbeat.plugins.parts import drive

_MOST_TONES, _MOST_BANDS = 128, 64
_BURSTS = 3
_WHITE_NOISE_HZ = 8000.0
"""The middle of white noise on a log scale, its power as weight: Nyquist over e."""
_RESONATOR_OFF_DB, _RESONATOR_FADE_DB = -60.0, 6.0
_MATCH_OPTIONS = {"tones": 12, "noise_bands": 8}


def drum(tones: int = 12, noise_bands: int = 16) -> Plugin:
    """The drum with that many tones and bands of noise.

    Raises:
        PluginError: where `tones` is not from 1 to 128, or `noise_bands` not from 1 to 64.
    """
    for name, found, most in (("tones", tones, _MOST_TONES), ("noise_bands", noise_bands, _MOST_BANDS)):
        if not 1 <= found <= most:
            raise PluginError(f"plugin drum: found {name}={found!r}; must be a whole number from 1 to {most}")
    return Plugin(
        "drum",
        _controls(tones, noise_bands),
        render,
        summary="A transient and a bank of tones through a resonator, with noise in bands.",
        options={"tones": tones, "noise_bands": noise_bands},
        match_options=_MATCH_OPTIONS,
        macros=MACROS,
        soft_hit={"brightness": -6.0, "snap": -9.0, "sweep": -40.0, "drive": -6.0},
        banks=(("tone_hz", "tone_s", "tone_db", "tone_cycles", "tone_shape"), ("burst_s", "burst_db")),
    )


def _frequencies_hz(values: Mapping[str, Value], name: str) -> tuple[float, ...]:
    """Of the entries of a level; the transient's is in between those of its sine and of its noise."""
    if name == "tone_db":
        return numbers(values["tone_hz"])
    if name == "transient_db":
        (sine_hz,), (noise,) = numbers(values["transient_hz"]), numbers(values["transient_noise"])
        return (sine_hz ** (1.0 - noise) * _WHITE_NOISE_HZ**noise,)
    return dsp.band_centers_hz(len(numbers(values[name])))


MACROS = {
    "tune": Macro("st", ("tone_hz", "resonator_hz", "transient_hz"), "Pitch of all.", inverse=("sweep_s",)),
    "length": Macro("%", ("tone_s", "noise_s", "gate_s", "release_s"), "How long it lasts."),
    "snap": Macro("dB", ("transient_db", "snap_db"), "Level of the strike."),
    "brightness": Macro(
        "dB/oct",
        ("tone_db", "transient_db", "noise_band_db", "snap_db"),
        "Treble against bass, at the same loudness.",
        _frequencies_hz,
    ),
    "noise": Macro("dB", ("noise_db",), "Level of the noise beside the tones."),
    "ring": Macro("dB", ("resonator_db",), "Level of the resonator."),
    "sweep": Macro("%", ("sweep_st",), "Depth of the pitch sweep."),
    "drive": Macro("dB", ("drive_db",), "Drive into the clipper."),
}
"""What a person turns, however many parameters there are."""


def _controls(tones: int, noise_bands: int) -> type[Table]:
    """The table of a drum of that size; by default its tones ring like the modes of a membrane."""
    harmonics = [(k + 1) ** 0.66 for k in range(tones)]

    class Controls(Table):
        transient_db = decibels(
            -60.0, 12.0, default=-14.0, musical=(-40.0, -6.0), help="Level of the strike.", role=TRANSIENT.level_db
        )
        transient_noise = amount(default=0.5, help="The strike's mix, from sine (0) to noise (1).")
        transient_hz = hz(
            40.0, 16000.0, default=900.0, musical=(200.0, 6000.0), help="Pitch of the strike's sine.", role=TRANSIENT.hz
        )
        transient_attack_s = seconds(0.0, 0.03, default=0.0, musical=(0.0, 0.002), help="Rise of the strike.")
        transient_s = seconds(
            0.001, 0.3, default=0.015, musical=(0.004, 0.06), help="T60 of the strike.", role=TRANSIENT.t60_s
        )
        transient_drive_db = decibels(-20.0, 36.0, default=0.0, musical=(-10.0, 18.0), help="Saturation of the strike.")
        tone_hz = pitch(
            30.0,
            16000.0,
            default=[110.0 * h for h in harmonics],
            musical=(50.0, 2500.0),
            help="Frequency each tone settles at.",
            role=MODES.hz,
        )
        tone_s = seconds(
            0.003,
            8.0,
            default=[0.7 / h for h in harmonics],
            musical=(0.03, 1.0),
            help="T60 of each tone.",
            role=MODES.t60_s,
        )
        tone_db = decibels(
            -80.0,
            6.0,
            default=[max(-6.0 - 4.0 * k, -50.0) for k in range(tones)],
            musical=(-50.0, -6.0),
            help="Level of each tone.",
            role=MODES.level_db,
        )
        tone_cycles = cycles(
            default=[0.0] * tones, help="Where in its cycle each tone starts.", role=MODES.phase_cycles
        )
        tone_shape = shape(
            0.3,
            4.0,
            default=[1.0] * tones,
            musical=(0.8, 1.3),
            help="How each tone falls: at once and then slowly (below 1), evenly (1), or after a hold (above 1).",
            role=MODES.shape,
        )
        sweep_st = semitones(
            -12.0,
            48.0,
            default=3.0,
            musical=(0.0, 14.0),
            help="How far above its pitch it starts.",
            role=BODY.sweep_st,
        )
        sweep_s = sweep_seconds(
            0.003,
            1.0,
            default=0.08,
            musical=(0.02, 0.3),
            help="T60 of the pitch sweep of all tones.",
            role=BODY.sweep_s,
        )
        resonator_hz = hz(
            30.0, 4000.0, default=180.0, musical=(60.0, 1200.0), help="Lowest resonance of the resonator."
        )
        resonator_feedback = amount(default=0.5, high=0.98, musical=(0.0, 0.9), help="How long the resonator rings.")
        resonator_low_hz = hz(10.0, 2000.0, default=40.0, musical=(20.0, 300.0), help="Damping below this frequency.")
        resonator_high_hz = hz(
            100.0, 18000.0, default=4000.0, musical=(800.0, 12000.0), help="Damping above this frequency."
        )
        resonator_db = decibels(
            _RESONATOR_OFF_DB,
            6.0,
            default=-24.0,
            musical=(-50.0, -10.0),
            help="Level of the resonator; -60 is off.",
            role=EXTRA.level_db,
        )
        noise_db = decibels(
            -80.0, 12.0, default=-30.0, musical=(-50.0, -6.0), help="Level of the noise.", role=NOISE.level_db
        )
        noise_attack_s = seconds(
            0.0, 0.1, default=0.0, musical=(0.0, 0.005), help="Rise of the noise.", role=NOISE.attack_s
        )
        noise_s = seconds(0.003, 8.0, default=0.2, musical=(0.04, 0.8), help="T60 of the noise.", role=NOISE.t60_s)
        noise_highpass_hz = hz(
            10.0, 14000.0, default=300.0, musical=(60.0, 4000.0), help="Cutoff below the noise.", role=NOISE.low_hz
        )
        noise_lowpass_hz = hz(
            100.0,
            20000.0,
            default=12000.0,
            musical=(2000.0, 20000.0),
            help="Cutoff above the noise.",
            role=NOISE.high_hz,
        )
        noise_shape = shape(
            0.3,
            4.0,
            default=[1.0] * noise_bands,
            musical=(0.8, 1.3),
            help="How each band of the noise falls: at once and then slowly (below 1), evenly (1), or after a hold.",
            role=NOISE.shape,
        )
        noise_band_db = decibels(
            -60.0,
            40.0,
            default=[0.0] * noise_bands,
            musical=(-6.0, 6.0),
            help="Level of each band of the noise.",
            role=NOISE.band_db,
        )
        noise_band_ratio = shape(
            0.02,
            50.0,
            default=[1.0] * noise_bands,
            musical=(0.7, 1.5),
            help="T60 of each band, as a multiple of the noise's.",
            role=NOISE.band_ratio,
        )
        snap_db = decibels(
            -80.0,
            12.0,
            default=[-80.0] * noise_bands,
            musical=(-80.0, -60.0),
            help="Level of each band of the snap.",
            role=TRANSIENT.band_db,
        )
        snap_s = seconds(0.002, 0.2, default=0.01, musical=(0.004, 0.03), help="T60 of the snap.")
        burst_db = decibels(
            -60.0, 12.0, default=[-60.0] * _BURSTS, musical=(-60.0, -50.0), help="Level at which the snap repeats."
        )
        burst_s = seconds(
            0.002,
            0.1,
            default=[0.01 * (k + 1) for k in range(_BURSTS)],
            musical=(0.005, 0.05),
            help="When the snap repeats.",
        )
        gate_s = seconds(
            0.005, 10.0, default=10.0, musical=(2.0, 10.0), help="When the whole sound is let go.", role=OUTPUT.gate_s
        )
        release_s = seconds(
            0.003,
            2.0,
            default=0.1,
            musical=(0.05, 0.5),
            help="T60 of the sound once it is let go.",
            role=OUTPUT.release_s,
        )
        drive_db = drive(default=-8.0, musical=(-14.0, 8.0))
        gain_db = decibels(-60.0, 12.0, default=-1.0, musical=(-3.0, 0.0), help="Output level.", role=OUTPUT.level_db)

    return Controls


def render(grid: Grid, c: Any) -> Signal:
    """Transient, tones, what the resonator makes of both, and noise, gated, into a soft clipper."""
    tones = dsp.swept_modal(
        grid,
        c.tone_hz,
        c.tone_s,
        dsp.db_to_gain(c.tone_db),
        c.tone_cycles,
        sweep_st=c.sweep_st,
        sweep_s=c.sweep_s,
        shape=c.tone_shape,
    )
    struck = tones + _transient(grid, c)
    resonance = dsp.comb(
        grid,
        struck,
        c.resonator_hz,
        c.resonator_feedback,
        c.resonator_low_hz,
        c.resonator_high_hz,
        _resonator_gain(c.resonator_db),
    )
    mix = struck + resonance + _noise_layer(grid, c)
    return dsp.soft_clip(grid, mix * dsp.decay(grid, c.release_s, onset_s=c.gate_s), c.drive_db, c.gain_db)


def _transient(grid: Grid, c: Any) -> Signal:
    """A sine and noise, saturated."""
    sine = dsp.sine(grid, c.transient_hz, gain=1.0 - c.transient_noise)
    strike = sine + c.transient_noise * dsp.noise(grid, stream=0)
    level = dsp.attack(grid, c.transient_attack_s) * dsp.decay(grid, c.transient_s)
    return dsp.db_to_gain(c.transient_db) * (dsp.tanh_clip(grid, strike, c.transient_drive_db) * level)


def _noise_layer(grid: Grid, c: Any) -> Signal:
    """Noise in bands, behind two second-order filters, with a snap before it."""
    centers_hz = grid.constant(*dsp.band_centers_hz(c.noise_band_db.size))
    below, above = c.noise_highpass_hz / centers_hz, centers_hz / c.noise_lowpass_hz
    below, above = below * below, above * above
    passed = 1.0 / dsp.sqrt((1.0 + below * below) * (1.0 + above * above))
    return dsp.noise_bands(
        grid,
        stream=1,
        gain=dsp.db_to_gain(c.noise_db + c.noise_band_db) * passed,
        t60_s=c.noise_s * c.noise_band_ratio,
        shape=c.noise_shape,
        attack_s=c.noise_attack_s,
        snap_gain=dsp.db_to_gain(c.snap_db),
        snap_s=c.snap_s,
        burst_s=c.burst_s,
        burst_gain=dsp.db_to_gain(c.burst_db),
    )


def _resonator_gain(level_db: Control) -> Control:
    """Off at -60 dB, where it fades in."""
    fade: Control = dsp.clamp((level_db - _RESONATOR_OFF_DB) / _RESONATOR_FADE_DB, 0.0, 1.0)
    return dsp.db_to_gain(level_db) * fade


PLUGIN = drum
