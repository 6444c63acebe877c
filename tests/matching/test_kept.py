"""Values that a match holds: what has to be so before, while and after it searches."""

import pytest
import torch

from backbeat import plugins
from backbeat.errors import MatchError, PluginError
from backbeat.matching import kept_by, match
from backbeat.matching.candidate import Candidate
from backbeat.matching.kept import Kept
from backbeat.patch import from_json
from backbeat.patch.detail import voice_of
from matching.sounds import RATE, thump

KICK = plugins.get("kick")
KEEP = {"pitch_hz": 61.7, "mode_hz[1]": 333.3, "click_s": 0.03}


def find(keep, plugin="kick", **options):
    return match(thump(), plugin, sample_rate=RATE, keep=keep, **{"steps": 30, "starts": 2, "detail": "off"} | options)


def held_in(patch):
    return {
        "pitch_hz": patch.values["pitch_hz"],
        "mode_hz[1]": patch.values["mode_hz"][1],
        "click_s": patch.values["click_s"],
    }


def test_a_match_with_polish_has_exactly_what_was_kept_and_moves_the_rest():
    found = find(KEEP).patch
    assert held_in(found) == KEEP
    assert from_json(found.to_json()) == found
    defaults = KICK.table.defaults()
    assert found.values["mode_hz"][0] != defaults["mode_hz"][0]
    assert found.values["drive_db"] != defaults["drive_db"]


def test_a_match_with_detail_has_exactly_what_was_kept():
    t = torch.arange(thump().shape[-1]) / RATE
    partials = sum(torch.sin(2.0 * torch.pi * hz * t) for hz in range(700, 6000, 600))  # more than it has modes
    found = match(
        thump() + 0.05 * partials * torch.exp(-20.0 * t),
        "kick",
        sample_rate=RATE,
        keep=KEEP,
        steps=40,
        starts=1,
        detail="normal",
    ).patch
    assert found.instrument.voice is not None
    assert held_in(found) == KEEP
    assert held_in(voice_of(found)) == KEEP


def test_no_start_and_no_variation_has_another_value():
    kept = Kept({**KEEP, "gain_db": -9.0})
    starts = Candidate(KICK, thump(), RATE, seed=0, kept=kept).starts(40)
    assert len(starts) == 40
    torch.testing.assert_close(starts, kept.put(KICK.table, starts), rtol=0.0, atol=0.0)
    assert {round(KICK.table.denormalise(row)["gain_db"], 4) for row in starts} == {-9.0}


def test_a_suggested_patch_is_begun_with_what_is_kept():
    suggested = [find({}, steps=3).patch]
    candidate = Candidate(KICK, thump(), RATE, seed=0, suggested=suggested, kept=Kept(KEEP))
    values = KICK.table.denormalise(candidate.suggested_params[0])
    assert values["pitch_hz"] == pytest.approx(61.7)
    assert values["click_s"] == pytest.approx(0.03)
    assert values["drive_db"] == pytest.approx(suggested[0].values["drive_db"], rel=1e-5)


def test_keeping_nothing_is_no_change():
    assert find({}, steps=5).patch == find(None, steps=5).patch


def test_what_is_kept_is_part_of_the_request(tmp_path):
    checkpoint = tmp_path / "kick.search.npz"
    bank = {"mode_hz": (100.0, 200.0, 300.0, 400.0)}
    find(bank, checkpoint=checkpoint)
    assert find(bank, checkpoint=checkpoint, resume=True).patch.values["mode_hz"] == bank["mode_hz"]
    for other in ({"pitch_hz": 50.0}, {}):
        with pytest.raises(MatchError, match=r"made with keep=.*must be the same"):
            find(other, checkpoint=checkpoint, resume=True)


class TestAuto:
    def test_tries_only_instruments_that_have_all_of_it(self):
        _, able = kept_by("auto", {"click_sweep_st": 3.0})
        assert [each.name for each in able] == ["kick"]
        _, every = kept_by("auto", {})
        assert {each.name for each in every} == set(plugins.names())

    def test_and_only_those_in_whose_range_it_lies(self):
        _, able = kept_by("auto", {"pitch_hz": 50.0})
        assert "kick" in [each.name for each in able]
        assert "cowbell" not in [each.name for each in able]

    def test_result_has_it(self):
        found = find({"click_sweep_st": 5.0}, "auto", quality="draft", steps=10, starts=1)
        assert (found.patch.plugin, found.patch.values["click_sweep_st"]) == ("kick", 5.0)


@pytest.mark.parametrize(
    ("plugin", "keep", "words"),
    [
        ("kick", {"pich_hz": 50.0}, "'pich_hz'; kick has no parameter of that name; the nearest are pitch_hz"),
        ("auto", {"pich_hz": 50.0}, "no instrument has a parameter of that name; the nearest are pitch_hz"),
        ("auto", {"click_sweep_st": 3.0, "wash_s": 0.2}, "found click_sweep_st, wash_s; no instrument has all"),
        ("kick", {"macro.length": 20.0}, "'macro.length'; a macro cannot be kept, what it turns can: of kick "),
        ("auto", {"length": 20.0}, "'length'; a macro cannot be kept"),
        ("kick", {"pitch_hz": 3.0}, "keep: pitch_hz: found 3.0; must be a number from 20 to 240 Hz"),
        ("kick", {"pitch_hz[0]": 50.0}, "pitch_hz is a single value, without an index"),
        ("kick", {"mode_hz[4]": 50.0}, r"must be from mode_hz\[0\] to mode_hz\[3\]"),
        ("kick", {"mode_hz[0": 50.0}, "must be the name of a parameter"),
        ("kick", {"click_s": "short"}, "click_s: found 'short'; must be a number"),
        ("kick", {"detail": 0.5}, "kick has no parameter of that name"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept(plugin, keep, words):
    with pytest.raises(MatchError, match=words) as caught:
        find(keep, plugin)
    assert "\n" not in str(caught.value)


def test_a_plugin_that_is_not_there_is_told_first():
    with pytest.raises(PluginError, match="wobble"):
        kept_by("wobble", {"pitch_hz": 50.0})
