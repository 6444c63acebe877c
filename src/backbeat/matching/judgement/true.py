"""Whether each turn of a knob is heard as what the knob's name says."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from backbeat.matching.judgement import measures
from backbeat.matching.judgement.heard import Heard
from backbeat.parameters import BODY, numbers
from backbeat.patch import Patch, Placement, turn

_NOTHING_DB = -60.0
"""A difference below this, beside the sound, is none; and so is a noise layer."""
_SHIFT_OFF_ST, _LENGTH_OFF = 0.5, 0.12
_CENTROID, _LEVEL_OFF_DB = 1.05, 3.0
_SETTLED_ST = 1.0
_NOISE_GAIN_DB = 3.0
_PEAK_OFF_DB = 3.0
_SWEEPS = (BODY.sweep_st, BODY.fast_sweep_st)
_RISE_DB = 0.01
"""Less than this is rounding, and no rise."""


@dataclass(frozen=True)
class Turn:
    """One turn of a knob.

    Attributes:
        macro: the knob.
        amount: how far it was turned.
        unit: of the amount.
        found: what was measured: the shift in semitones, the factor of the decay time or of the centroid, the pitch's
            drop in semitones, or a gain in dB; none where it could not be.
        holds: whether that is what the knob says; none where the voice has nothing that it could turn.
    """

    macro: str
    amount: float
    unit: str
    found: float | None
    holds: bool | None


Verdict: TypeAlias = tuple[float | None, bool | None]
"""`found` and `holds` of a turn."""
Rule: TypeAlias = Callable[[Heard, Heard, float], Verdict]
"""Of a patch before and after a turn, and its amount."""


def judge_true(patch: Patch, where: Placement, knobs: Container[str] | None = None) -> tuple[Turn, ...]:
    """Turn the macros of a patch.

    A knob is judged by its name. One that changes nothing, but for a difference below -60 dB, is false; `sweep` and
    `noise` are left out where the voice has none.

    - `tune` ±3 st: the long-term spectrum, the mean over seeds, moves by that within 0.5 st (`spectrum_shift_st`).
    - `length` +50 % and -33 %: the decay time changes by that factor within 12 % (`decay_time_s`).
    - `brightness` ±3 dB/oct, ±6 dB or ±6 st, by its unit: the centroid moves that way by 5 % at least, the energy by
      3 dB at most.
    - `sweep` to 0: the tones' pitch in the first 30 ms, or two cycles, is within 1 st of the settled one
      (`pitch_drop_st`).
    - `snap` +6 dB: the first 10 ms gain against the rest, however little (`first_share_db`).
    - `noise` +6 dB: the noise gains 3 dB or more against the tones (`noise_gain_db`).
    - `drive` +6 dB: the peak stays within 3 dB, and the harmonics or the density rise, however little.
    - any other: it changes the sound.

    Args:
        patch: the voice.
        where: the rate, length and onset of its sample; it is rendered to three times that length.
        knobs: names of those to turn; none turns every one.
    """
    before = Heard(patch, where)
    turns = []
    for name, macro in patch.instrument.macros.items():
        if knobs is not None and name not in knobs:
            continue
        rule, amounts = _KNOBS.get(name, (_other, {}))
        if macro.unit not in amounts:
            rule, amounts = _other, _OTHERS
        for amount in amounts[macro.unit]:
            after = Heard(turn(patch, name, amount), where)
            found, holds = rule(before, after, amount)
            turns.append(Turn(name, amount, macro.unit, found, holds and not _changes_nothing(before, after)))
    return tuple(turns)


def share_true(turns: tuple[Turn, ...]) -> float | None:
    """The share of turns that hold, of those that were judged; none where none was."""
    judged = [each.holds for each in turns if each.holds is not None]
    return sum(judged) / len(judged) if judged else None


def _tune(before: Heard, after: Heard, amount: float) -> Verdict:
    # Of other seeds: the fine structure of one noise stays where it is when its colour moves.
    shift_st = measures.spectrum_shift_st(before.by_seed[0::2], after.by_seed[1::2], before.sample_rate)
    return shift_st, abs(shift_st - amount) <= _SHIFT_OFF_ST


def _length(before: Heard, after: Heard, amount: float) -> Verdict:
    long_s, long_after_s = (measures.decay_time_s(each.sound, each.sample_rate) for each in (before, after))
    factor = long_after_s / long_s
    return factor, abs(factor / (1.0 + amount / 100.0) - 1.0) <= _LENGTH_OFF


def _brightness(before: Heard, after: Heard, amount: float) -> Verdict:
    hz, after_hz = (measures.centroid_hz(each.sound, each.sample_rate) for each in (before, after))
    louder_db = measures.level_db(after.sound) - measures.level_db(before.sound)
    moved = after_hz >= _CENTROID * hz if amount > 0.0 else hz >= _CENTROID * after_hz
    return after_hz / max(hz, 1e-9), moved and abs(louder_db) <= _LEVEL_OFF_DB


def _sweep(before: Heard, after: Heard, amount: float) -> Verdict:
    if not _sweeps(before.patch):
        return None, None
    drop_st = measures.pitch_drop_st(after.tones, after.sample_rate)
    settled = drop_st is not None and abs(drop_st) <= _SETTLED_ST
    if _changes_nothing(before, after) and (settled or drop_st is None):
        return drop_st, None
    return drop_st, settled


def _sweeps(patch: Patch) -> bool:
    """Whether a voice has a sweep that goes anywhere."""
    names = [name for name, each in patch.instrument.table.items() if each.role in _SWEEPS]
    return not names or any(any(numbers(patch.values[name])) for name in names)


def _snap(before: Heard, after: Heard, amount: float) -> Verdict:
    share_db, share_after_db = (measures.first_share_db(each.sound, each.sample_rate) for each in (before, after))
    gain_db = share_after_db - share_db
    return gain_db, gain_db >= _RISE_DB


def _noise(before: Heard, after: Heard, amount: float) -> Verdict:
    noise, tones = measures.noise_and_tones(before.by_seed)
    if noise <= 10.0 ** (_NOTHING_DB / 10.0) * (noise + tones):
        return None, None
    gain_db = measures.noise_gain_db(before.by_seed, after.by_seed)
    return gain_db, gain_db >= _NOISE_GAIN_DB


def _drive(before: Heard, after: Heard, amount: float) -> Verdict:
    higher_db = measures.peak_db(after.sound) - measures.peak_db(before.sound)
    denser_db = measures.density_db(after.sound) - measures.density_db(before.sound)
    harmonics_db, harmonics_after_db = (measures.harmonics_db(each.sound, each.sample_rate) for each in (before, after))
    rise_db = max(denser_db, harmonics_after_db - harmonics_db)
    return rise_db, abs(higher_db) <= _PEAK_OFF_DB and rise_db >= _RISE_DB


def _other(before: Heard, after: Heard, amount: float) -> Verdict:
    return measures.difference_db(before.sound, after.sound), not _changes_nothing(before, after)


def _changes_nothing(before: Heard, after: Heard) -> bool:
    return measures.difference_db(before.sound, after.sound) <= _NOTHING_DB


_KNOBS: Mapping[str, tuple[Rule, Mapping[str, tuple[float, ...]]]] = {
    "tune": (_tune, {"st": (3.0, -3.0)}),
    "length": (_length, {"%": (50.0, -100.0 / 3.0)}),
    "brightness": (_brightness, {"dB/oct": (3.0, -3.0), "dB": (6.0, -6.0), "st": (6.0, -6.0)}),
    "sweep": (_sweep, {"%": (-100.0,)}),
    "snap": (_snap, {"dB": (6.0,)}),
    "noise": (_noise, {"dB": (6.0,)}),
    "drive": (_drive, {"dB": (6.0,)}),
}
"""By a knob's name: its rule, and by its unit how far it is turned."""
_OTHERS: Mapping[str, tuple[float, ...]] = {"st": (3.0,), "%": (50.0,), "dB": (6.0,), "dB/oct": (3.0,), "": (0.25,)}
