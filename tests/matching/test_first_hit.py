"""A match of a sample with noise before its hit, and of a loop: what is listened to, compared and written down."""

import pytest
import torch
from torch import Tensor

from backbeat.audio import write
from backbeat.library import Library, Settings, match_folder
from backbeat.matching import MatchResult, match
from backbeat.patch import load
from matching.lead_ins import lead_in
from matching.sounds import RATE, thump

EFFORT = {"steps": 40, "starts": 3, "detail": "off"}
BEFORE = round(0.3 * RATE)


def find(sample: Tensor, **options) -> MatchResult:
    return match(sample, "kick", sample_rate=RATE, **EFFORT | options)


def after_hiss(sound: Tensor) -> Tensor:
    hiss = torch.from_numpy(lead_in("hiss", 0.3, -45.0)).float()
    return torch.cat([hiss[None, None], sound], dim=-1)


def two_bars() -> Tensor:
    """Eight kicks, half a second apart, each as loud as the first or somewhat softer."""
    bars = torch.zeros(1, 1, 4 * RATE)
    for k, gain in enumerate((1.0, 0.8, 0.9, 0.7, 1.0, 0.8, 0.9, 0.7)):
        start = k * RATE // 2
        bars[..., start : start + thump().shape[-1]] += gain * thump()
    return bars


@pytest.fixture(scope="module")
def clean() -> MatchResult:
    return find(thump())


def test_noise_before_the_hit_is_not_matched(clean):
    found = find(after_hiss(thump()))
    assert found.lead_in == pytest.approx(BEFORE, abs=0.005 * RATE)
    assert found.audio.shape == found.target.shape == (1, 1, BEFORE + thump().shape[-1])
    assert not found.audio[..., : BEFORE - round(0.005 * RATE)].any()
    assert found.distances.mel_db == pytest.approx(clean.distances.mel_db, abs=0.5)
    assert "lead-in noise" in found.notes[0]


def test_of_a_loop_the_first_hit_is_matched(clean):
    found = find(two_bars())
    assert found.hits == 8
    assert 0.45 * RATE < found.target.shape[-1] <= 0.5 * RATE
    assert found.patch.placement.samples == found.target.shape[-1]
    assert found.distances.mel_db < clean.distances.mel_db + 1.0
    assert found.notes[0].startswith("this looks like a loop of 8 hits: the first, ")


def test_all_of_a_loop_is_matched_where_that_is_asked_for():
    bars = two_bars()
    found = find(bars, whole=True, steps=1)
    assert found.hits == 8
    assert torch.equal(found.target, bars)
    assert found.notes[0] == "this looks like a loop of 8 hits, and all of it is matched"


def test_a_library_matches_first_hits_and_keeps_what_is_said(tmp_path):
    (tmp_path / "samples").mkdir()
    for name, sound in (("late", after_hiss(thump())), ("loop", two_bars())):
        write(tmp_path / "samples" / f"{name}.wav", sound, RATE)
    match_folder(tmp_path / "samples", tmp_path / "out", Settings("kick", steps=3, starts=3, detail="off"))
    remarks = {str(each.stem): each.remarks for each in Library(tmp_path / "out").entries()}
    assert any("lead-in noise" in each for each in remarks["late"])
    assert any(each.startswith("this looks like a loop of 8 hits") for each in remarks["loop"])
    patches = {name: load(tmp_path / "out" / "matches" / f"{name}.patch.json") for name in remarks}
    assert patches["late"].placement.onset_samples == pytest.approx(BEFORE, abs=0.005 * RATE)
    assert patches["loop"].placement.samples <= 0.5 * RATE
