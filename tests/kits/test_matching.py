"""Kits of recordings, matched: what becomes of their pads once each has a patch."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from backbeat.audio import write
from backbeat.errors import KitError
from backbeat.executors import Failure
from backbeat.kits.document import free_note
from backbeat.kits.fitting import Response
from backbeat.kits.hits import strength_of
from backbeat.kits.matching import PadMatch, TakeMatch, match_kit
from backbeat.kits.mixing import channel_gains
from backbeat.kits.playing import strikes_of
from backbeat.patch import preset
from backbeat.samplers import Layer, SampledKit, SampledPad, Take
from backbeat.songs import Note, Song

FILE = Path("take.wav")


class Matched:
    """An executor that has each pad matched by the same patch, or fail by its name."""

    def run(self, work, tasks):
        match = PadMatch(preset("kick/808-long"), (TakeMatch(FILE, 127, 1.0),), ())
        for task in tasks:
            yield task, Failure("no sound") if task.name.startswith("fails") else match


def sampled(name="drum", low=36, high=None, takes=1, **changes):
    layer = Layer(1, 127, (Take(FILE),) * takes)
    return SampledPad(name, low, low if high is None else high, (layer,), **changes)


def pads_of(*pads):
    return match_kit(SampledKit("kit", pads), executor=Matched()).kit.pads


def test_pads_stay_where_they_are():
    pads = pads_of(
        sampled("a", 40, level_db=-3.0, choke_group=7, output=2),
        sampled("b", 40),
        sampled("c", 50, 60, root_note=55),
        sampled("d", 70, 72),
    )
    assert [(pad.name, pad.note, pad.notes) for pad in pads] == [
        ("a", 40, None),
        ("b", 41, None),
        ("c", 55, (50, 60)),
        ("d", 70, None),
    ]
    assert (pads[0].level_db, pads[0].pan, pads[0].choke_group, pads[0].output) == (-3.0, 0.0, 7, 2)


@pytest.mark.parametrize("pan", [-1.0, -0.25, 0.0, 0.5, 1.0])
def test_left_and_right_are_as_loud_as_the_samples(pan):
    (pad,) = pads_of(sampled(level_db=-3.0, pan=pan))
    heard = channel_gains(10.0 ** (pad.level_db / 20.0), pad.pan)
    gain = 10.0 ** (-3.0 / 20.0)
    assert heard == pytest.approx((gain * min(1.0, 1.0 - pan), gain * min(1.0, 1.0 + pan)), abs=2e-3)


def test_what_no_pad_of_patches_can_have_is_moved_within_its_range():
    found = match_kit(SampledKit("kit", (sampled(takes=100),)), executor=Matched())
    assert found.kit.round_robins == 64
    assert [pad.level_db for pad in pads_of(sampled(low=36, level_db=-100.0), sampled(low=37, level_db=40.0))] == [
        -60,
        24,
    ]
    assert [pad.output for pad in pads_of(sampled(low=36, output=65), sampled(low=37, output=64))] == [0, 64]
    groups = (200, 9999, 0, 200)
    pads = pads_of(*(sampled(low=36 + at, choke_group=group) for at, group in enumerate(groups)))
    assert [pad.choke_group for pad in pads] == [1, 2, 0, 1]


def test_names_of_pads_are_one_line_each_and_none_is_there_twice():
    names = ("kick", "Kick", "", " \n", "kick\x07", "a\nb")
    pads = pads_of(*(sampled(name, 36 + at) for at, name in enumerate(names)))
    assert [pad.name for pad in pads] == ["kick", "Kick 2", "pad", "pad 2", "kick 3", "a b"]


def test_too_many_pads_are_refused_before_any_is_matched():
    with pytest.raises(KitError, match="kit: found 129 pads; must be at most 128"):
        pads_of(*(sampled("fails", min(at, 127)) for at in range(129)))


def test_what_fails_is_told():
    found = match_kit(SampledKit("kit", (sampled("fails"), sampled("works", 37))), executor=Matched())
    assert found.failures == (("fails", "no sound"),)
    assert [pad.name for pad in found.kit.pads] == ["works"]
    with pytest.raises(KitError, match=r"no pad could be matched \(fails: no sound\)"):
        pads_of(sampled("fails"))


def test_takes_are_fitted_as_hard_as_the_kit_plays_them(monkeypatch, tmp_path):
    patch, fitted = preset("clap/tight"), []
    write(tmp_path / "clap.wav", patch.sound()[None, None], 44100)
    layers = [Layer(low, high, (Take(tmp_path / "clap.wav"),)) for low, high in ((1, 42), (43, 84), (85, 127))]

    def fit(_, strikes):
        fitted.extend(each.velocity for each in strikes)
        return Response({}, -30.0, "linear")

    monkeypatch.setattr("backbeat.kits.matching.nearest_of", lambda *_: SimpleNamespace(patch=patch, remarks=()))
    monkeypatch.setattr("backbeat.kits.matching.fit_response", fit)
    found = match_kit(SampledKit("kit", (SampledPad("clap", 39, 39, tuple(layers)),)))
    assert fitted == [6 / 16, 11 / 16]
    song = Song((Note(0.0, 39, 42), Note(0.1, 39, 84)), 1.0)
    strikes, _ = strikes_of(found.kit, song, 44100)
    assert [strength_of(each.hit.layer, found.kit.layers) for each in strikes] == fitted


def test_notes_that_are_free():
    assert free_note(60, set()) == 60
    assert free_note(60, set(range(60, 128))) == 0
    with pytest.raises(KitError, match="found 128 notes taken"):
        free_note(60, range(128))
