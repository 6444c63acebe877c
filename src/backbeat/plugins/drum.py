"""Drum: a transient and a bank of tones through a resonator, noise, and a soft clipper.

It is a tom, a conga, a snare, a kick: whatever a strike on a skin, a block or a bell can be.

References:
    | Sines + transients + noise modelling of drums (Shier, Caspe, Robertson, Sandler, Saitis, McPherson, DAFx 2023)
"""

import torch

from backbeat import dsp
from backbeat.dsp import Grid
from backbeat.errors import PluginError
from backbeat.parameters import Table, cycles, decibels, hz, pitch, seconds, semitones, share
from backbeat.plugins.base import Plugin
from backbeat.types import Control, Mono

_TRANSIENT_ENDS_S = 0.45
"""One and a half times the longest T60 of the transient: by then it is 90 dB down."""
_MOST_TONES = 128


def drum(tones: int = 12) -> Plugin:
    """The drum with that many tones.

    Raises:
        PluginError: where `tones` is not from 1 to 128.
    """
    if not 1 <= tones <= _MOST_TONES:
        raise PluginError(f"plugin drum: found tones={tones!r}; must be a whole number from 1 to {_MOST_TONES}")
    return Plugin(
        "drum",
        parameters(tones),
        render,
        summary="A transient and a bank of tones through a resonator, with noise.",
        options={"tones": tones},
    )


def parameters(tones: int) -> Table:
    """The table of a drum with that many tones; by default they ring like the modes of a membrane."""
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
        sweep_st=semitones(-12.0, 48.0, default=3.0, musical=(0.0, 14.0), help="How far above its pitch it starts."),
        sweep_s=seconds(0.003, 1.0, default=0.08, musical=(0.02, 0.3), help="T60 of the pitch sweep of all tones."),
        resonator_hz=hz(30.0, 4000.0, default=180.0, musical=(60.0, 1200.0), help="Lowest resonance of the resonator."),
        resonator_feedback=share(default=0.5, high=0.98, musical=(0.0, 0.9), help="How long the resonator rings."),
        resonator_low_hz=hz(10.0, 2000.0, default=40.0, musical=(20.0, 300.0), help="Damping below this frequency."),
        resonator_high_hz=hz(
            100.0, 18000.0, default=4000.0, musical=(800.0, 12000.0), help="Damping above this frequency."
        ),
        resonator_db=decibels(-60.0, 6.0, default=-24.0, musical=(-50.0, -10.0), help="Level of the resonator."),
        noise_db=decibels(-80.0, 12.0, default=-30.0, musical=(-50.0, -6.0), help="Level of the noise."),
        noise_attack_s=seconds(0.0, 0.1, default=0.0, musical=(0.0, 0.005), help="Rise of the noise."),
        noise_s=seconds(0.003, 8.0, default=0.2, musical=(0.04, 0.8), help="T60 of the noise."),
        noise_highpass_hz=hz(10.0, 14000.0, default=300.0, musical=(60.0, 4000.0), help="Cutoff below the noise."),
        noise_lowpass_hz=hz(100.0, 20000.0, default=12000.0, musical=(2000.0, 20000.0), help="Cutoff above the noise."),
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
    drive_db: Control,
    gain_db: Control,
) -> Mono:
    """Render drums: transient + tones + what the resonator makes of both + noise, into a soft clipper.

    Controls are as in `parameters`.
    """
    head = grid.head(_TRANSIENT_ENDS_S)
    strike = (1.0 - transient_noise) * dsp.sine(head, dsp.steady(head, transient_hz))
    strike = torch.addcmul(strike, transient_noise, dsp.noise(head, stream=0))
    strike = dsp.tanh_clip(strike, transient_drive_db) * dsp.attack(head, transient_attack_s)
    transient = grid.fill(strike * dsp.decay(head, transient_s))
    tones = dsp.swept_modal(
        grid, tone_hz, tone_s, dsp.db_to_gain(tone_db), tone_cycles, sweep_st=sweep_st, sweep_s=sweep_s
    )
    struck = torch.addcmul(tones, dsp.db_to_gain(transient_db), transient)
    resonance = dsp.comb(grid, struck, resonator_hz, resonator_feedback, resonator_low_hz, resonator_high_hz)
    hiss = dsp.iir(
        dsp.noise(grid, stream=1), dsp.highpass(grid, noise_highpass_hz), dsp.lowpass(grid, noise_lowpass_hz)
    )
    wires = hiss * dsp.attack(grid, noise_attack_s) * dsp.decay(grid, noise_s)
    mix = torch.addcmul(struck, dsp.db_to_gain(resonator_db), resonance)
    mix = torch.addcmul(mix, dsp.db_to_gain(noise_db), wires)
    return dsp.db_to_gain(gain_db) * dsp.soft_clip(mix, drive_db)
