"""A kit's hits: steps of velocity, turns, lengths; and the same as sound files."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from backbeat.kits import Kit, Pad
from backbeat.kits.checking import check_pads
from backbeat.kits.hits import Hit, Hits, layer_of, pad_hits, strength_of, velocities_of
from backbeat.kits.sampled import with_size, write_hits
from backbeat.patch import Placement, preset
from backbeat.patch.hits import velocity_towards

RATE = 22050


def small_kit(**of_pads):
    pads = (
        Pad("kick", 36, preset("kick/click"), **of_pads),
        Pad("closed", 42, preset("hat/909-closed"), choke_group=1, **of_pads),
    )
    return Kit("small", pads, author="me", licence="CC0-1.0", layers=3, round_robins=2)


@given(st.integers(1, 127))
def test_steps_meet_and_hold_every_velocity(layers):
    ranges = [velocities_of(layer, layers) for layer in range(layers)]
    assert ranges[0][0] == 1
    assert ranges[-1][1] == 127
    assert all(low <= high for low, high in ranges)
    assert all(upper[0] == lower[1] + 1 for lower, upper in pairwise(ranges))
    for velocity in range(1, 128):
        low, high = ranges[layer_of(velocity, layers)]
        assert low <= velocity <= high
    strengths = [strength_of(layer, layers) for layer in range(layers)]
    assert strengths == sorted(set(strengths))
    assert strengths[-1] == 1.0


def test_a_hit_is_the_patch_s_as_far_as_it_is_heard():
    kit = small_kit()
    hits = Hits(kit, RATE)
    sound = hits[Hit("kick", 36, 2, 0)]
    whole = preset("kick/click").sound(Placement(RATE, 10 * RATE))
    heard = sound.shape[1] - round(0.002 * RATE)
    np.testing.assert_array_equal(sound[0, :heard], whole[:heard])
    assert np.abs(whole[heard:]).max() <= 1e-4 * np.abs(whole).max()
    soft = preset("kick/click").hit(1 / 3, 1).sound(Placement(RATE, 500))
    np.testing.assert_array_equal(hits[Hit("kick", 36, 0, 1)][0, :500], soft)


def test_softer_hits_may_last_longer():
    patch = preset("kick/click")
    longer = replace(patch, velocity=velocity_towards(patch, {"length": 100.0}, -6.0))
    hits = Hits(Kit("k", (Pad("kick", 36, longer, layers=4),)), RATE)
    soft, hard = (hits[Hit("kick", 36, layer, 0)] for layer in (0, 3))
    assert soft.shape[1] > 1.3 * hard.shape[1]
    end = soft[0, -round(0.01 * RATE) :]
    assert np.abs(end).max() < 2e-4 * np.abs(hard).max()


def test_on_any_number_of_threads_they_are_the_same():
    kit = small_kit(width=0.5)
    every = [hit for pad in kit.pads for hit in pad_hits(kit, pad)]
    assert len(every) == 12
    one, more = Hits(kit, RATE), Hits(kit, RATE)
    more.prepare(every, 4)
    for hit in every:
        np.testing.assert_array_equal(one[hit], more[hit])
    assert one[every[0]].shape[0] == 2
    assert len({one[hit].tobytes() for hit in every}) == len(every)


def test_turns_are_heard():
    lower = replace(small_kit().pads[0], turns={"tune": -12.0, "length": 50.0})
    low, high = (Hits(Kit("k", (pad,)), RATE)[Hit("kick", 36, 15, 0)] for pad in (lower, small_kit().pads[0]))
    assert low.shape[1] > 1.3 * high.shape[1]


def test_as_files_they_have_level_and_pan(tmp_path):
    kit = small_kit(level_db=-6.0, pan=0.5)
    sampled = write_hits(kit, tmp_path, sample_rate=RATE)
    assert (sampled.name, sampled.author, sampled.licence, sampled.notes) == ("small", "me", "CC0-1.0", ())
    kick = sampled.pads[0]
    assert (kick.low_note, kick.high_note, kick.root_note, kick.level_db, kick.pan) == (36, 36, None, 0.0, 0.0)
    assert [(layer.low, layer.high, len(layer.takes)) for layer in kick.layers] == [
        (1, 42, 2),
        (43, 84, 2),
        (85, 127, 2),
    ]
    assert sampled.pads[1].choke_group == 1
    written, rate = soundfile.read(kick.layers[2].takes[0].file, dtype="float32")
    hit = Hits(kit, RATE)[Hit("kick", 36, 2, 0)][0]
    assert rate == RATE
    gain = 10.0 ** (-6.0 / 20.0) * np.sqrt(2.0)
    np.testing.assert_allclose(written[:, 0], hit * gain * np.cos(0.375 * np.pi), atol=2e-7)
    np.testing.assert_allclose(written[:, 1], hit * gain * np.sin(0.375 * np.pi), atol=2e-7)


def test_a_kit_that_would_clip_is_turned_down_as_a_whole(tmp_path):
    loud, quiet = (
        write_hits(small_kit(level_db=db), tmp_path / str(db)) for db in (12.0, 0.0) if not (tmp_path / str(db)).mkdir()
    )
    assert "dB down" in loud.notes[0]
    peaks = []
    for kit in (loud, quiet):
        sounds = [soundfile.read(pad.layers[-1].takes[0].file)[0] for pad in kit.pads]
        peaks.append([np.abs(sound).max() for sound in sounds])
    assert max(peaks[0]) <= 1.0
    assert peaks[0][0] / peaks[0][1] == pytest.approx(peaks[1][0] / peaks[1][1], rel=1e-3)


def test_no_more_hits_are_held_than_are_rendered_at_once(tmp_path, monkeypatch):
    held = []
    monkeypatch.setattr(Hits, "forget", lambda hits: held.append(len(hits._sounds)) or hits._sounds.clear())
    kit = replace(small_kit(), layers=20, round_robins=5)
    assert (
        sum(len(layer.takes) for pad in write_hits(kit, tmp_path, sample_rate=8000).pads for layer in pad.layers) == 200
    )
    assert held == [64, 36, 64, 36]


def test_other_sizes():
    kit = replace(small_kit(layers=5), round_robins=3)
    pads = kit.pads
    assert kit.layers_of(pads[0]) == 5
    resized = with_size(kit, 2, None)
    assert [resized.layers_of(pad) for pad in resized.pads] == [2, 2]
    assert [resized.round_robins_of(pad) for pad in resized.pads] == [3, 3]
    assert with_size(kit, None, None) == kit


def test_pads_are_checked():
    silent = replace(preset("kick/click"), velocity={}, values={**preset("kick/click").values, "gain_db": -60.0})
    facts = check_pads(
        replace(small_kit(), pads=(*small_kit(level_db=24.0).pads, Pad("quiet", 40, silent, level_db=-60.0)))
    )
    assert [bool(each.problems) for each in facts] == [True, True, True]
    assert "clips" in facts[0].problems[0]
    assert "silent" in facts[2].problems[0]
    assert not any(each.problems for each in check_pads(small_kit(level_db=-6.0)))
    sound = preset("kick/click").sound()
    peak_db = float(20 * np.log10(np.abs(sound).max()))
    assert check_pads(small_kit())[0].peak_db == pytest.approx(peak_db, abs=0.01)
    # At a side it is as loud as from both, so 3 dB louder on that one.
    aside = check_pads(small_kit(level_db=-peak_db - 1.0, pan=-1.0))[0]
    assert aside.peak_db == pytest.approx(20.0 * np.log10(2.0) / 2.0 - 1.0, abs=0.01)
    assert "clips" in aside.problems[0]
