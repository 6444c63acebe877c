"""Kick: a sine swept down to its pitch, a shell resonance, a click and a few modes, into a soft clipper.

References:
    | A Physically-Informed, Circuit-Bendable, Digital Model of the Roland TR-808 Bass Drum Circuit
    | (Werner, Abel, Smith, DAFx 2014)
"""

from backbeat import dsp
from backbeat.dsp import Grid, Signal
from backbeat.parameters import (
    BODY,
    EXTRA,
    MODES,
    OUTPUT,
    SWITCH,
    TRANSIENT,
    Table,
    amount,
    cents,
    choice,
    cycles,
    decibels,
    hz,
    octaves,
    pitch,
    seconds,
    semitones,
    sweep_seconds,
)
from backbeat.plugins.base import Macro, Plugin, frequencies_beside

_SHELL_FILTER_S = 0.023
_CLICK_FILTER_S = 0.0023


class Controls(Table):
    """What a kick has."""

    pitch_hz = pitch(
        25.0, 200.0, default=52.0, musical=(38.0, 75.0), help="Resting pitch of the body.", role=BODY.pitch_hz
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
    sweep_s = sweep_seconds(0.005, 0.6, default=0.07, musical=(0.03, 0.2), help="T60 of the sweep.", role=BODY.sweep_s)
    click_sweep_st = semitones(
        0.0, 60.0, default=0.0, musical=(0.0, 40.0), help="A second, fast sweep: the beater.", role=BODY.fast_sweep_st
    )
    click_sweep_s = sweep_seconds(
        0.001, 0.05, default=0.008, musical=(0.003, 0.02), help="T60 of the fast sweep.", role=BODY.fast_sweep_s
    )
    detune_cents = cents(-100.0, 100.0, default=7.0, musical=(-15.0, 15.0), help="Pitch of the second oscillator.")
    detune_mix = amount(
        default=0.0, musical=(0.0, 0.5), help="Level of the second oscillator against the first.", role=EXTRA.mix
    )
    sub_mix = amount(default=0.0, musical=(0.0, 0.4), help="Level of an oscillator one octave below.", role=EXTRA.mix)
    lfo_hz = hz(0.5, 40.0, default=5.0, musical=(3.0, 12.0), help="Rate of the vibrato.", role=BODY.vibrato_hz)
    lfo_st = semitones(0.0, 4.0, default=0.0, musical=(0.0, 0.3), help="Depth of the vibrato.", role=BODY.vibrato_st)
    attack_s = seconds(0.0, 0.1, default=0.0005, musical=(0.0, 0.003), help="Rise of the body.", role=BODY.attack_s)
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
    shell_filter = choice(
        "lowpass", "bandpass", "highpass", default="bandpass", help="What the shell lets through of the body."
    )
    shell_hz = hz(40.0, 8000.0, default=220.0, musical=(90.0, 900.0), help="Cutoff, or centre, of the shell.")
    shell_width_oct = octaves(0.2, 4.0, default=1.5, help="Width of the shell as a band-pass.")
    shell_decay_s = seconds(0.005, 3.0, default=0.12, musical=(0.04, 0.4), help="T60 of the shell.")
    shell_mix = amount(default=0.0, high=2.0, musical=(0.0, 0.6), help="Level of the shell.", role=EXTRA.mix)
    click_db = decibels(
        -60.0, 12.0, default=-18.0, musical=(-40.0, -8.0), help="Level of the noise transient.", role=TRANSIENT.level_db
    )
    click_s = seconds(
        0.001, 0.2, default=0.012, musical=(0.004, 0.05), help="T60 of the noise transient.", role=TRANSIENT.t60_s
    )
    click_hz = hz(
        20.0,
        16000.0,
        default=2500.0,
        musical=(800.0, 8000.0),
        help="High-pass cutoff of the transient.",
        role=TRANSIENT.hz,
    )
    click_drive_db = decibels(-20.0, 36.0, default=0.0, musical=(-10.0, 18.0), help="Saturation of the transient.")
    modes = choice("off", "on", default="off", help="Whether the modes sound.", role=SWITCH.modes)
    mode_hz = pitch(
        50.0,
        12000.0,
        default=(118.0, 187.0, 254.0, 331.0, 1250.0, 3600.0),
        musical=(90.0, 4000.0),
        help="Frequencies of the modes.",
        role=MODES.hz,
    )
    mode_s = seconds(
        0.003,
        3.0,
        default=(0.3, 0.24, 0.19, 0.15, 0.03, 0.012),
        musical=(0.01, 0.4),
        help="T60 of each mode.",
        role=MODES.t60_s,
    )
    mode_db = decibels(
        -60.0,
        6.0,
        default=(-16.0, -22.0, -26.0, -29.0, -30.0, -34.0),
        musical=(-50.0, -14.0),
        help="Level of each mode.",
        role=MODES.level_db,
    )
    drive_db = decibels(
        -20.0, 36.0, default=-4.0, musical=(-12.0, 14.0), help="Drive into the soft clipper.", role=OUTPUT.drive_db
    )
    gain_db = decibels(-60.0, 12.0, default=-1.0, musical=(-3.0, 0.0), help="Output level.", role=OUTPUT.level_db)


def render(grid: Grid, c: Controls) -> Signal:
    """Body, shell, click and modes, into a soft clipper."""
    level = 1.0 / (1.0 + c.detune_mix + c.sub_mix)
    oscillators = dsp.sines(
        grid,
        c.pitch_hz,
        ratio=dsp.stack(1.0, dsp.cents_to_ratio(c.detune_cents), 0.5),
        gain=level * dsp.stack(1.0, c.detune_mix, c.sub_mix),
        start_cycles=dsp.stack(c.phase_cycles, c.phase_cycles, 0.5 * c.phase_cycles),
        sweep_st=dsp.stack(c.sweep_st, c.click_sweep_st),
        sweep_s=dsp.stack(c.sweep_s, c.click_sweep_s),
        vibrato_st=c.lfo_st,
        vibrato_hz=c.lfo_hz,
    )
    envelope = dsp.adsr(grid, c.attack_s, c.hold_s, c.decay_s, c.sustain, c.gate_s, c.release_s)
    shell = _shell(grid, oscillators, c) * dsp.decay(grid, c.shell_decay_s)
    ringing = dsp.modal(grid, c.mode_hz, c.mode_s, c.modes[1] * dsp.db_to_gain(c.mode_db))
    return dsp.soft_clip(grid, oscillators * envelope + shell + ringing + _click(grid, c), c.drive_db, c.gain_db)


def _shell(grid: Grid, body: Signal, c: Controls) -> Signal:
    """What the shell lets through of the body."""
    half_width = dsp.semitones_to_ratio(6.0 * c.shell_width_oct)
    high_hz = dsp.minimum(c.shell_hz * half_width, 0.99 * grid.nyquist_hz)
    low_hz = dsp.minimum(c.shell_hz / half_width, 0.9 * high_hz)  # at a low sample rate both may lie past Nyquist
    return dsp.fir(grid, body, c.shell_mix * c.shell_filter, c.shell_hz, low_hz, high_hz, _SHELL_FILTER_S)


def _click(grid: Grid, c: Controls) -> Signal:
    """High-passed noise, saturated, decaying."""
    burst = dsp.highpass_fir(grid, dsp.noise(grid, stream=0), c.click_hz, _CLICK_FILTER_S)
    decaying = dsp.tanh_clip(grid, burst, c.click_drive_db) * dsp.decay(grid, c.click_s)
    return dsp.db_to_gain(c.click_db) * decaying


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
        frequencies_beside,
        pivot="pitch_hz",
    ),
    "drive": Macro("dB", ("drive_db",), "Drive into the clipper."),
}
"""What a person turns, however many parameters there are."""

PLUGIN = Plugin(
    "kick",
    Controls,
    render,
    summary="A swept sine with shell, click and modes, driven.",
    macros=MACROS,
    banks=(("mode_hz", "mode_s", "mode_db"),),
)
