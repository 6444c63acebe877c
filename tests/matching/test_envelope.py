"""Levels and decays of sounds that were made with them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbeat.matching.analysis import fit_decay, fit_release, level_db
from matching.sounds import RATE, damped, fall, noise, times_s

BLOCK_S = 0.0025


def test_level_of_a_full_scale_square_is_zero_and_of_a_sine_three_below():
    square = np.where(np.arange(4410) % 2, 1.0, -1.0)
    assert level_db(square, RATE)[:-1] == pytest.approx(np.zeros(40), abs=1e-9)
    sine = np.sin(2.0 * np.pi * 400.0 * times_s(0.1))  # one cycle a block
    assert level_db(sine, RATE)[:-1] == pytest.approx(np.full(40, -3.0103), abs=0.05)


def test_level_of_silence_is_finite():
    assert level_db(np.zeros(1000), RATE) == pytest.approx(np.full(10, -200.0))


def test_blocks_cover_the_whole_sound_and_one_block_its_length():
    assert len(level_db(np.ones(441), RATE)) == 5  # 110 samples each, the last one filled up
    assert len(level_db(np.ones(1), RATE)) == 1
    assert len(level_db(np.ones(100), 10)) == 100  # never less than a sample


@given(gain_db=st.floats(-60.0, 20.0))
def test_gain_shifts_levels_and_leaves_times(gain_db):
    sound = fall(times_s(0.2), 0.2) * noise(8820)
    gain = 10.0 ** (gain_db / 20.0)
    assert level_db(gain * sound, RATE) == pytest.approx(level_db(sound, RATE) + gain_db, abs=1e-6)
    before, after = fit_decay(sound, RATE), fit_decay(gain * sound, RATE)
    assert after.t60_s == pytest.approx(before.t60_s)
    assert (after.attack_s, after.hold_s) == (before.attack_s, before.hold_s)
    assert after.level_db == pytest.approx(before.level_db + gain_db)


@pytest.mark.parametrize("floor_db", [None, -75.0])
@pytest.mark.parametrize("hold_s", [0.0, 0.05])
@pytest.mark.parametrize("t60_s", [0.03, 0.1, 0.4, 1.5])
@pytest.mark.parametrize("carrier", ["tone", "noise"])
def test_hold_and_t60_come_back(carrier, t60_s, hold_s, floor_db):
    t = times_s(hold_s + 1.1 * t60_s)
    sound = fall(t, t60_s, hold_s) * (np.sin(2.0 * np.pi * 400.0 * t) if carrier == "tone" else 0.3 * noise(len(t)))
    if floor_db is not None:
        sound = sound + np.abs(sound).max() * 10.0 ** (floor_db / 20.0) * noise(len(t), seed=1)
    decay = fit_decay(sound, RATE)
    assert decay.t60_s == pytest.approx(t60_s, rel=0.1)
    # A peak of the noise may come a few blocks late; the fall starts where it starts.
    assert decay.attack_s + decay.hold_s == pytest.approx(hold_s, abs=max(3.0 * BLOCK_S, 0.04 * t60_s))


def test_long_silence_with_a_little_noise_does_not_count():
    t = times_s(0.6)
    sound = damped(t, 400.0, 0.1) + 10.0 ** (-65.0 / 20.0) * noise(len(t))
    decay = fit_decay(sound, RATE)
    assert decay.t60_s == pytest.approx(0.1, rel=0.1)
    assert decay.hold_s < 0.01


def test_level_is_that_of_the_hold():
    t = times_s(0.3)
    decay = fit_decay(0.1 * fall(t, 0.2, 0.05) * np.sin(2.0 * np.pi * 400.0 * t), RATE)
    assert decay.level_db == pytest.approx(-20.0 - 3.0103, abs=0.1)


def test_attack_ends_at_the_peak():
    t = times_s(0.4)
    rise = np.minimum(t / 0.03, 1.0)
    decay = fit_decay(rise * damped(t, 800.0, 0.3), RATE)
    assert decay.attack_s == pytest.approx(0.025, abs=0.008)
    assert decay.t60_s == pytest.approx(0.3, rel=0.1)


def test_other_sample_rates_give_the_same_times():
    for rate in (8000, 48000, 96000):
        t = times_s(0.3, rate)
        assert fit_decay(damped(t, 400.0, 0.25), rate).t60_s == pytest.approx(0.25, rel=0.02)


@pytest.mark.parametrize("sound", [np.zeros(2000), np.eye(1, 2000, 700)[0], np.ones(1), np.ones(50_000)])
def test_odd_sounds_stay_within_bounds(sound):
    decay = fit_decay(sound, RATE)
    assert 0.005 <= decay.t60_s <= 6.0
    assert 0.0 <= decay.attack_s + decay.hold_s <= len(sound) / RATE + BLOCK_S


@pytest.mark.parametrize("t60_s", [0.03, 0.1, 0.2])
@pytest.mark.parametrize("gate_s", [0.15, 0.3])
def test_release_of_a_gated_sound(gate_s, t60_s):
    t = times_s(0.4)
    found = fit_release(fall(t, 1.0) * fall(t, t60_s, gate_s) * noise(len(t)), RATE)
    assert found.gate_s == pytest.approx(gate_s, abs=0.02)
    assert t60_s / 2.0 < found.t60_s < t60_s * 2.0  # a start: the gate's grid is as coarse as a short release


def test_a_plain_fall_is_released_at_its_end_or_slowly():
    t = times_s(0.4)
    for sound in (damped(t, 300.0, 0.5), fall(t, 0.3) * noise(len(t))):
        found = fit_release(sound, RATE)
        assert found.gate_s > 0.35 or found.t60_s > 0.4


@pytest.mark.parametrize("samples", [32, 200, 1000])
def test_release_of_a_sound_of_a_few_blocks_lies_within_it(samples):
    found = fit_release(fall(times_s(samples / RATE), 0.01) * noise(samples), RATE)
    assert 0.0 < found.gate_s <= samples / RATE
    assert found.t60_s > 0.0
