"""What is heard of a one-shot, in numbers: pitch and sweep, length, attack, brightness, noise."""

from dataclasses import dataclass

import numpy as np
import torch

from backbeat.losses.envelope import block_power, block_samples
from backbeat.losses.pitch import LOWEST_HZ
from backbeat.matching.analysis import Glide, fit_glide, level_db, measure_noise
from backbeat.matching.analysis.envelope import BLOCK_S
from backbeat.matching.judgement import measures
from backbeat.types import Audio, Series

_LONGEST_S = 4.0
_PITCHED = 0.5
_GLIDES_BELOW_HZ = (1500.0, 300.0)
_LEAST_SWEEP_ST, _DEEPEST_SWEEP_ST, _LEAST_DROP_ST, _SHORTEST_SWEEP_S = 1.0, 60.0, 0.4, 0.015
_WORST_GLIDE_CYCLES, _OTHER_PITCH = 0.04, 0.03
_SLOW_HZ, _HIGHEST_DROP_HZ = 100.0, 200.0
"""Below the first, 30 ms hold too few cycles to tell that a pitch rises."""
_ABOVE_LOWEST = 1.02
_BODY_HZ, _CLICK_S, _NO_BODY_DB = 2000.0, 0.01, 6.0
_BLOCK_S, _AUDIBLE_DB = 0.005, -50.0
_FROM_T20 = 3.0
_RISEN_DB = -3.0
_NOISE, NOISY = 0.12, 0.5
"""Shares of noise from which on it is heard, and is most of the sound."""


@dataclass(frozen=True)
class Description:
    """What is heard of a one-shot, in numbers.

    Attributes:
        pitch_hz: that it settles at; none where no one partial stands out for half of its energy.
        sweep_st: semitones that the pitch begins above that; none where no sweep is heard.
        sweep_s: T60 of the sweep; none where only the pitch of the first 30 ms tells of one.
        t60_s: three times the time from -5 to -25 dB of the energy that is left, from 10 ms after the peak on.
        heard_s: until it stays 50 dB below its loudest 5 ms.
        attack_s: until its level in blocks of 2.5 ms is first within 3 dB of its highest.
        click_db: highest peak above 2 kHz of the first 10 ms, against the peak of the body below 2 kHz; none where
            hardly anything is below, or most of it is noise.
        centroid_hz: mean frequency of its spectrum, amplitudes as weights.
        noise_share: of its energy.
        noise_centroid_hz: mean frequency of the noise's spectrum; none where there is hardly any.
    """

    pitch_hz: float | None
    sweep_st: float | None
    sweep_s: float | None
    t60_s: float
    heard_s: float
    attack_s: float
    click_db: float | None
    centroid_hz: float
    noise_share: float
    noise_centroid_hz: float | None


def describe(audio: Audio, sample_rate: int) -> Description:
    """Measure a one-shot that begins at once, (1, 1, samples); all but its length within the first four seconds."""
    whole = audio[0, 0].detach().cpu().double()
    sound = whole[: round(_LONGEST_S * sample_rate)]
    pitch_hz, drop_st = _pitch(sound, sample_rate)
    glide = None
    if pitch_hz and (drop_st >= _LEAST_DROP_ST or pitch_hz < _SLOW_HZ):
        glide = _glide(sound.numpy(), sample_rate, pitch_hz)
    noise = measure_noise(sound.numpy(), sample_rate)
    return Description(
        pitch_hz=pitch_hz,
        sweep_st=glide.sweep_st if glide else _drop(pitch_hz, drop_st),
        sweep_s=glide.sweep_s if glide else None,
        t60_s=_FROM_T20 * measures.decay_time_s(whole, sample_rate),
        heard_s=_heard_s(whole, sample_rate),
        attack_s=_attack_s(sound, sample_rate),
        click_db=_click_db(sound, sample_rate) if noise.share < NOISY else None,
        centroid_hz=measures.centroid_hz(sound, sample_rate),
        noise_share=noise.share,
        noise_centroid_hz=noise.centroid_hz if noise.share >= _NOISE else None,
    )


def _pitch(sound: measures.Sound, sample_rate: int) -> tuple[float | None, float]:
    """The settled pitch, and how far above it the first 30 ms lie, in semitones; nought where there is no telling."""
    first_hz, settled_hz = measures.pitches_hz(sound, sample_rate)
    if measures.pitched_share(sound, sample_rate) < _PITCHED:
        return None, 0.0
    if settled_hz is None or settled_hz < _ABOVE_LOWEST * LOWEST_HZ:
        return first_hz, 0.0
    return settled_hz, measures.pitch_drop_st(sound, sample_rate) or 0.0


def _drop(pitch_hz: float | None, drop_st: float) -> float | None:
    """The sweep by the first 30 ms alone; higher up, another partial may only be louder at first than later."""
    if pitch_hz is None or pitch_hz > _HIGHEST_DROP_HZ or abs(drop_st) < _LEAST_SWEEP_ST:
        return None
    return None if drop_st < 0.0 and pitch_hz < _SLOW_HZ else drop_st


def _glide(sound: Series, sample_rate: int, pitch_hz: float) -> Glide | None:
    """The sweep, where the crossings of the wave tell one that ends at the pitch."""
    fits: list[Glide] = []
    for cutoff_hz in _GLIDES_BELOW_HZ:
        near = {"lowest_hz": 0.5 * pitch_hz, "highest_hz": 2.0 * pitch_hz}
        fits += fit_glide(sound, sample_rate, cutoff_hz=cutoff_hz, **near)[:1]
    known = (
        each
        for each in fits
        if abs(each.pitch_hz / pitch_hz - 1.0) < _OTHER_PITCH
        and each.error_cycles <= _WORST_GLIDE_CYCLES
        and _LEAST_SWEEP_ST <= each.sweep_st <= _DEEPEST_SWEEP_ST
        and each.sweep_s >= _SHORTEST_SWEEP_S
    )
    return min(known, key=lambda each: each.error_cycles, default=None)


def _heard_s(sound: measures.Sound, sample_rate: int) -> float:
    block = block_samples(_BLOCK_S, sample_rate)
    power = block_power(sound, block)
    loud = torch.nonzero(power > power.max() * 10.0 ** (_AUDIBLE_DB / 10.0)).flatten()
    return min((int(loud[-1]) + 1 if len(loud) else 0) * block, len(sound)) / sample_rate


def _attack_s(sound: measures.Sound, sample_rate: int) -> float:
    levels_db = level_db(sound.numpy(), sample_rate)
    return int(np.argmax(levels_db >= levels_db.max() + _RISEN_DB)) * max(1, round(BLOCK_S * sample_rate)) / sample_rate


def _click_db(sound: measures.Sound, sample_rate: int) -> float | None:
    above = measures.high_passed(sound, sample_rate, _BODY_HZ)
    click_db = measures.peak_db(above[: round(_CLICK_S * sample_rate)]) - measures.peak_db(sound - above)
    return click_db if click_db <= _NO_BODY_DB else None
