"""Where a search starts: values from analysis for the plugins that have one, and variations of them."""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from backbeat.dsp import db_to_gain
from backbeat.dsp.clip import soft_unclip
from backbeat.matching.analysis import (
    Bands,
    Glide,
    Modes,
    find_modes,
    first_modes,
    fit_bands,
    fit_decay,
    fit_glide,
    fit_hiss,
    fit_release,
    fit_two_glides,
    peel,
)
from backbeat.parameters import Layout, Value
from backbeat.plugins import Plugin
from backbeat.types import Audio, Series

Start: TypeAlias = dict[str, Value]
Wave: TypeAlias = Callable[[Start], Audio]
Proposer: TypeAlias = Callable[[Plugin, Series, int], list[Start]]
Glance: TypeAlias = Callable[[Plugin, Series, int], Start]
Refiner: TypeAlias = Callable[[Plugin, Start, Audio, Wave, int], list[Start]]

_QUIET_DB = -60.0
_SPARE_MODES = 3
_LONG_HOLD_S = 0.1
_SLOWEST_RELEASE_S = 0.3
_GLANCE_S = 0.3
_LEAST_CLICK_HZ = 2500.0
"""What is left of the body would have the click begin lower, where it is not heard."""


def propose(plugin: Plugin, signal: Series, sample_rate: int, level: float) -> list[Start]:
    """Values that analysis suggests, most trusted first; the defaults for a plugin that none is written for.

    Args:
        plugin: the instrument to start.
        signal: the one-shot, (samples,), peak near 1.
        sample_rate: in Hz.
        level: gain from `signal` to the one-shot as it was.
    """
    proposer = _PROPOSERS.get(plugin.name)
    found = proposer(plugin, signal, sample_rate) if proposer else []
    return [_whole(plugin, values, level) for values in found or [{}]]


def has_glance(plugin: Plugin) -> bool:
    """Whether `glance` is written for a plugin."""
    return plugin.name in _GLANCES


def glance(plugin: Plugin, signal: Series, sample_rate: int, level: float) -> Start:
    """What analysis tells of a sound's first moments, in a few hundredths of a second.

    Args:
        plugin: the instrument to start, one that `has_glance`.
        signal: the one-shot, (samples,), peak near 1.
        sample_rate: in Hz.
        level: gain from `signal` to the one-shot as it was.
    """
    return _whole(plugin, _GLANCES[plugin.name](plugin, signal, sample_rate), level)


def refine(plugin: Plugin, values: Start, target: Audio, wave: Wave, sample_rate: int) -> list[Start]:
    """Values that analysis suggests once a match has come near, from what it leaves; none for most plugins.

    Args:
        plugin: the instrument.
        values: of the match.
        target: (1, 1, samples).
        wave: renders values like the target.
        sample_rate: in Hz.
    """
    refiner = _REFINERS.get(plugin.name)
    found = refiner(plugin, values, target, wave, sample_rate) if refiner else []
    return [_within(plugin.table, start) for start in found]


def vary(params: Tensor, count: int, spread: Tensor, generator: torch.Generator) -> Tensor:
    """Each start and, in turn, normal variations of it, up to `count`.

    Args:
        params: (starts, P) in [0, 1], most trusted first.
        count: rows wanted.
        spread: standard deviation of each entry, (P,).
        generator: of the variations.
    """
    rows = params[torch.arange(count) % len(params)]
    steps = torch.randn(rows.shape, generator=generator, dtype=rows.dtype) * spread
    steps[: len(params)] = 0.0
    return (rows + steps).clamp(0.0, 1.0)


def _kick(plugin: Plugin, signal: Series, sample_rate: int) -> list[Start]:
    pitch = plugin.table["pitch_hz"]
    decay = fit_decay(signal, sample_rate)
    glides: list[Glide] = []
    for cutoff_hz in (1500.0, 300.0, 5000.0):
        fits = fit_glide(signal, sample_rate, cutoff_hz=cutoff_hz, lowest_hz=pitch.low, highest_hz=pitch.high)
        both = fit_two_glides(signal, sample_rate, cutoff_hz=cutoff_hz, lowest_hz=pitch.low, highest_hz=pitch.high)
        glides += fits[:1] + fits[4:5] + ([both] if both else [])
    glides = glides or [Glide(55.0, 24.0, 0.06, 0.0, 1.0)]
    bodiless = peel(signal, sample_rate, min(glides, key=lambda glide: glide.error_cycles))
    modes, ringing = _kick_modes(plugin, bodiless, sample_rate)
    click = fit_hiss(modes.residual[: round(0.05 * sample_rate)], sample_rate)
    starts: list[Start] = []
    for glide in glides:
        body: Start = {
            "pitch_hz": glide.pitch_hz,
            "phase_cycles": glide.start_cycles,
            "sweep_st": glide.sweep_st,
            "sweep_s": glide.sweep_s,
            "click_sweep_st": glide.fast_st,
            "click_sweep_s": glide.fast_s,
            "lfo_st": glide.vibrato_st,
            "lfo_hz": glide.vibrato_hz,
            "attack_s": min(decay.attack_s, 0.01) * 0.5,
            "hold_s": decay.attack_s + decay.hold_s,
            "decay_s": decay.t60_s,
            "gate_s": 0.8 * len(signal) / sample_rate,
            "click_db": click.decay.level_db,
            "click_s": min(click.decay.t60_s, 0.05),
            "click_hz": max(click.low_hz, _LEAST_CLICK_HZ),
            "gain_db": 0.0,
            "drive_db": -8.0,
        }
        for rings in ringing:
            starts.append({**body, **rings, "shell_mix": 0.1, "sub_mix": 0.02, "detune_mix": 0.02})
            starts.append({**body, **rings, "drive_db": 4.0, "shell_mix": 0.2, "sub_mix": 0.2, "detune_mix": 0.2})
    return starts + [{**start, "modes": "off"} for start in starts[:2]]


def _kick_modes(plugin: Plugin, bodiless: Series, sample_rate: int) -> tuple[Modes, list[Start]]:
    """Modes of what the body leaves: the loudest, and those that are heard longest and highest.

    What the body leaves at the bottom may be louder than any mode.
    """
    hz = plugin.table["mode_hz"]
    modes = find_modes(bodiless, sample_rate, _SPARE_MODES * hz.size, lowest_hz=hz.low, highest_hz=hz.high)
    loudness = modes.gain**2 * modes.t60_s * modes.frequency_hz
    chosen = (np.arange(hz.size), np.argsort(-loudness)[: hz.size])
    return modes, [
        {
            "modes": "on",
            "mode_hz": tuple(modes.frequency_hz[these].tolist()),
            "mode_s": tuple(modes.t60_s[these].tolist()),
            "mode_db": tuple(modes.level_db[these].tolist()),
        }
        for these in chosen
    ]


def _kick_again(plugin: Plugin, values: Start, target: Audio, wave: Wave, sample_rate: int) -> list[Start]:
    """The modes anew, from what the body and the click of a match leave before the clipper.

    And, where the body holds for long, the same with a slow decay that is released there: both fall late.
    """
    gain, drive_db = db_to_gain(target.new_tensor([values["gain_db"]])), target.new_tensor([values["drive_db"]])
    whole, rest = (soft_unclip(sound / gain, drive_db) for sound in (target, wave({**values, "modes": "off"})))
    _, (_, heard) = _kick_modes(plugin, (whole - rest)[0, 0].cpu().double().numpy(), sample_rate)
    start = {**values, **heard}
    hold_s = values["hold_s"]
    if not isinstance(hold_s, float) or hold_s < _LONG_HOLD_S:
        return [start]
    released: Start = {
        "hold_s": 0.02,
        "decay_s": 1.0,
        "sustain": 0.05,
        "gate_s": hold_s,
        "release_s": values["decay_s"],
    }
    return [start, {**start, **released}]


def _drum(plugin: Plugin, signal: Series, sample_rate: int) -> list[Start]:
    count = plugin.table["tone_hz"].size
    lowest_hz, highest_hz = plugin.table["tone_hz"].low, plugin.table["tone_hz"].high
    glides: list[Glide | None] = [None]
    for cutoff_hz in (300.0, 1500.0):
        fits = fit_glide(signal, sample_rate, cutoff_hz=cutoff_hz, lowest_hz=lowest_hz, highest_hz=2000.0)
        glides += [fit for fit in fits[:1] if fit.error_cycles < 0.2 and 1.0 < fit.sweep_st <= 48.0]
    release = fit_release(signal, sample_rate)
    released: Start = {}
    if release.t60_s < _SLOWEST_RELEASE_S:  # a slower bend is the tones' own
        released = {"gate_s": release.gate_s, "release_s": release.t60_s}
    starts: list[Start] = []
    for glide in glides:
        found = find_modes(signal, sample_rate, count, lowest_hz=lowest_hz, highest_hz=highest_hz, glide=glide)
        for used in (count, max(1, count // 3)):
            modes = found if used == count else first_modes(found, used, signal, sample_rate, glide)
            bands = fit_bands(modes.residual, sample_rate, plugin.table["snap_db"].size)
            sweep = (glide.sweep_st, glide.sweep_s) if glide else (0.0, 0.05)
            starts.append({**_drum_start(plugin, modes, bands, sweep, used), **released})
    return starts


def _drum_glance(plugin: Plugin, signal: Series, sample_rate: int) -> Start:
    """Steady tones and noise."""
    hz = plugin.table["tone_hz"]
    heard = signal[: round(_GLANCE_S * sample_rate)]
    modes = find_modes(heard, sample_rate, hz.size, lowest_hz=hz.low, highest_hz=hz.high)
    bands = fit_bands(modes.residual, sample_rate, plugin.table["snap_db"].size)
    return _drum_start(plugin, modes, bands, (0.0, 0.05), hz.size)


def _drum_start(plugin: Plugin, modes: Modes, bands: Bands, sweep: tuple[float, float], used: int) -> Start:
    """Tones from modes, noise from what they left; tones that are not used wait, quiet, at their defaults."""
    defaults = plugin.table.defaults()
    t60_s = float(np.exp(np.mean(np.log(bands.t60_s))))

    def filled(name: str, found: Series, spare: float | None = None) -> Value:
        default = defaults[name]
        rest = default[used:] if isinstance(default, tuple) else ()
        return (*found.tolist(), *(rest if spare is None else (spare,) * len(rest)))

    return {
        "tone_hz": filled("tone_hz", modes.frequency_hz),
        "tone_s": filled("tone_s", modes.t60_s),
        "tone_db": filled("tone_db", modes.level_db, _QUIET_DB),
        "tone_cycles": filled("tone_cycles", modes.start_cycles),
        "sweep_st": sweep[0],
        "sweep_s": sweep[1],
        "noise_db": float(np.max(bands.level_db)),
        "noise_s": t60_s,
        "noise_highpass_hz": 10.0,
        "noise_lowpass_hz": 20000.0,
        "noise_band_db": tuple((bands.level_db - np.max(bands.level_db)).tolist()),
        "noise_band_ratio": tuple((bands.t60_s / t60_s).tolist()),
        "snap_db": tuple(bands.snap_db.tolist()),
        "transient_db": -24.0,
        "transient_s": 0.01,
        "resonator_db": plugin.table["resonator_db"].low,  # off
        "drive_db": -16.0,
        "gain_db": 0.0,
    }


def _whole(plugin: Plugin, values: Start, level: float) -> Start:
    """Values with defaults for the rest, within their ranges, at the one-shot's own level."""
    start = {**plugin.table.defaults(), **values}
    output_db = start.get("gain_db")
    if isinstance(output_db, float):
        start["gain_db"] = output_db + 20.0 * math.log10(level)
    return _within(plugin.table, start)


def _within(table: Layout, values: Start) -> Start:
    """Values clipped to each parameter's range."""
    inside: Start = {}
    for name, value in values.items():
        low, high = table[name].low, table[name].high
        if isinstance(value, str):
            inside[name] = value
        elif isinstance(value, tuple):
            entries = tuple(min(max(entry, low), high) for entry in value)
            inside[name] = entries if table[name].size > 1 else entries[0]
        else:
            inside[name] = min(max(value, low), high)
    return inside


_REFINERS: dict[str, Refiner] = {"kick": _kick_again}
_GLANCES: dict[str, Glance] = {"drum": _drum_glance}
_PROPOSERS: dict[str, Proposer] = {"kick": _kick, "drum": _drum}
