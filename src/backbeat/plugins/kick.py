"""Kick: a sine swept down to its pitch, a shell resonance, a click and a few modes, into a soft clipper.

References:
    | A Physically-Informed, Circuit-Bendable, Digital Model of the Roland TR-808 Bass Drum Circuit
    | (Werner, Abel, Smith, DAFx 2014)
"""

from collections.abc import Mapping

import torch

from backbeat import dsp
from backbeat.dsp import Grid
from backbeat.parameters import (
    Table,
    Value,
    cents,
    choice,
    cycles,
    decibels,
    hz,
    numbers,
    octaves,
    pitch,
    seconds,
    semitones,
    share,
    sweep_seconds,
)
from backbeat.plugins.base import Macro, Plugin
from backbeat.types import Control, Mono

_SHELL_FILTER_S = 0.023
_CLICK_FILTER_S = 0.0023
_CLICK_ENDS_S = 0.4
"""Twice the longest T60 of the click: by then it is 120 dB down."""

PARAMETERS = Table(
    pitch_hz=pitch(25.0, 200.0, default=52.0, musical=(38.0, 75.0), help="Resting pitch of the body."),
    phase_cycles=cycles(default=0.0, help="Where in its cycle the body starts."),
    sweep_st=semitones(0.0, 60.0, default=28.0, musical=(8.0, 44.0), help="How far above its pitch the body starts."),
    sweep_s=sweep_seconds(0.005, 0.6, default=0.07, musical=(0.03, 0.2), help="T60 of the sweep."),
    click_sweep_st=semitones(0.0, 60.0, default=0.0, musical=(0.0, 40.0), help="A second, fast sweep: the beater."),
    click_sweep_s=sweep_seconds(0.001, 0.05, default=0.008, musical=(0.003, 0.02), help="T60 of the fast sweep."),
    detune_cents=cents(-100.0, 100.0, default=7.0, musical=(-15.0, 15.0), help="Pitch of the second oscillator."),
    detune_mix=share(default=0.0, musical=(0.0, 0.5), help="Level of the second oscillator against the first."),
    sub_mix=share(default=0.0, musical=(0.0, 0.4), help="Level of an oscillator one octave below."),
    lfo_hz=hz(0.5, 40.0, default=5.0, musical=(3.0, 12.0), help="Rate of the vibrato."),
    lfo_st=semitones(0.0, 4.0, default=0.0, musical=(0.0, 0.3), help="Depth of the vibrato."),
    attack_s=seconds(0.0, 0.1, default=0.0005, musical=(0.0, 0.003), help="Rise of the body."),
    hold_s=seconds(0.0, 0.5, default=0.02, musical=(0.0, 0.08), help="How long the body stays at its peak."),
    decay_s=seconds(0.01, 6.0, default=0.5, musical=(0.2, 1.5), help="T60 of the body's fall to its sustain level."),
    sustain=share(default=0.0, musical=(0.0, 0.1), help="Level the body falls to until it is released."),
    gate_s=seconds(0.0, 2.0, default=0.5, musical=(0.2, 1.0), help="Time from the end of the hold to the release."),
    release_s=seconds(0.003, 3.0, default=0.1, musical=(0.03, 0.4), help="T60 of the body's release."),
    shell_filter=choice(
        "lowpass", "bandpass", "highpass", default="bandpass", help="What the shell lets through of the body."
    ),
    shell_hz=hz(40.0, 8000.0, default=220.0, musical=(90.0, 900.0), help="Cutoff, or centre, of the shell."),
    shell_width_oct=octaves(0.2, 4.0, default=1.5, help="Width of the shell as a band-pass."),
    shell_decay_s=seconds(0.005, 3.0, default=0.12, musical=(0.04, 0.4), help="T60 of the shell."),
    shell_mix=share(default=0.0, high=2.0, musical=(0.0, 0.6), help="Level of the shell."),
    click_db=decibels(-60.0, 12.0, default=-18.0, musical=(-40.0, -8.0), help="Level of the noise transient."),
    click_s=seconds(0.001, 0.2, default=0.012, musical=(0.004, 0.05), help="T60 of the noise transient."),
    click_hz=hz(20.0, 16000.0, default=2500.0, musical=(800.0, 8000.0), help="High-pass cutoff of the transient."),
    click_drive_db=decibels(-20.0, 36.0, default=0.0, musical=(-10.0, 18.0), help="Saturation of the transient."),
    modes=choice("off", "on", default="off", help="Whether the modes sound."),
    mode_hz=pitch(
        50.0,
        12000.0,
        default=(118.0, 187.0, 254.0, 331.0, 1250.0, 3600.0),
        musical=(90.0, 4000.0),
        help="Frequencies of the modes.",
    ),
    mode_s=seconds(
        0.003,
        3.0,
        default=(0.3, 0.24, 0.19, 0.15, 0.03, 0.012),
        musical=(0.01, 0.4),
        help="T60 of each mode.",
    ),
    mode_db=decibels(
        -60.0,
        6.0,
        default=(-16.0, -22.0, -26.0, -29.0, -30.0, -34.0),
        musical=(-50.0, -14.0),
        help="Level of each mode.",
    ),
    drive_db=decibels(-20.0, 36.0, default=-4.0, musical=(-12.0, 14.0), help="Drive into the soft clipper."),
    gain_db=decibels(-60.0, 12.0, default=-1.0, musical=(-3.0, 0.0), help="Output level."),
)


def render(
    grid: Grid,
    *,
    pitch_hz: Control,
    phase_cycles: Control,
    sweep_st: Control,
    sweep_s: Control,
    click_sweep_st: Control,
    click_sweep_s: Control,
    detune_cents: Control,
    detune_mix: Control,
    sub_mix: Control,
    lfo_hz: Control,
    lfo_st: Control,
    attack_s: Control,
    hold_s: Control,
    decay_s: Control,
    sustain: Control,
    gate_s: Control,
    release_s: Control,
    shell_filter: Control,
    shell_hz: Control,
    shell_width_oct: Control,
    shell_decay_s: Control,
    shell_mix: Control,
    click_db: Control,
    click_s: Control,
    click_hz: Control,
    click_drive_db: Control,
    modes: Control,
    mode_hz: Control,
    mode_s: Control,
    mode_db: Control,
    drive_db: Control,
    gain_db: Control,
) -> Mono:
    """Render kicks: body + shell + click + modes, into a soft clipper. Controls are as in `PARAMETERS`."""
    kernel = _shell_kernel(grid, shell_filter, shell_hz, shell_width_oct)
    whole = grid.ahead(kernel.shape[-1] // 2)  # the shell's filter looks ahead by half its length
    phase = (
        dsp.steady(whole, pitch_hz)
        + dsp.sweep(whole, pitch_hz, sweep_st, sweep_s)
        + dsp.sweep(whole, pitch_hz, click_sweep_st, click_sweep_s)
        + dsp.vibrato(whole, pitch_hz, lfo_st, lfo_hz)
    )
    level = 1.0 / (1.0 + detune_mix + sub_mix)  # of the voices; multiplied into what is shorter than they are
    second, sub = phase.times(dsp.cents_to_ratio(detune_cents.double())), phase.times(torch.full_like(pitch_hz, 0.5))
    voices = (
        dsp.Voice(phase, phase_cycles),
        dsp.Voice(second, phase_cycles, detune_mix),
        dsp.Voice(sub, 0.5 * phase_cycles, sub_mix),
    )
    oscillators = dsp.sines(whole, voices)
    envelope = dsp.adsr(
        whole,
        attack_s=attack_s,
        hold_s=hold_s,
        decay_s=decay_s,
        sustain=sustain,
        gate_s=gate_s,
        release_s=release_s,
        peak=level,
    )
    shell = dsp.fir(oscillators, level * shell_mix * kernel, dsp.heard(whole, shell_decay_s))
    ringing = dsp.modal(whole, mode_hz, mode_s, modes[..., 1:] * dsp.db_to_gain(mode_db))
    mix = dsp.mix(ringing, (oscillators, envelope), (shell, dsp.decay(whole, shell_decay_s)))
    mix = whole.with_head(mix, dsp.db_to_gain(click_db) * _click(grid, click_s, click_hz, click_drive_db))
    return grid.cut(dsp.soft_clip(mix, drive_db, gain_db))


def _shell_kernel(grid: Grid, weights: Control, cutoff_hz: Control, width_oct: Control) -> Mono:
    """The three filters of the shell, mixed by the weights of the choice."""
    taps = 2 * round(0.5 * _SHELL_FILTER_S * grid.sample_rate) + 1
    nyquist_hz = 0.5 * grid.sample_rate
    half_width = dsp.semitones_to_ratio(6.0 * width_oct)
    high_hz = (cutoff_hz * half_width).clamp(max=0.99 * nyquist_hz)
    low_hz = torch.minimum(cutoff_hz / half_width, 0.9 * high_hz)  # at a low sample rate both may lie past Nyquist
    kernels = (
        dsp.fir_lowpass(grid, cutoff_hz, taps),
        dsp.fir_bandpass(grid, low_hz, high_hz, taps),
        dsp.fir_highpass(grid, cutoff_hz, taps),
    )
    return sum((weights[..., k : k + 1] * kernel for k, kernel in enumerate(kernels)), torch.zeros_like(kernels[0]))


def _click(grid: Grid, t60_s: Control, cutoff_hz: Control, drive_db: Control) -> Mono:
    """High-passed noise, saturated, decaying, until it has died."""
    head = grid.head(_CLICK_ENDS_S)
    taps = 2 * round(0.5 * _CLICK_FILTER_S * grid.sample_rate) + 1
    ahead = head.ahead(taps // 2)
    kernel = dsp.fir_highpass(head, cutoff_hz, taps)
    burst = head.cut(dsp.fir(dsp.noise(ahead, stream=0), kernel, dsp.heard(head, t60_s)))
    return dsp.tanh_clip(burst, drive_db) * dsp.decay(head, t60_s)


def _frequencies_hz(values: Mapping[str, Value], name: str) -> tuple[float, ...]:
    """Of the entries of a level: of `click_db`, `click_hz`."""
    return numbers(values[f"{name.partition('_')[0]}_hz"])


MACROS = {
    "tune": Macro("st", ("pitch_hz", "mode_hz", "shell_hz"), "Pitch of everything that has one."),
    "length": Macro("%", ("hold_s", "decay_s", "gate_s", "release_s", "shell_decay_s", "mode_s"), "How long it lasts."),
    "sweep": Macro("%", ("sweep_st", "click_sweep_st"), "Depth of the pitch sweeps."),
    "sweep_time": Macro("%", ("sweep_s", "click_sweep_s"), "How long the pitch sweeps last."),
    "snap": Macro("dB", ("click_db",), "Level of the noise transient."),
    "brightness": Macro(
        "dB/oct",
        ("click_db", "mode_db", "shell_mix"),
        "Treble against the body, at the same loudness.",
        _frequencies_hz,
        pivot="pitch_hz",
    ),
    "drive": Macro("dB", ("drive_db",), "Drive into the clipper."),
}
"""What a person turns, however many parameters there are."""

KICK = Plugin(
    "kick",
    PARAMETERS,
    render,
    summary="A swept sine with shell, click and modes, driven.",
    macros=MACROS,
    banks=(("mode_hz", "mode_s", "mode_db"),),
    clipper=("drive_db", "gain_db"),
    native="kick",
)
