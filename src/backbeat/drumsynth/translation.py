"""A DrumSynth sound as patches of an instrument, field by field where the instrument has a twin of it.

DrumSynth renders its parts by themselves, so none has to be told from another: the tone's glide and envelope are read
from the file, overtones are analysed as modes, and all noise as bands, each alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from backbeat.drumsynth.document import RATE_HZ, DrumSynthSound, Envelope
from backbeat.drumsynth.rendering import FULL_SCALE, Parts, ceiling, droop_nepers, gain, parts
from backbeat.dsp.units import LN_1000
from backbeat.matching.readings import Reading, muted_modes, read, read_modes, read_noise
from backbeat.matching.starts import whole
from backbeat.parameters import BODY, MODES, NOISE, OUTPUT, TRANSIENT, Layout
from backbeat.patch import Patch, Placement
from backbeat.plugins import Plugin

_PEAK = 0.9
"""Of what analysis is given."""
_SILENT = 1e-4
_LEAST_DRIVE_DB, _OFF_DB = -20.0, -60.0
_T60S = np.geomspace(0.01, 6.0, 32)
_SUSTAINS = np.array([0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5])
_RELEASES = np.geomspace(0.01, 3.0, 12)
_GATES = np.linspace(0.0, 1.0, 9)
_TIMES = 64
_FLOOR_DB = -40.0
_LEAST_HZ = 5.0
_STRAIGHT_NEPERS = np.geomspace(0.4, 6.0, 8)
"""Of a straight glide within its envelope."""


def translations(sound: DrumSynthSound, plugin: Plugin, samples: int, seed: int = 0) -> list[Patch]:
    """Patches of an instrument that may sound as a file does; none where it has no twin of what sounds.

    Args:
        sound: the file.
        plugin: the instrument.
        samples: of the patches' placement, at 44.1 kHz.
        seed: of the file's noise, and of the patches'.
    """
    each, table = parts(sound, seed), plugin.table
    tonal = each.tone + each.overtones
    loudest = float(np.max(np.abs(tonal + each.noise)))
    if loudest < _SILENT:
        return []
    exact = table.with_role(BODY.pitch_hz) is not None and sound.tone.on and float(np.max(np.abs(each.tone))) > _SILENT
    unit = float(np.max(np.abs(each.tone))) if exact else loudest / _PEAK
    found: list[Patch] = []
    for reading in _readings(sound, each, table, exact, 1.0 / unit):
        values = whole(table, {**reading, **_output(sound, unit)}, 1.0)
        patch = Patch(plugin.name, values, plugin.options, seed=seed, placement=Placement(RATE_HZ, samples))
        if all(patch.values != other.values for other in found):
            found.append(patch)
    return found


def _readings(sound: DrumSynthSound, each: Parts, table: Layout, exact: bool, scale: float) -> Iterator[Reading]:
    """What the parts, times a scale, tell of an instrument: one with a body takes the tone as it is (`exact`)."""
    tonal, noise = (each.tone + each.overtones) * scale, each.noise * scale
    rings, sounds, hisses = (
        float(np.max(np.abs(part))) > _SILENT * scale for part in (each.overtones * scale, tonal, noise)
    )
    hiss: Reading = {NOISE.level_db: _OFF_DB, TRANSIENT.level_db: _OFF_DB}
    if hisses:
        hiss = read_noise(table, noise, RATE_HZ)
    if exact:
        body = {**_glide(sound, table), **_fall(sound.tone.envelope, sound.general.stretch), **hiss}
        ringing = read_modes(table, each.overtones * scale, RATE_HZ)[1] if rings else [muted_modes(table)]
        for modes in ringing:
            yield {**modes, **body}
    elif sounds and table.with_role(MODES.hz):
        for reading in read(table, tonal, RATE_HZ):
            yield {**reading, **hiss}


def _glide(sound: DrumSynthSound, table: Layout) -> Reading:
    """The tone: a glide that droops is the same exponential fall as an instrument's sweep; a straight one is fitted."""
    tone, general = sound.tone, sound.general
    tuning = 2.0 ** (general.tuning_st / 12.0)
    start_hz, end_hz = max(tone.start_hz * tuning, _LEAST_HZ), max(tone.end_hz * tuning, _LEAST_HZ)
    end_s = max(tone.envelope.end, 1.0) / RATE_HZ
    if tone.droop > 0.0:
        nepers = droop_nepers(tone.droop)
        rest_hz = max(start_hz + (end_hz - start_hz) / -math.expm1(-nepers), _LEAST_HZ)
        sweep_s = LN_1000 * end_s / nepers
    else:
        length_s = end_s * general.stretch
        sweep = table.with_role(BODY.sweep_s)
        slowest_s = table[sweep].high if sweep else math.inf
        start_hz, rest_hz, sweep_s = _bent(start_hz, end_hz, tone.envelope, length_s, slowest_s)
    return {
        BODY.pitch_hz: rest_hz,
        BODY.sweep_st: 12.0 * math.log2(start_hz / rest_hz),
        BODY.sweep_s: sweep_s,
        BODY.fast_sweep_st: 0.0,
        BODY.phase_cycles: (tone.phase_degrees / 360.0 + start_hz / RATE_HZ) % 1.0,
        BODY.level_db: 0.0,
    }


def _bent(
    start_hz: float, end_hz: float, envelope: Envelope, length_s: float, slowest_s: float
) -> tuple[float, float, float]:
    """Start, rest and T60 of the exponential fall that is nearest to a straight one, where the envelope is loud."""
    at = np.linspace(0.0, 1.0, _TIMES)
    times = np.array([0.0, *envelope.times[1:]]) / max(envelope.end, 1.0)
    weight, pitch_hz = np.interp(at, times, envelope.levels) + 1e-3, start_hz + (end_hz - start_hz) * at
    best, found = math.inf, (start_hz, end_hz, length_s)
    for nepers in np.maximum(_STRAIGHT_NEPERS, LN_1000 * length_s / slowest_s):
        columns = np.stack([np.ones_like(at), np.exp(-nepers * at)], axis=1)
        (rest_hz, excess_hz), *_ = np.linalg.lstsq(columns * weight[:, None], pitch_hz * weight, rcond=None)
        error = float(np.sum((weight * (columns @ [rest_hz, excess_hz] - pitch_hz)) ** 2))
        if error < best and min(rest_hz, rest_hz + excess_hz) >= _LEAST_HZ:
            best, found = error, (float(rest_hz + excess_hz), float(rest_hz), LN_1000 * length_s / nepers)
    return found


def _fall(envelope: Envelope, stretch: float) -> Reading:
    """Attack, hold, decay to a sustain level and release that are nearest to an envelope, in dB."""
    times, levels = np.array([0.0, *envelope.times[1:]]) * stretch / RATE_HZ, np.array(envelope.levels)
    peak = int(np.argmax(levels))
    attack_s = float(times[peak])
    at = np.linspace(attack_s, max(float(times[-1]), attack_s + 0.005), _TIMES)
    level = np.interp(at, times, levels / max(float(levels[peak]), 1e-3))
    wanted = np.maximum(20.0 * np.log10(np.maximum(level, 1e-6)), _FLOOR_DB)
    since, length = at - attack_s, at[-1] - attack_s
    best, found = math.inf, (0.0, 0.5, 0.0, 1.0, 0.1)
    for hold_s in length * np.array([0.0, 0.05, 0.15, 0.3, 0.5]):
        falling = np.exp(-LN_1000 / _T60S[:, None, None, None, None] * np.maximum(since - hold_s, 0.0))
        sustain = _SUSTAINS[:, None, None, None]
        gate = hold_s + (length - hold_s) * _GATES[:, None, None]
        release = np.exp(-LN_1000 / _RELEASES[:, None] * np.maximum(since - gate, 0.0))
        fall = (sustain + (1.0 - sustain) * falling) * release
        errors = np.mean(np.abs(np.maximum(20.0 * np.log10(fall + 1e-6), _FLOOR_DB) - wanted), axis=-1)
        place = np.unravel_index(int(np.argmin(errors)), errors.shape)
        if errors[place] < best:
            t60_s, level_there, gate_at, release_s = (
                float(each[k]) for each, k in zip((_T60S, _SUSTAINS, _GATES, _RELEASES), place, strict=True)
            )
            best, found = float(errors[place]), (hold_s, t60_s, level_there, (length - hold_s) * gate_at, release_s)
    hold_s, t60_s, sustained, gate_s, release_s = found
    return {
        BODY.attack_s: attack_s,
        BODY.hold_s: hold_s,
        BODY.t60_s: t60_s,
        BODY.sustain: sustained,
        BODY.gate_s: gate_s,
        BODY.release_s: release_s,
    }


def _output(sound: DrumSynthSound, unit: float) -> Reading:
    """The level; and the drive into a soft clipper as steep as the hard one, before which the sound reaches `unit`."""
    bent = sound.distortion
    reached = unit * gain(sound) * (10.0 ** (bent.clipping_db / 20.0) if bent.on else 1.0)
    top = ceiling(sound) / FULL_SCALE
    if reached <= 1.02 * top:
        return {OUTPUT.level_db: 20.0 * math.log10(reached), OUTPUT.drive_db: _LEAST_DRIVE_DB}
    return {
        OUTPUT.level_db: 20.0 * math.log10(max(top, 1e-6)),
        OUTPUT.drive_db: 10.0 * math.log10((reached / max(top, 1e-6)) ** 2 - 1.0),
    }
