"""A sound as a musician would say it, and how a match differs from its target."""

import math
from collections.abc import Sequence
from typing import TypeAlias

from backbeat.matching.description import NOISY, Description
from backbeat.parameters.quantities import digits, hertz_text, note_text, seconds_text

_AT_ONCE_S, _PURE = 0.008, 0.85
_LENGTHS = ((0.08, "very short"), (0.25, "short"), (0.6, "medium"), (1.5, "long"), (math.inf, "very long"))
_CLICKS = ((-12.0, "a soft click"), (0.0, "a clear click"), (math.inf, "a hard click"))
_SILENT_CLICK_DB = -24.0
_BRIGHT = ((1500.0, "dark"), (4000.0, "warm"), (7000.0, "medium"), (10000.0, "bright"), (math.inf, "very bright"))
_CENTS, _SWEEP, _SWEEP_ST, _T60, _HEARD, _ATTACK_S, _CLICK_DB, _BRIGHTER, _NOISIER = (
    20.0, 0.2, 0.5, 0.15, 0.25, 0.008, 3.0, 0.12, 0.1
)  # fmt: skip
"""Steps that are told."""

Words: TypeAlias = dict[str, str]
"""By aspect: pitch, length, attack, brightness, noise."""


def in_words(found: Description) -> Words:
    """A description, aspect by aspect."""
    heard, t60 = seconds_text(found.heard_s, 2), seconds_text(found.t60_s, 2)
    return {
        "pitch": _pitch(found),
        "length": f"{_word(_LENGTHS, found.heard_s)}, heard for {heard}, T60 {t60}",
        "attack": _attack(found),
        "brightness": _bright(found.centroid_hz),
        "noise": _noise(found),
    }


def in_a_line(words: Words) -> str:
    """Aspects one after the other; nothing of none."""
    return "; ".join(f"{aspect} {said}" for aspect, said in words.items())


def differences(target: Description, match: Description) -> Words:
    """How a match differs from its target, where by a step that one hears; aspects that do not are left out.

    Steps are 20 cents; a fifth of a sweep, and half a semitone; 15 % of T60, or 25 % of the time heard; 8 ms of attack,
    or 3 dB of click; 12 % of the centroid; a tenth of the energy for noise.
    """
    found = {
        "pitch": [*_other_pitch(target, match), *_other_sweep(target.sweep_st or 0.0, match.sweep_st or 0.0)],
        "length": [
            *_changed("T60", match.t60_s / target.t60_s, _T60, "longer", "shorter"),
            *_changed("heard", match.heard_s / max(target.heard_s, 1e-3), _HEARD, "longer", "shorter"),
        ],
        "attack": _other_attack(target, match),
        "brightness": _changed("", match.centroid_hz / max(target.centroid_hz, 1.0), _BRIGHTER, "brighter", "darker"),
        "noise": _other_noise(target.noise_share, match.noise_share),
    }
    return {aspect: ", ".join(each) for aspect, each in found.items() if each}


def _other_pitch(target: Description, match: Description) -> list[str]:
    if target.pitch_hz is None or match.pitch_hz is None:
        same = target.pitch_hz is match.pitch_hz
        return [] if same else ["no clear pitch" if match.pitch_hz is None else "a clear pitch"]
    cents = 1200.0 * math.log2(match.pitch_hz / target.pitch_hz)
    if abs(cents) < _CENTS:
        return []
    far = f"{abs(cents):.0f} cents" if abs(cents) < 150.0 else f"{digits(abs(cents) / 100.0, 2)} semitones"
    return [f"{far} {'higher' if cents > 0.0 else 'lower'}"]


def _other_sweep(target_st: float, match_st: float) -> list[str]:
    if abs(match_st - target_st) <= max(_SWEEP_ST, _SWEEP * abs(target_st)):
        return []
    return [f"{_sweep(match_st)} (the target {_sweep(target_st)})"]


def _other_attack(target: Description, match: Description) -> list[str]:
    said = []
    if abs(later_s := match.attack_s - target.attack_s) >= _ATTACK_S:
        said.append(f"loud {seconds_text(abs(later_s), 2)} {'later' if later_s > 0.0 else 'sooner'}")
    if target.click_db is not None and match.click_db is not None:
        louder_db = max(match.click_db, _SILENT_CLICK_DB) - max(target.click_db, _SILENT_CLICK_DB)
        if abs(louder_db) >= _CLICK_DB:
            said.append(f"{abs(louder_db):.0f} dB {'more' if louder_db > 0.0 else 'less'} click")
    return said


def _other_noise(target: float, match: float) -> list[str]:
    if abs(match - target) < _NOISIER:
        return []
    return [f"{'more' if match > target else 'less'} noise: {100.0 * match:.0f} % instead of {100.0 * target:.0f} %"]


def _changed(what: str, ratio: float, step: float, more: str, less: str) -> list[str]:
    if abs(ratio - 1.0) < step:
        return []
    return [f"{what} {100.0 * abs(ratio - 1.0):.0f} % {more if ratio > 1.0 else less}".strip()]


def _pitch(found: Description) -> str:
    if found.pitch_hz is None:
        return "none" if found.noise_share >= NOISY else "none alone: several partials"
    said = f"{note_text(found.pitch_hz)} ({hertz_text(found.pitch_hz)})"
    if found.sweep_st is None:
        return said
    lasts = f" in {seconds_text(found.sweep_s, 2)}" if found.sweep_s else ""
    return f"{said}, {_sweep(found.sweep_st)}{lasts}"


def _sweep(sweep_st: float) -> str:
    if not sweep_st:
        return "does not sweep"
    far = digits(abs(sweep_st), 2)
    return f"{'falls' if sweep_st > 0.0 else 'rises'} {far} semitone{'' if far == '1' else 's'}"


def _attack(found: Description) -> str:
    rise = "at once" if found.attack_s < _AT_ONCE_S else f"loud after {seconds_text(found.attack_s, 2)}"
    if found.click_db is None:
        return rise
    if found.click_db < _SILENT_CLICK_DB:
        return f"{rise}, without a click"
    near = round(found.click_db)
    beside = f"{abs(near)} dB {'below' if near < 0 else 'above'}" if near else "as loud as"
    return f"{rise}, {_word(_CLICKS, found.click_db)}, {beside} the body"


def _noise(found: Description) -> str:
    if found.noise_centroid_hz is None:
        return "hardly any"
    share = "nearly all" if found.noise_share >= _PURE else f"{100.0 * found.noise_share:.0f} %"
    return f"{_bright(found.noise_centroid_hz)}, {share} of the energy"


def _bright(centroid_hz: float) -> str:
    return f"{_word(_BRIGHT, centroid_hz)}, centroid {hertz_text(centroid_hz)}"


def _word(scale: Sequence[tuple[float, str]], value: float) -> str:
    return next(word for limit, word in scale if value < limit)
