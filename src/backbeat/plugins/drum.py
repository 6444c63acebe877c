"""Drum: a transient and a bank of tones through a resonator, noise in bands, a gate, and a soft clipper.

It is a tom, a conga, a snare, a kick: whatever a strike on a skin, a block or a bell can be. Real drums are rarely a
plain exponential, and so tones and noise may hold before they fall, or fall at once and ring on; every band of the
noise has its own level and decay, and a snap before it, which repeats for a clap.

References:
    | Sines + transients + noise modelling of drums (Shier, Caspe, Robertson, Sandler, Saitis, McPherson, DAFx 2023)
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from backbeat import dsp
from backbeat.dsp import Grid
from backbeat.errors import PluginError
from backbeat.parameters import (
    Table,
    Value,
    cycles,
    decibels,
    exponent,
    hz,
    numbers,
    pitch,
    seconds,
    semitones,
    share,
    sweep_seconds,
)
from backbeat.plugins.base import Macro, Plugin
from backbeat.types import Control, Mono

_TRANSIENT_ENDS_S = 0.45
"""One and a half times the longest T60 of the transient: by then it is 90 dB down."""
_MOST_TONES, _MOST_BANDS = 128, 64
_BURSTS = 3
_WHITE_NOISE_HZ = 8000.0
"""The middle of white noise on a log scale, its power as weight: Nyquist over e."""
_RESONATOR_OFF_DB, _RESONATOR_FADE_DB = -60.0, 6.0
_MATCH_OPTIONS = {"tones": 128, "noise_bands": 32}


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
        parameters(tones, noise_bands),
        render,
        summary="A transient and a bank of tones through a resonator, with noise in bands.",
        options={"tones": tones, "noise_bands": noise_bands},
        match_options=_MATCH_OPTIONS,
        macros=MACROS,
        banks=(("tone_hz", "tone_s", "tone_db", "tone_cycles", "tone_shape"), ("burst_s", "burst_db")),
        clipper=("drive_db", "gain_db"),
        native="drum",
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
    "tune": Macro("st", ("tone_hz", "resonator_hz", "transient_hz"), "Pitch of everything that has one."),
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


def parameters(tones: int, noise_bands: int) -> Table:
    """The table of a drum of that size; by default its tones ring like the modes of a membrane."""
    harmonics = [(k + 1) ** 0.66 for k in range(tones)]
    return Table(
        transient_db=decibels(-60.0, 12.0, default=-14.0, musical=(-40.0, -6.0), help="Level of the strike."),
        transient_noise=share(default=0.5, help="The strike's mix, from sine (0) to noise (1)."),
        transient_hz=hz(40.0, 16000.0, default=900.0, musical=(200.0, 6000.0), help="Pitch of the strike's sine."),
        transient_attack_s=seconds(0.0, 0.03, default=0.0, musical=(0.0, 0.002), help="Rise of the strike."),
        transient_s=seconds(0.001, 0.3, default=0.015, musical=(0.004, 0.06), help="T60 of the strike."),
        transient_drive_db=decibels(-20.0, 36.0, default=0.0, musical=(-10.0, 18.0), help="Saturation of the strike."),
        tone_hz=pitch(
            30.0,
            16000.0,
            default=[110.0 * h for h in harmonics],
            musical=(50.0, 2500.0),
            help="Frequency each tone settles at.",
        ),
        tone_s=seconds(0.003, 8.0, default=[0.7 / h for h in harmonics], musical=(0.03, 1.0), help="T60 of each tone."),
        tone_db=decibels(
            -80.0,
            6.0,
            default=[max(-6.0 - 4.0 * k, -50.0) for k in range(tones)],
            musical=(-50.0, -6.0),
            help="Level of each tone.",
        ),
        tone_cycles=cycles(default=[0.0] * tones, help="Where in its cycle each tone starts."),
        tone_shape=exponent(
            0.3,
            4.0,
            default=[1.0] * tones,
            musical=(0.8, 1.3),
            help="How each tone falls: at once and then slowly (below 1), evenly (1), or after a hold (above 1).",
        ),
        sweep_st=semitones(-12.0, 48.0, default=3.0, musical=(0.0, 14.0), help="How far above its pitch it starts."),
        sweep_s=sweep_seconds(
            0.003, 1.0, default=0.08, musical=(0.02, 0.3), help="T60 of the pitch sweep of all tones."
        ),
        resonator_hz=hz(30.0, 4000.0, default=180.0, musical=(60.0, 1200.0), help="Lowest resonance of the resonator."),
        resonator_feedback=share(default=0.5, high=0.98, musical=(0.0, 0.9), help="How long the resonator rings."),
        resonator_low_hz=hz(10.0, 2000.0, default=40.0, musical=(20.0, 300.0), help="Damping below this frequency."),
        resonator_high_hz=hz(
            100.0, 18000.0, default=4000.0, musical=(800.0, 12000.0), help="Damping above this frequency."
        ),
        resonator_db=decibels(
            _RESONATOR_OFF_DB, 6.0, default=-24.0, musical=(-50.0, -10.0), help="Level of the resonator; -60 is off."
        ),
        noise_db=decibels(-80.0, 12.0, default=-30.0, musical=(-50.0, -6.0), help="Level of the noise."),
        noise_attack_s=seconds(0.0, 0.1, default=0.0, musical=(0.0, 0.005), help="Rise of the noise."),
        noise_s=seconds(0.003, 8.0, default=0.2, musical=(0.04, 0.8), help="T60 of the noise."),
        noise_highpass_hz=hz(10.0, 14000.0, default=300.0, musical=(60.0, 4000.0), help="Cutoff below the noise."),
        noise_lowpass_hz=hz(100.0, 20000.0, default=12000.0, musical=(2000.0, 20000.0), help="Cutoff above the noise."),
        noise_shape=exponent(
            0.3,
            4.0,
            default=[1.0] * noise_bands,
            musical=(0.8, 1.3),
            help="How each band of the noise falls: at once and then slowly (below 1), evenly (1), or after a hold.",
        ),
        noise_band_db=decibels(
            -60.0, 40.0, default=[0.0] * noise_bands, musical=(-6.0, 6.0), help="Level of each band of the noise."
        ),
        noise_band_ratio=exponent(
            0.02,
            50.0,
            default=[1.0] * noise_bands,
            musical=(0.7, 1.5),
            help="T60 of each band, as a multiple of the noise's.",
        ),
        snap_db=decibels(
            -80.0, 12.0, default=[-80.0] * noise_bands, musical=(-80.0, -60.0), help="Level of each band of the snap."
        ),
        snap_s=seconds(0.002, 0.2, default=0.01, musical=(0.004, 0.03), help="T60 of the snap."),
        burst_db=decibels(
            -60.0, 12.0, default=[-60.0] * _BURSTS, musical=(-60.0, -50.0), help="Level at which the snap repeats."
        ),
        burst_s=seconds(
            0.002,
            0.1,
            default=[0.01 * (k + 1) for k in range(_BURSTS)],
            musical=(0.005, 0.05),
            help="When the snap repeats.",
        ),
        gate_s=seconds(0.005, 10.0, default=10.0, musical=(2.0, 10.0), help="When the whole sound is let go."),
        release_s=seconds(0.003, 2.0, default=0.1, musical=(0.05, 0.5), help="T60 of the sound once it is let go."),
        drive_db=decibels(-20.0, 36.0, default=-8.0, musical=(-14.0, 8.0), help="Drive into the soft clipper."),
        gain_db=decibels(-60.0, 12.0, default=-1.0, musical=(-3.0, 0.0), help="Output level."),
    )


def render(
    grid: Grid,
    *,
    transient_db: Control,
    transient_noise: Control,
    transient_hz: Control,
    transient_attack_s: Control,
    transient_s: Control,
    transient_drive_db: Control,
    tone_hz: Control,
    tone_s: Control,
    tone_db: Control,
    tone_cycles: Control,
    tone_shape: Control,
    sweep_st: Control,
    sweep_s: Control,
    resonator_hz: Control,
    resonator_feedback: Control,
    resonator_low_hz: Control,
    resonator_high_hz: Control,
    resonator_db: Control,
    noise_db: Control,
    noise_attack_s: Control,
    noise_s: Control,
    noise_highpass_hz: Control,
    noise_lowpass_hz: Control,
    noise_shape: Control,
    noise_band_db: Control,
    noise_band_ratio: Control,
    snap_db: Control,
    snap_s: Control,
    burst_db: Control,
    burst_s: Control,
    gate_s: Control,
    release_s: Control,
    drive_db: Control,
    gain_db: Control,
) -> Mono:
    """Render drums: transient + tones + what the resonator makes of both + noise, gated, into a soft clipper.

    Controls are as in `parameters`.
    """
    head = grid.head(_TRANSIENT_ENDS_S)
    strike = (1.0 - transient_noise) * dsp.sine(head, dsp.steady(head, transient_hz))
    strike = torch.addcmul(strike, transient_noise, dsp.noise(head, stream=0))
    strike = dsp.tanh_clip(strike, transient_drive_db) * dsp.attack(head, transient_attack_s)
    transient = dsp.db_to_gain(transient_db) * strike * dsp.decay(head, transient_s)
    tones = dsp.swept_modal(
        grid,
        tone_hz,
        tone_s,
        dsp.db_to_gain(tone_db),
        tone_cycles,
        sweep_st=sweep_st,
        sweep_s=sweep_s,
        shape=tone_shape,
    )
    struck = grid.with_head(tones, transient)
    gains = dsp.db_to_gain(noise_db + noise_band_db) * _passed(noise_highpass_hz, noise_lowpass_hz, noise_band_db)
    fall = _fall(grid, noise_s * noise_band_ratio, noise_shape) * _rise(grid, noise_attack_s)
    snaps = _snaps(grid, snap_s, burst_db, burst_s)
    levels = torch.addcmul(gains.unsqueeze(-2) * fall, dsp.db_to_gain(snap_db).unsqueeze(-2), snaps)
    wires = dsp.noise_bands(grid, 1, levels)
    mix = struck
    resonator = dsp.known(resonator_db)
    if resonator is None or max(resonator) > _RESONATOR_OFF_DB:
        resonance = dsp.comb(grid, struck, resonator_hz, resonator_feedback, resonator_low_hz, resonator_high_hz)
        mix = torch.addcmul(mix, _resonator_gain(resonator_db), resonance)
    let_go = dsp.fall_after(dsp.control_times_s(grid) - gate_s, release_s)
    mix = (mix + wires) * dsp.between(grid, let_go)
    return dsp.soft_clip(mix, drive_db, gain_db)


def _resonator_gain(level_db: Control) -> Control:
    return dsp.db_to_gain(level_db) * ((level_db - _RESONATOR_OFF_DB) / _RESONATOR_FADE_DB).clamp(0.0, 1.0)


def _passed(highpass_hz: Control, lowpass_hz: Control, bands: Control) -> Control:
    """How much of each band second-order filters let pass, (batch, bands)."""
    centers_hz = dsp.constant(dsp.band_centers_hz(bands.shape[-1]), bands.dtype, bands.device)
    below, above = (highpass_hz / centers_hz).square(), (centers_hz / lowpass_hz).square()
    return torch.rsqrt((1.0 + below.square()) * (1.0 + above.square()))


def _fall(grid: Grid, t60_s: Control, shape: Control) -> Tensor:
    """Decay of each band at the control times, (batch, points, bands)."""
    times_s = dsp.control_times_s(grid).clamp(min=0.5 / grid.sample_rate).unsqueeze(-1)
    return dsp.shaped_fall(times_s, t60_s.unsqueeze(-2), shape.unsqueeze(-2))


def _rise(grid: Grid, attack_s: Control) -> Tensor:
    """Attack of all bands at the control times, (batch, points, 1)."""
    times_s = dsp.control_times_s(grid).unsqueeze(-1)
    return ((times_s + grid.tick_s) / (attack_s.unsqueeze(-2) + grid.tick_s)).clamp(max=1.0)


def _snaps(grid: Grid, t60_s: Control, burst_db: Control, burst_s: Control) -> Tensor:
    """A snap and its repeats at the control times, (batch, points, 1)."""
    times_s = dsp.control_times_s(grid).unsqueeze(-1)
    since_s = times_s - torch.cat([torch.zeros_like(t60_s), burst_s], dim=-1).unsqueeze(-2)
    gains = torch.cat([torch.ones_like(t60_s), dsp.db_to_gain(burst_db)], dim=-1).unsqueeze(-2)
    begun = (1.0 + since_s / times_s[1]).clamp(0.0, 1.0)  # within one step, so that its time has a gradient
    return (gains * begun * dsp.fall_after(since_s, t60_s.unsqueeze(-2))).sum(-1, keepdim=True)
