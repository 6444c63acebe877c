"""Songs played by a kit: every sample where it belongs, whatever the block."""

from collections import Counter

import numpy as np
import pytest

from backbeat.errors import SongError
from backbeat.kits import Kit, Pad
from backbeat.kits.hits import Hit, Hits
from backbeat.kits.mixing import FormulaMixer
from backbeat.kits.playing import Performance, mixed, strikes_of
from backbeat.patch import preset
from backbeat.songs import Note, Song

RATE = 11025


@pytest.fixture(scope="module")
def hits():
    pads = (
        Pad("kick", 36, preset("kick/click"), level_db=-3.0),
        Pad("closed", 42, preset("hat/909-closed"), choke_group=1, output=5, pan=-0.5),
        Pad("open", 46, preset("hat/909-open"), choke_group=1, output=5),
        Pad("bass", 60, preset("kick/808-long"), notes=(55, 65), layers=2, round_robins=1),
        Pad("never", 80, preset("clap/tight")),
    )
    return Hits(Kit("kit", pads, layers=4, round_robins=3), RATE)


NOTES = [(0.0, 36, 127), (0.1, 46, 90), (0.15, 42, 100), (0.2, 36, 127), (0.2, 58, 64), (0.31, 36, 5), (0.9, 46, 127)]
SONG = Song(tuple(Note(*each) for each in NOTES), 1.0)


def whole(performance, block=1 << 16):
    return np.concatenate(list(performance.blocks(block)), axis=-1)


def test_hits_take_turns_within_their_step(hits):
    song = Song(tuple(Note(0.1 * k, 36, velocity) for k, velocity in enumerate((127, 127, 1, 127, 127, 1))), 1.0)
    strikes, missing = strikes_of(hits.kit, song, RATE)
    assert [(each.hit.layer, each.hit.take) for each in strikes] == [(3, 0), (3, 1), (0, 0), (3, 2), (3, 0), (0, 1)]
    assert [each.at for each in strikes] == [round(0.1 * k * RATE) for k in range(6)]
    assert missing == {}


def test_notes_that_no_pad_has_are_counted(hits):
    song = Song((Note(0.0, 36, 1), Note(0.1, 35, 1), Note(0.2, 35, 1)), 1.0)
    assert Performance(hits, song).missing == {35: 2}
    with pytest.raises(SongError, match=r"found no notes that the kit has \(no pad has 35\)"):
        Performance(hits, Song((Note(0.0, 35, 1),), 1.0))
    with pytest.raises(SongError, match="there are none at all"):
        Performance(hits, Song((), 1.0))


@pytest.mark.parametrize("block", [1, 100, 4096, 1 << 20])
def test_the_same_samples_whatever_the_block(hits, block):
    song = Song(SONG.notes[:4], 0.3) if block == 1 else SONG
    np.testing.assert_array_equal(whole(Performance(hits, song), block), whole(Performance(hits, song)))


def test_outputs_are_those_that_sound_and_add_up_to_the_mix(hits):
    performance = Performance(hits, SONG)
    assert [[pad.name for pad in pads] for pads in performance.outputs] == [["kick"], ["closed", "open"], ["bass"]]
    outputs = whole(performance)
    assert outputs.shape == (3, 2, performance.samples)
    np.testing.assert_allclose(mixed(outputs), outputs.sum(axis=0), atol=1e-6)


def test_every_hit_is_where_it_belongs(hits):
    kick = whole(Performance(hits, SONG))[0, 0]
    expected = np.zeros_like(kick)
    for at_s, layer, take in ((0.0, 3, 0), (0.2, 3, 1), (0.31, 0, 0)):
        sound = hits[Hit("kick", 36, layer, take)][0] * 10.0 ** (-3.0 / 20.0)
        at = round(at_s * RATE)
        expected[at : at + len(sound)] += sound
    np.testing.assert_allclose(kick, expected, atol=1e-6)


def test_pads_that_span_notes_follow_them(hits):
    lower, own = (whole(Performance(hits, Song((Note(0.0, note, 127),), 0.1)))[0, 0] for note in (55, 60))
    assert Counter(np.sign(lower[:RATE])) != Counter(np.sign(own[:RATE]))
    crossings = [np.count_nonzero(np.diff(np.signbit(sound[2000:8000]))) for sound in (lower, own)]
    assert crossings[0] / crossings[1] == pytest.approx(2.0 ** (-5 / 12), rel=0.1)


def test_a_closed_hat_ends_the_open_one_within_thirty_milliseconds(hits):
    notes = (Note(0.0, 46, 127), Note(0.05, 42, 127))
    both, closed = (whole(Performance(hits, Song(some, 1.0)))[0] for some in (notes, notes[1:]))
    samples = min(both.shape[-1], closed.shape[-1])
    left = np.abs(both[:, :samples] - closed[:, :samples])[:, round(0.08 * RATE) :].max()
    assert left <= 1e-3 * np.abs(both).max()


def test_two_of_no_group_both_ring(hits):
    notes = (Note(0.0, 60, 127), Note(0.2, 60, 127))
    both = whole(Performance(hits, Song(notes, 1.0)))[0, 0]
    first, second = (whole(Performance(hits, Song((each,), 1.0)))[0, 0] for each in notes)
    samples = min(map(len, (both, first, second)))
    np.testing.assert_allclose(both[:samples], first[:samples] + second[:samples], atol=1e-5)


@pytest.mark.parametrize("bars_s", [0.4, 1.0])
def test_a_loop_is_its_bars_as_they_sound_when_it_goes_round(hits, bars_s):
    song = Song(tuple(each for each in SONG.notes if each.at_s < bars_s), bars_s)
    loop = Performance(hits, song, loop=True)
    bars = round(bars_s * RATE)
    assert loop.samples == bars
    looped = whole(loop)
    turns = 8
    strikes, _ = strikes_of(hits.kit, song, RATE)
    mixer = FormulaMixer(RATE, len(loop.outputs))
    outputs = {pad.name: number for number, pads in enumerate(loop.outputs) for pad in pads}
    pads = {pad.name: pad for pad in hits.kit.pads}
    for turn in range(turns):
        for each in strikes:
            pad = pads[each.hit.pad]
            mixer.start(
                turn * bars + each.at,
                hits[each.hit],
                gain=10.0 ** (pad.level_db / 20.0),
                pan=pad.pan,
                output=outputs[pad.name],
                choke_group=pad.choke_group,
            )
    np.testing.assert_allclose(looped, mixer.process(turns * bars)[..., -bars:], atol=2e-5)


def test_a_loop_that_its_hits_outlast_too_often_is_refused(hits):
    song = Song((Note(0.0, 36, 127),) * 4000, 1.0 / RATE)
    with pytest.raises(SongError, match=r"found 4000 notes, which ring for \d+ turns of the loop; must be at most"):
        Performance(hits, song, loop=True)


def test_tails_are_kept(hits):
    song = Song((Note(0.0, 60, 127),), 0.1)
    assert Performance(hits, song).samples == hits[Hit("bass", 60, 1, 0)].shape[1]
    assert Performance(hits, Song(song.notes, 60.0)).samples == 60 * RATE
