"""Loops are told from one-shots: every shipped sound, and what is sequenced from them."""

from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from backbeat.matching.excerpt import excerpt
from backbeat.matching.hits import hits
from matching.lead_ins import gain, lead_in
from matching.loops import OTHERS, STYLES, heard, kit, loop, sequence, taken_for_loops
from matching.sounds import RATE, noise

SOUNDS = kit()
SEVERAL_STROKES = ("shaker/shaker",)
"""Presets that are no single hit."""
EARLIEST_S = 0.025
"""A hit is said to begin so much before it does, at most."""


@pytest.mark.parametrize("name", [name for name in SOUNDS if name not in SEVERAL_STROKES])
def test_a_one_shot_has_one_hit(name):
    sound = SOUNDS[name]
    random = np.random.default_rng(0)
    level = np.sqrt(np.mean(sound**2))
    for changed in (
        sound,
        1e-3 * sound,
        np.clip(20.0 * sound, -1.0, 1.0),
        sound + 0.3,
        sound + level * gain(-10.0) * random.standard_normal(len(sound)),
        sound[::-1].copy(),
        sound[: round(0.02 * RATE)],
        sound[: round(0.2 * RATE)],
        np.concatenate([np.zeros(RATE // 2), sound, np.zeros(RATE)]),
    ):
        assert heard(changed).hits == 1


@pytest.mark.parametrize("kind", ["hiss", "hum with harmonics", "pink noise", "click", "click in hiss"])
def test_noise_before_a_one_shot_is_no_hit(kind):
    for sound in SOUNDS.values():
        found = heard(np.concatenate([lead_in(kind, 0.4, -30.0), sound]))
        assert found.hits == 1
        assert found.audio.shape[-1] == len(sound) + round(0.4 * RATE)


def test_a_click_after_the_hit_is_no_hit():
    for name in ("bd_haus", "sn_dub", "kick/808-long"):
        sound = np.pad(SOUNDS[name], (0, RATE // 2))
        sound[RATE // 2 : RATE // 2 + 4] = 0.3
        assert heard(sound).hits == 1


@pytest.mark.parametrize("bpm", [70.0, 120.0, 180.0])
@pytest.mark.parametrize(
    "names", [("bd_fat", "sn_dub"), ("kick/909", "drum/rim"), ("bd_haus",), ("drum_cymbal_closed",)]
)
def test_hits_are_counted_and_the_second_is_found(bpm, names):
    beat_s = 60.0 / bpm
    pattern = [(k * beat_s, SOUNDS[names[k % len(names)]], -3.0 * (k % 3)) for k in range(8)]
    for rate_of_change in (1, 2, 4):
        sounds = [(time_s / rate_of_change, *rest) for time_s, *rest in pattern]
        found = heard(sequence(sounds, 8 * beat_s / rate_of_change))
        # Sixteenths ring into each other, so that a soft one is no rise over the last.
        assert found.hits == 8 if rate_of_change < 4 else 5 <= found.hits <= 8
        early_s = beat_s / rate_of_change - found.audio.shape[-1] / RATE
        assert 0.0 <= early_s <= EARLIEST_S


def test_most_loops_are_told_and_hardly_anything_else():
    """Drawn by chance: some are of drums that ring into each other, or fall in level as an echo does."""
    count = 12
    loops, others = taken_for_loops(count)
    assert sum(loops.values()) >= 0.92 * count * len(STYLES), loops
    assert sum(others.values()) <= 0.02 * count * len(OTHERS), others


@pytest.mark.slow
def test_most_of_many_loops_are_told_and_hardly_anything_else():
    count = 200
    loops, others = taken_for_loops(count)
    assert min(loops[style] for style in STYLES) >= 0.9 * count, loops
    assert sum(loops.values()) >= 0.96 * count * len(STYLES), loops
    assert max(others[kind] for kind in OTHERS) <= 0.05 * count, others
    assert sum(others.values()) <= 0.01 * count * len(OTHERS), others


def test_the_cut_never_lies_after_the_second_hit_that_is_found():
    """A soft hat between may be missed; then the cut lies before another hit."""
    early_s = []
    for number in range(40):
        sound, times_s = loop("kit", np.random.default_rng(number), SOUNDS)
        end_s = heard(sound).audio.shape[-1] / RATE
        if end_s < len(sound) / RATE:
            early_s.append(min((time_s - end_s for time_s in times_s), key=abs))
    assert len(early_s) >= 38
    assert np.mean([0.0 <= each <= EARLIEST_S for each in early_s]) >= 0.95


@pytest.mark.parametrize("delay_s", [0.12, 0.25, 0.5])
@pytest.mark.parametrize("feedback_db", [-3.0, -6.0, -9.0])
@pytest.mark.parametrize("name", ["bd_fat", "sn_dub", "drum_cowbell", "drum_cymbal_closed"])
def test_an_echo_is_part_of_the_hit(name, feedback_db, delay_s):
    damping = signal.butter(1, 4000.0, output="sos", fs=RATE)
    for sections in (None, damping):
        repeat, repeats = SOUNDS[name], []
        for k in range(8):
            repeats.append((k * delay_s, repeat, k * feedback_db))
            repeat = repeat if sections is None else signal.sosfilt(sections, repeat)
        assert heard(sequence(repeats, 9 * delay_s)).hits == 1


@pytest.mark.parametrize("strokes_hz", [18.0, 25.0, 30.0])
@pytest.mark.parametrize("swell_db", [-18.0, 0.0, 18.0])
def test_a_roll_is_one_hit(strokes_hz, swell_db):
    random = np.random.default_rng(1)
    for name in ("sn_dub", "drum/snare", "drum_tom_hi_hard"):
        strokes = [(k / strokes_hz, SOUNDS[name], random.uniform(-2.0, 0.0) + swell_db * k / 30) for k in range(30)]
        assert heard(sequence(strokes, 32 / strokes_hz)).hits == 1


def test_a_loop_after_noise_begins_at_its_first_hit_though_that_is_soft():
    for first_db in (0.0, -9.0):
        sounds = [
            (0.3 + 0.4 * k, SOUNDS["bd_fat" if k % 2 else "sn_dub"], first_db if k == 0 else 0.0) for k in range(6)
        ]
        sound = sequence(sounds, 2.7)
        sound[: round(0.3 * RATE)] += gain(-45.0) * noise(round(0.3 * RATE))
        found = heard(sound)
        assert found.hits == 6
        assert found.lead_in.onset == pytest.approx(0.3 * RATE, abs=0.005 * RATE)
        assert 0.0 <= 0.7 - found.audio.shape[-1] / RATE <= EARLIEST_S


def test_all_of_a_loop_where_the_whole_is_wanted():
    sound = sequence([(0.4 * k, SOUNDS["bd_fat"], 0.0) for k in range(3)], 1.2)
    first, whole = heard(sound), heard(sound, whole=True)
    assert (first.hits, whole.hits) == (3, 3)
    assert whole.audio.shape[-1] == len(sound) > first.audio.shape[-1]
    assert first.notes[0].startswith("this looks like a loop of 3 hits: the first, from 0.00 to 0.")
    assert "--whole" in first.notes[0]
    assert whole.notes == ("this looks like a loop of 3 hits, and all of it is matched",)


def test_what_is_said_of_noise_before_the_hit():
    found = heard(np.concatenate([lead_in("hum", 0.31, -28.1), SOUNDS["bd_fat"]]))
    assert found.notes == ("the first 0.31 s lie 25 dB or more below the hit and were passed over as lead-in noise",)
    assert found.lead_in.noise == found.lead_in.onset
    silent = heard(np.concatenate([np.zeros(5000), SOUNDS["bd_fat"]]))
    assert (silent.notes, silent.lead_in.noise) == ((), 0)
    assert silent.lead_in.onset > 4900


@pytest.mark.parametrize("rate", [2_000, 8_000, 22_050, 48_000, 96_000])
def test_any_sample_rate_and_length(rate):
    import torch

    t = np.arange(rate) / rate
    sound = sum(
        np.where(t >= at, gain(-300.0 * (t - at)) * np.sin(2.0 * np.pi * 200.0 * (t - at)), 0.0) for at in (0.1, 0.5)
    )
    both = torch.from_numpy(sound).float()[None, None]
    assert len(hits(both, rate, round(0.1 * rate))) == 2
    for samples in (1, 32, 100, 500):
        assert excerpt(both[..., round(0.1 * rate) :][..., :samples], rate).hits == 1
        assert excerpt(torch.zeros(1, 1, samples), rate).hits == 1


def test_files_that_hold_all_sounds_are_where_the_tests_look():
    assert len(list(Path("examples/sounds").glob("*.flac"))) == 6
