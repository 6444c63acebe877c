"""The detail layer of a match: partials for what has a pitch, bands for noise, nothing for what the voice has."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from backbeat.losses import distances
from backbeat.matching import detailing, match
from backbeat.matching.detailing import add_detail
from backbeat.matching.ending import Ending
from backbeat.matching.kept import Kept
from backbeat.parameters import numbers
from backbeat.patch import Patch, Placement, preset
from backbeat.patch.detail import voice_of
from matching.sounds import RATE, damped, fall, noise, times_s

PLACE = Placement(RATE, RATE // 2)
KICK = replace(preset("kick/classic"), placement=PLACE)


def detailed(beside: np.ndarray, amount: str = "normal", voice: Patch = KICK) -> tuple[Patch, torch.Tensor]:
    """What is found for a voice's own sound and something beside it; and that target."""
    target = voice.render(PLACE) + torch.from_numpy(beside).float()
    return add_detail(
        voice, target, RATE, Ending(target, RATE, PLACE.samples), amount, 30, lambda: False, Kept()
    ), target


def test_partials_are_found_where_they_lie():
    t = times_s(PLACE.samples / RATE)
    partials = {1340.0: 0.3, 3170.0: 0.15}
    found, target = detailed(sum(damped(t, hz, t60_s, 0.1) for hz, t60_s in partials.items()))
    tuned = dict(zip(numbers(found.values["detail_hz"]), numbers(found.values["detail_s"]), strict=True))
    for hz, t60_s in partials.items():
        nearest = min(tuned, key=lambda each: abs(each - hz))
        assert nearest == pytest.approx(hz, rel=0.005)
        assert tuned[nearest] == pytest.approx(t60_s, rel=0.3)
    before, after = (distances(each.render(PLACE), target, RATE).mel_db for each in (KICK, found))
    assert after < 0.5 * before


def test_noise_becomes_bands_and_stays_noise():
    t = times_s(PLACE.samples / RATE)
    hiss = 0.2 * noise(PLACE.samples) * fall(t, 0.15)
    found, target = detailed(hiss)
    assert found.options.get("detail_partials", 0) <= 8  # of 56 that may
    assert max(numbers(found.values["detail_db"]), default=-80.0) < max(numbers(found.values["detail_band_db"])) - 6.0
    assert found.options["detail_bands"] > 0
    near = [distances(replace(found, seed=seed).render(PLACE), target, RATE).mel_db for seed in (found.seed, 77)]
    assert near[1] < 1.1 * near[0]
    assert near[0] < 0.5 * distances(KICK.render(PLACE), target, RATE).mel_db


def test_no_noise_is_added_where_the_voice_has_its_tones():
    t = times_s(PLACE.samples / RATE)
    hiss = 0.3 * noise(PLACE.samples) * fall(t, 0.15)
    found, _ = detailed(hiss)
    levels_db = numbers(found.values["detail_band_db"])
    assert levels_db[0] == -80.0  # around 100 Hz, where a kick is
    assert max(levels_db) > -30.0


def test_where_the_voice_has_all_of_it_there_is_none():
    found, _ = detailed(np.zeros(PLACE.samples))
    assert found == KICK


@pytest.mark.parametrize(("false", "is_taken"), [(0, True), (1, True), (4, False)])
def test_a_knob_that_a_detail_makes_false_has_to_be_paid_for(false, is_taken, monkeypatch):
    """With a third of the loss each: beside an exact voice, a detail brings the loss down by some nine tenths."""
    monkeypatch.setattr(detailing, "false_turns", lambda patch: 0 if patch == KICK else false)
    t = times_s(PLACE.samples / RATE)
    found, _ = detailed(damped(t, 1340.0, 0.3, 0.1))
    assert (found != KICK) == is_taken


def test_a_detail_that_sounds_on_is_not_taken(monkeypatch):
    monkeypatch.setattr(detailing, "is_bounded", lambda patch, target: patch == KICK)
    t = times_s(PLACE.samples / RATE)
    assert detailed(damped(t, 1340.0, 0.3, 0.1))[0] == KICK


def test_partials_that_make_one_hit_the_other_lie_below_noise(monkeypatch):
    monkeypatch.setattr(detailing, "is_hiss", lambda target, sample_rate: True)
    monkeypatch.setattr(detailing, "is_frozen", lambda patch: patch != KICK)
    t = times_s(PLACE.samples / RATE)
    found, _ = detailed(damped(t, 1340.0, 0.3, 0.1) + damped(t, 3170.0, 0.3, 0.1))
    assert 1300.0 < max(numbers(found.values["detail_hz"])) < 2000.0


@pytest.mark.parametrize("is_missed", [False, True])
def test_a_sweep_that_a_detail_hides_rests_where_it_is_hardly_missed(is_missed, monkeypatch):
    def swept(patch):
        return patch != KICK and patch.values["sweep_st"] != 0.0

    monkeypatch.setattr(detailing, "is_sweep_false", swept)
    monkeypatch.setattr(detailing, "FALSE_PRICE", 0.0 if is_missed else 1e9)
    t = times_s(PLACE.samples / RATE)
    slight = replace(KICK, values={**KICK.values, "sweep_st": 0.1, "click_sweep_st": 0.0})
    monkeypatch.setattr(detailing, "false_turns", lambda patch: 4 * (patch != slight and swept(patch)))
    found, _ = detailed(damped(t, 1340.0, 0.3, 0.3), voice=slight)
    if is_missed:
        assert found == slight
    else:
        assert found.values["sweep_st"] == 0.0
        assert "detail_hz" in found.values


def test_off_is_the_voice_alone():
    t = times_s(PLACE.samples / RATE)
    assert detailed(damped(t, 1340.0, 0.3, 0.1), "off")[0] == KICK


def test_a_match_says_how_near_its_voice_comes_alone():
    t = times_s(PLACE.samples / RATE)
    hiss = 0.2 * noise(PLACE.samples) * fall(t, 0.15)  # which no part of a kick makes
    target = KICK.render(PLACE) + torch.from_numpy(hiss).float()
    found, off = (
        match(target, "kick", sample_rate=RATE, steps=10, starts=1, detail=detail) for detail in ("normal", "off")
    )
    assert off.patch == voice_of(off.patch)
    assert off.voice_distances == off.distances
    assert found.distances.mel_db < found.voice_distances.mel_db
    assert found.voice_distances.mel_db == pytest.approx(
        distances(voice_of(found.patch).render(), target, RATE).mel_db, rel=1e-6
    )
    assert found.remarks[0].startswith("kick without its detail (")
    assert found.remarks[0].endswith(f"): mel {found.voice_distances.mel_db:.2f} dB")
    assert off.voice_remark == ""
    assert torch.equal(found.audio, found.patch.render())


def test_a_detail_peaks_about_as_high_as_its_target():
    t = times_s(PLACE.samples / RATE)
    partials = (np.sin(2.0 * np.pi * (90.0 * 1.12**k * t + k * k / 48.0)) for k in range(24))
    together = sum(partials) * np.exp(-10.0 * t)
    quiet = replace(KICK, values={**KICK.values, "gain_db": -30.0})
    found, target = detailed(0.8 * together / np.abs(together).max(), voice=quiet)
    assert found != quiet
    assert found.render(PLACE).abs().max() < 1.15 * target.abs().max()
