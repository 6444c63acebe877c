"""What analysis reads in a one-shot, by role: start values for whatever instrument has parameters of these roles.

An instrument with a body, `BODY.pitch_hz`, begins with the glide of the sound's pitch, with modes and a transient in
what that leaves. One with a bank of tones alone, `MODES.hz`, begins with the sound's partials, and with noise in what
these leave. One with bursts that have onsets, `TRANSIENT.onset_s`, begins with the times and levels of the envelope's
peaks. Any other begins with the level, the decay and the colour of the whole sound.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from backbeat.dsp import band_centers_hz, db_to_gain
from backbeat.dsp.clip import soft_unclip
from backbeat.matching.analysis import (
    CLEAR,
    Decay,
    Glide,
    Modes,
    find_bursts,
    find_modes,
    find_squares,
    first_modes,
    fit_bands,
    fit_decay,
    fit_glide,
    fit_hiss,
    fit_release,
    fit_two_glides,
    peel,
)
from backbeat.parameters import BODY, METAL, MODES, NOISE, OUTPUT, TRANSIENT, Layout, Parameter, Role, Value
from backbeat.plugins.parts import onset_curve
from backbeat.types import Audio, Series

Reading: TypeAlias = dict[Role, Value]
Wave: TypeAlias = Callable[[Mapping[Role, Value]], Audio]

_QUIET_DB = -60.0
_SPARE_MODES = 3
_BODIES = 2
"""Modes that are tried as a body."""
_FEW_MODES = 12
_STRIKE_S = 0.06
_APART = 0.06
"""How far modes lie apart that are two, as a share of their frequency; nearer ones may be one that bends."""
_FAINT_DB = -40.0
"""Of noise that a search may still raise: what modes leave may be more modes, and no noise at all."""
_LONG_HOLD_S = 0.1
_SLOWEST_RELEASE_S, _SLOWEST_FADE_S = 0.3, 1.0
_QUICK_S = 0.3
_TRANSIENT_S = 0.05
_METAL_DB, _HIGHEST_SQUARE_HZ = (-18.0, -8.0, 2.0), 2400.0
"""Levels of squares that are tried, and the highest that are looked for: higher ones have few harmonics."""
_CLOSED, _CLOSED_S, _OPEN_S = 0.25, 0.2, 1.6
_SWELL_S = 0.01
_FIRST_SHARE = 0.2
"""What share of its decay a cymbal's first, faster fall lasts."""
_LEAST_TRANSIENT_HZ = 2500.0
"""What is left of the body would have a transient begin lower, where it is not heard."""


def read(table: Layout, signal: Series, sample_rate: int) -> list[Reading]:
    """What an instrument with this table may begin from, most trusted first.

    Args:
        table: the instrument's parameters.
        signal: the one-shot, (samples,), peak near 1.
        sample_rate: in Hz.
    """
    if table.with_role(BODY.pitch_hz):
        return _bodies(table, signal, sample_rate)
    if table.with_role(MODES.hz):
        return _tones(table, signal, sample_rate)
    if table.with_role(TRANSIENT.onset_s):
        return _bursts(table, signal, sample_rate)
    alone = _noise_alone(table, signal, sample_rate)
    return [{**alone, METAL.level_db: _QUIET_DB}, *_metals(table, alone, signal, sample_rate)]


def tells_level(table: Layout) -> bool:
    """Whether `read` tells an instrument with this table how loud its parts are."""
    return table.with_role(BODY.pitch_hz) is not None or table.with_role(MODES.hz) is not None


def has_quick_reading(table: Layout) -> bool:
    """Whether `read_quickly` has something to say to an instrument with this table."""
    return not table.with_role(BODY.pitch_hz) and table.with_role(MODES.hz) is not None


def read_quickly(table: Layout, signal: Series, sample_rate: int) -> Reading:
    """Steady tones and noise of a sound's first moments, in a few hundredths of a second."""
    hz = _of_role(table, MODES.hz)
    start = signal[: round(_QUICK_S * sample_rate)]
    modes = find_modes(start, sample_rate, hz.size, lowest_hz=hz.low, highest_hz=hz.high)
    return _tones_and_noise(table, modes, sample_rate, None, hz.size)


def read_again(
    table: Layout, values: Mapping[Role, Value], target: Audio, wave: Wave, sample_rate: int
) -> list[Reading]:
    """What a match that has come near leaves before its clipper: its modes anew, for an instrument with a body too.

    And, where the body holds for long, the same with a slow decay that is released there: both fall late.

    Args:
        table: the instrument's parameters.
        values: of the match.
        target: (1, 1, samples).
        wave: renders the match with other values for some roles, like the target.
        sample_rate: in Hz.
    """
    muted = muted_modes(table)
    if not muted or OUTPUT.drive_db not in values:
        return []
    gain, drive_db = (target.new_tensor([values[role]]) for role in (OUTPUT.level_db, OUTPUT.drive_db))
    gain = db_to_gain(gain)
    whole, rest = (soft_unclip(sound / gain, drive_db) for sound in (target, wave(muted)))
    alone = (whole - rest)[0, 0].cpu().double().numpy()
    if not table.with_role(BODY.pitch_hz):
        return [_modes_again(table, values, alone, sample_rate)]
    _, (_, ringing) = read_modes(table, alone, sample_rate)
    hold_s = values.get(BODY.hold_s)
    if not isinstance(hold_s, float) or hold_s < _LONG_HOLD_S:
        return [ringing]
    released: Reading = {
        BODY.hold_s: 0.02,
        BODY.t60_s: 1.0,
        BODY.sustain: 0.05,
        BODY.gate_s: hold_s,
        BODY.release_s: values[BODY.t60_s],
    }
    return [ringing, {**ringing, **released}]


def _modes_again(table: Layout, values: Mapping[Role, Value], alone: Series, sample_rate: int) -> Reading:
    """The loudest modes of a sound that has no more than these, with the sweep that a match has found."""
    hz = _of_role(table, MODES.hz)
    sweep_st, sweep_s, onset_db = (values.get(role) for role in (BODY.sweep_st, BODY.sweep_s, OUTPUT.onset_db))
    glide = None
    if isinstance(sweep_st, float) and isinstance(sweep_s, float) and sweep_st != 0.0:
        glide = Glide(hz.default[0], sweep_st, sweep_s, 0.0, 0.0)
    if isinstance(onset_db, float):
        alone = alone / onset_curve(onset_db, len(alone), sample_rate)
    modes = find_modes(alone, sample_rate, hz.size, lowest_hz=hz.low, highest_hz=hz.high, glide=glide)
    return _bank(modes, np.arange(hz.size))


def _bank(modes: Modes, chosen: NDArray[np.int64], than_db: float = 0.0) -> Reading:
    """Some modes as a bank, with their levels against another."""
    return {
        MODES.hz: tuple(modes.frequency_hz[chosen].tolist()),
        MODES.t60_s: tuple(modes.t60_s[chosen].tolist()),
        MODES.level_db: tuple((modes.level_db[chosen] - than_db).tolist()),
        MODES.phase_cycles: tuple(modes.start_cycles[chosen].tolist()),
    }


def _bodies(table: Layout, signal: Series, sample_rate: int) -> list[Reading]:
    pitch = _of_role(table, BODY.pitch_hz)
    decay = fit_decay(signal, sample_rate)
    glides: list[Glide] = []
    for cutoff_hz in (1500.0, 300.0, 5000.0):
        fits = fit_glide(signal, sample_rate, cutoff_hz=cutoff_hz, lowest_hz=pitch.low, highest_hz=pitch.high)
        both = fit_two_glides(signal, sample_rate, cutoff_hz=cutoff_hz, lowest_hz=pitch.low, highest_hz=pitch.high)
        glides += fits[:1] + fits[4:5] + ([both] if both else [])
    glides = glides or [Glide(pitch.default[0], 24.0, 0.06, 0.0, 1.0)]
    bodiless = peel(signal, sample_rate, min(glides, key=lambda glide: glide.error_cycles))
    modes, ringing = read_modes(table, bodiless, sample_rate)
    hiss = fit_hiss(modes.residual[: round(_TRANSIENT_S * sample_rate)], sample_rate)
    rest: Reading = {
        **read_noise(table, modes.residual, sample_rate),
        TRANSIENT.level_db: hiss.decay.level_db,
        TRANSIENT.t60_s: min(hiss.decay.t60_s, _TRANSIENT_S),
        TRANSIENT.hz: max(hiss.low_hz, _LEAST_TRANSIENT_HZ),
        BODY.level_db: 0.0,
        OUTPUT.level_db: 0.0,
    }
    gentle: Reading = {OUTPUT.drive_db: -8.0}
    driven: Reading = {OUTPUT.drive_db: 4.0}
    found: list[Reading] = []
    for glide in glides:
        body: Reading = {
            BODY.pitch_hz: glide.pitch_hz,
            BODY.phase_cycles: glide.start_cycles,
            BODY.sweep_st: glide.sweep_st,
            BODY.sweep_s: glide.sweep_s,
            BODY.fast_sweep_st: glide.fast_st,
            BODY.fast_sweep_s: glide.fast_s,
            BODY.attack_s: min(decay.attack_s, 0.01) * 0.5,
            BODY.hold_s: decay.attack_s + decay.hold_s,
            BODY.t60_s: decay.t60_s,
            BODY.gate_s: 0.8 * len(signal) / sample_rate,
        }
        found += [{**body, **rest, **rings, **how} for rings in ringing for how in (gentle, driven)]
    muted = muted_modes(table)
    found += [{**each, **muted} for each in found[:2] if muted]
    return found + _ringing_bodies(table, signal, sample_rate, {**found[0], **gentle})


def _ringing_bodies(table: Layout, signal: Series, sample_rate: int, rest: Reading) -> list[Reading]:
    """A steady mode as the body, and the sound's other modes beside it: the skin of a real drum. The two loudest."""
    name, pitch = table.with_role(MODES.hz), _of_role(table, BODY.pitch_hz)
    if name is None:
        return []
    hz = table[name]
    modes = find_modes(signal, sample_rate, hz.size + 1, lowest_hz=pitch.low, highest_hz=hz.high)
    energy = np.where(modes.frequency_hz < pitch.high, modes.gain**2 * modes.t60_s, 0.0)
    still: Reading = {
        **rest,
        **read_noise(table, modes.residual, sample_rate),
        BODY.sweep_st: 0.0,
        BODY.fast_sweep_st: 0.0,
        BODY.attack_s: 0.0,
        BODY.hold_s: 0.0,
    }
    found: list[Reading] = []
    for first in np.argsort(-energy)[:_BODIES]:
        if energy[first] == 0.0:
            break
        others = np.array([k for k in range(hz.size + 1) if k != first])
        found.append(
            {
                **still,
                BODY.pitch_hz: float(modes.frequency_hz[first]),
                BODY.phase_cycles: float(modes.start_cycles[first]),
                BODY.t60_s: float(modes.t60_s[first]),
                **_bank(modes, others, than_db=float(modes.level_db[first])),
                OUTPUT.level_db: float(modes.level_db[first]),
            }
        )
    return found


def muted_modes(table: Layout) -> Reading:
    """Modes at their least level; nothing, for an instrument that has none."""
    name = table.with_role(MODES.level_db)
    return {MODES.level_db: (table[name].low,) * table[name].size} if name else {}


def read_modes(table: Layout, bodiless: Series, sample_rate: int) -> tuple[Modes, list[Reading]]:
    """Modes of what the body leaves: the loudest, and those that are heard longest and highest.

    What the body leaves at the bottom may be louder than any mode.
    """
    name = table.with_role(MODES.hz)
    if name is None:
        none = np.zeros(0)
        return Modes(none, none, none, none, bodiless), [{}]
    hz = table[name]
    modes = find_modes(bodiless, sample_rate, _SPARE_MODES * hz.size, lowest_hz=hz.low, highest_hz=hz.high)
    loudness = modes.gain**2 * modes.t60_s * modes.frequency_hz
    chosen = (np.arange(hz.size), np.argsort(-loudness)[: hz.size])
    return modes, [_bank(modes, these) for these in chosen]


def _tones(table: Layout, signal: Series, sample_rate: int) -> list[Reading]:
    hz = _of_role(table, MODES.hz)
    lowest_hz, highest_hz, count = hz.low, hz.high, hz.size
    glides: list[Glide | None] = [None]
    for cutoff_hz in (300.0, 1500.0) if table.with_role(BODY.sweep_st) else ():
        fits = fit_glide(signal, sample_rate, cutoff_hz=cutoff_hz, lowest_hz=lowest_hz, highest_hz=2000.0)
        glides += [fit for fit in fits[:1] if fit.error_cycles < 0.2 and 1.0 < fit.sweep_st <= 48.0]
    release = fit_release(signal, sample_rate)
    released: Reading = {}
    if release.t60_s < _SLOWEST_RELEASE_S:  # a slower bend is the tones' own
        released = {OUTPUT.gate_s: release.gate_s, OUTPUT.release_s: release.t60_s}
    rise: Reading = {BODY.attack_s: min(fit_decay(signal, sample_rate).attack_s, 0.01) * 0.5}
    found: list[Reading] = []
    for glide in glides:
        every = find_modes(signal, sample_rate, count, lowest_hz=lowest_hz, highest_hz=highest_hz, glide=glide)
        for used in (count, max(1, count // 3)):
            modes = every if used == count else first_modes(every, used, signal, sample_rate, glide)
            found.append({**_tones_and_noise(table, modes, sample_rate, glide, used), **rise, **released})
        if count <= _FEW_MODES and len(signal) > 3.0 * _STRIKE_S * sample_rate:
            ringing = _ringing_modes(hz, signal, sample_rate, glide)
            rings = {**_tones_and_noise(table, ringing, sample_rate, glide, count), **rise, **released}
            found += [rings, {**rings, NOISE.level_db: _FAINT_DB}]
    return found


def _ringing_modes(hz: Parameter, signal: Series, sample_rate: int, glide: Glide | None) -> Modes:
    """Those that ring when the strike is over, each once: where modes are few, the strike may take them all."""
    late = signal[round(_STRIKE_S * sample_rate) :]
    spare = find_modes(late, sample_rate, _SPARE_MODES * hz.size, lowest_hz=hz.low, highest_hz=hz.high)
    apart: list[int] = []
    for k, frequency_hz in enumerate(spare.frequency_hz):
        if np.all(np.abs(spare.frequency_hz[apart] / frequency_hz - 1.0) > _APART):
            apart.append(k)
    order = np.array([*apart, *(k for k in range(len(spare.gain)) if k not in apart)])
    ordered = replace(spare, frequency_hz=spare.frequency_hz[order], t60_s=spare.t60_s[order])
    return first_modes(ordered, hz.size, signal, sample_rate, glide)


def _tones_and_noise(table: Layout, modes: Modes, sample_rate: int, glide: Glide | None, used: int) -> Reading:
    """Tones from modes, noise from what they left; tones that are not used wait, quiet, at their defaults."""

    def filled(role: Role, found: Series, spare: float | None = None) -> Reading:
        name = table.with_role(role)
        rest = table[name].default[used:] if name else ()
        return {role: (*found.tolist(), *(rest if spare is None else (spare,) * len(rest)))}

    return {
        **filled(MODES.hz, modes.frequency_hz),
        **filled(MODES.t60_s, modes.t60_s),
        **filled(MODES.level_db, modes.level_db, _QUIET_DB),
        **filled(MODES.phase_cycles, modes.start_cycles),
        BODY.sweep_st: glide.sweep_st if glide else 0.0,
        BODY.sweep_s: glide.sweep_s if glide else 0.05,
        **read_noise(table, modes.residual, sample_rate),
        TRANSIENT.level_db: -24.0,
        TRANSIENT.t60_s: 0.01,
        OUTPUT.drive_db: -16.0,
        OUTPUT.level_db: 0.0,
    }


def read_noise(table: Layout, residual: Series, sample_rate: int) -> Reading:
    """A layer of noise from what the rest of an instrument leaves: in bands where it has them, and else as a whole."""
    name = table.with_role(NOISE.band_db)
    if name is None:
        hiss = fit_hiss(residual, sample_rate)
        return {
            NOISE.level_db: hiss.decay.level_db,
            NOISE.t60_s: hiss.decay.t60_s,
            NOISE.low_hz: hiss.low_hz,
            NOISE.high_hz: hiss.high_hz,
        }
    roles = (NOISE.band_db, NOISE.band_ratio, TRANSIENT.band_db)
    centers = [tuple(_centers_hz(table, role)) for role in roles]
    measured = {each: fit_bands(residual, sample_rate, each) for each in dict.fromkeys(centers)}
    bands, ratios, snaps = (measured[each] for each in centers)
    t60_s = float(np.exp(np.mean(np.log(bands.t60_s))))
    return {
        NOISE.level_db: float(np.max(bands.level_db)),
        NOISE.t60_s: t60_s,
        NOISE.low_hz: 10.0,
        NOISE.high_hz: 20000.0,
        NOISE.band_db: tuple((bands.level_db - np.max(bands.level_db)).tolist()),
        NOISE.band_ratio: tuple((ratios.t60_s / t60_s).tolist()),
        TRANSIENT.band_db: tuple(snaps.snap_db.tolist()),
    }


def _bursts(table: Layout, signal: Series, sample_rate: int) -> list[Reading]:
    """When bursts of noise begin, and what goes on from the loudest, in bands; the same with the loudest alone."""
    onset = _of_role(table, TRANSIENT.onset_s)
    found = find_bursts(signal, sample_rate, onset.size, latest_s=onset.high)
    bands = fit_bands(signal[round(found.loudest_s * sample_rate) :], sample_rate, _centers_hz(table, NOISE.band_db))
    t60_s = float(np.exp(np.mean(np.log(bands.t60_s))))
    every: Reading = {
        TRANSIENT.t60_s: found.t60_s,
        TRANSIENT.band_db: tuple(np.maximum(bands.snap_db, bands.level_db - 12.0).tolist()),
        NOISE.onset_s: found.loudest_s,
        NOISE.level_db: float(np.max(bands.level_db)),
        NOISE.t60_s: t60_s,
        NOISE.band_db: tuple((bands.level_db - np.max(bands.level_db)).tolist()),
        NOISE.band_ratio: tuple((bands.t60_s / t60_s).tolist()),
        OUTPUT.drive_db: -16.0,
    }
    release = fit_release(signal, sample_rate)
    if release.t60_s < _SLOWEST_RELEASE_S:
        every |= {OUTPUT.gate_s: release.gate_s, OUTPUT.release_s: release.t60_s}
    readings: list[Reading] = []
    for level_db in (found.level_db, np.where(found.onset_s == found.loudest_s, 0.0, _QUIET_DB)):
        bursts: Reading = {
            TRANSIENT.onset_s: tuple(found.onset_s.tolist()),
            TRANSIENT.level_db: tuple(level_db.tolist()),
        }
        readings.append({**every, **bursts})
    return readings


def _centers_hz(table: Layout, role: Role) -> Sequence[float]:
    """Middles of as many bands as the parameter of a role has entries."""
    name, middles = table.with_role(role), table.with_role(NOISE.band_hz)
    size = table[name].size if name else 1
    return table[middles].default if middles and table[middles].size == size else band_centers_hz(size)


def _noise_alone(table: Layout, signal: Series, sample_rate: int) -> Reading:
    """The decay, the bands and the end of a sound without a pitch; its level is told by rendering it."""
    decay, release = fit_decay(signal, sample_rate), fit_release(signal, sample_rate)
    found: Reading = {
        BODY.attack_s: min(decay.attack_s, 0.01) * 0.5,
        BODY.hold_s: decay.attack_s + decay.hold_s,
        BODY.t60_s: decay.t60_s,
        BODY.open: _open(decay),
        NOISE.t60_s: decay.t60_s,
    }
    if table.with_role(NOISE.band_hz):
        bands = fit_bands(signal, sample_rate, _of_role(table, NOISE.band_hz).default)
        found |= {
            NOISE.band_db: tuple((bands.level_db - np.max(bands.level_db)).tolist()),
            NOISE.band_ratio: tuple((bands.t60_s / decay.t60_s).tolist()),
            TRANSIENT.t60_s: _FIRST_SHARE * decay.t60_s,
            OUTPUT.drive_db: -6.0,
        }
    if release.t60_s < _SLOWEST_FADE_S:
        found |= {OUTPUT.gate_s: release.gate_s, OUTPUT.release_s: release.t60_s}
    return found


def _metals(table: Layout, alone: Reading, signal: Series, sample_rate: int) -> list[Reading]:
    """A reading with the squares that the sound has, at several levels; none where it or the instrument has none."""
    pitch, ratio = table.with_role(METAL.pitch_hz), table.with_role(METAL.ratio)
    if not pitch or not ratio:
        return []
    lowest_hz = table[pitch].low
    squares = find_squares(signal, sample_rate, table[ratio].size, lowest_hz=lowest_hz, highest_hz=_HIGHEST_SQUARE_HZ)
    if not len(squares.score) or squares.score[0] < CLEAR:
        return []
    hz = np.sort(squares.hz)
    metal: Reading = {METAL.pitch_hz: float(hz[0]), METAL.ratio: tuple((hz / hz[0]).tolist())}
    return [{**alone, **metal, METAL.level_db: level_db} for level_db in _METAL_DB]


def _open(decay: Decay) -> float:
    """How far a hat's pedal is up: by how long it rings, or not at all where it swells and is short."""
    if decay.attack_s > _SWELL_S and decay.t60_s < _OPEN_S / 4.0:
        return 0.0
    free = math.log(decay.t60_s / _CLOSED_S) / math.log(_OPEN_S / _CLOSED_S)
    return min(max(_CLOSED + (1.0 - _CLOSED) * free, _CLOSED), 1.0)


def _of_role(table: Layout, role: Role) -> Parameter:
    """The parameter that has a role, in a table that has one."""
    name = table.with_role(role)
    assert name is not None
    return table[name]
