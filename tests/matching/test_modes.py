"""Damped sinusoids, found again in their sum."""

import numpy as np
import pytest

from backbeat.matching.analysis import Glide, Modes, find_modes, first_modes
from matching.sounds import RATE, Signal, damped, fall, noise, times_s

THREE = [(180.0, 0.4, 0.8, 0.0), (430.0, 0.25, 0.4, 0.3), (1210.0, 0.12, 0.3, 0.7)]
SIX = [
    (110.0, 0.6, 0.6, 0.1),
    (187.0, 0.4, 0.4, 0.25),
    (415.0, 0.3, 0.3, 0.5),
    (900.0, 0.2, 0.3, 0.9),
    (2500.0, 0.1, 0.2, 0.05),
    (6100.0, 0.05, 0.15, 0.4),
]


def total(modes, t):
    return sum(damped(t, *mode) for mode in modes)


def rebuilt(modes: Modes, t: Signal) -> Signal:
    return total(zip(modes.frequency_hz, modes.t60_s, modes.gain, modes.start_cycles, strict=True), t)


def power_db(signal: Signal) -> float:
    return 10.0 * float(np.log10(np.mean(signal**2)))


@pytest.mark.parametrize("noise_db", [None, -50.0, -30.0])
@pytest.mark.parametrize("expected", [THREE, SIX], ids=["three", "six"])
def test_modes_come_back(expected, noise_db):
    t = times_s(0.5)
    sound = total(expected, t)
    if noise_db is not None:
        sound = sound + 10.0 ** (noise_db / 20.0) * noise(len(t))
    found = find_modes(sound, RATE, len(expected), lowest_hz=30.0, highest_hz=16_000.0)
    order = np.argsort(found.frequency_hz)
    hz, t60_s, gain, start = np.transpose(expected)
    assert found.frequency_hz[order] == pytest.approx(hz, rel=0.002)
    assert found.t60_s[order] == pytest.approx(t60_s, rel=0.1)
    assert found.gain[order] == pytest.approx(gain, rel=0.05)
    assert (found.start_cycles[order] - start + 0.5) % 1.0 - 0.5 == pytest.approx(np.zeros(len(start)), abs=0.01)
    assert np.all((found.start_cycles >= 0.0) & (found.start_cycles < 1.0))


def test_residual_is_what_the_modes_leave():
    t = times_s(0.3)
    sound = total(SIX, t) + 0.01 * noise(len(t))
    found = find_modes(sound, RATE, 6, lowest_hz=30.0, highest_hz=16_000.0)
    assert found.residual == pytest.approx(sound - rebuilt(found, t), abs=1e-6)
    assert power_db(found.residual) < power_db(sound) - 25.0


def test_modes_that_glide_together():
    glide = Glide(pitch_hz=60.0, sweep_st=24.0, sweep_s=0.1, start_cycles=0.0, error_cycles=0.0)
    t = times_s(0.4)
    theta = glide.warp(t)
    sound = sum(
        gain * fall(t, t60_s) * np.sin(2.0 * np.pi * (hz * theta + start))
        for hz, t60_s, gain, start in ((60.0, 0.5, 1.0, 0.1), (131.0, 0.2, 0.4, 0.7), (410.0, 0.05, 0.3, 0.4))
    )
    found = find_modes(sound, RATE, 3, lowest_hz=30.0, highest_hz=16_000.0, glide=glide)
    order = np.argsort(found.frequency_hz)
    assert found.frequency_hz[order] == pytest.approx([60.0, 131.0, 410.0], rel=0.005)
    assert found.t60_s[order] == pytest.approx([0.5, 0.2, 0.05], rel=0.15)
    assert found.gain[order] == pytest.approx([1.0, 0.4, 0.3], rel=0.1)
    steady = find_modes(sound, RATE, 3, lowest_hz=30.0, highest_hz=16_000.0)
    assert power_db(found.residual) < power_db(steady.residual) - 15.0
    again = first_modes(found, 3, sound, RATE, glide)
    assert again.residual == pytest.approx(found.residual, abs=1e-5)


def test_more_modes_leave_less():
    sound = total(SIX, times_s(0.3))
    left = [
        power_db(find_modes(sound, RATE, count, lowest_hz=30.0, highest_hz=16_000.0).residual) for count in range(1, 7)
    ]
    assert left == sorted(left, reverse=True)
    assert left[-1] < left[0] - 20.0


def test_loudest_is_found_first():
    sound = damped(times_s(0.3), 300.0, 0.3, 0.1) + damped(times_s(0.3), 900.0, 0.3, 1.0)
    found = find_modes(sound, RATE, 2, lowest_hz=30.0, highest_hz=16_000.0)
    assert found.frequency_hz == pytest.approx([900.0, 300.0], rel=0.005)


def test_two_modes_close_together_are_told_apart():
    t = times_s(0.8)
    expected = [(540.0, 0.8, 0.5, 0.0), (552.0, 0.8, 0.45, 0.2)]
    found = find_modes(total(expected, t), RATE, 2, lowest_hz=30.0, highest_hz=16_000.0)
    assert np.sort(found.frequency_hz) == pytest.approx([540.0, 552.0], abs=1.5)


def test_band_is_kept_to():
    sound = total(SIX, times_s(0.3))
    found = find_modes(sound, RATE, 2, lowest_hz=300.0, highest_hz=1000.0)
    assert np.sort(found.frequency_hz) == pytest.approx([415.0, 900.0], rel=0.02)


def test_nothing_is_looked_for_near_the_nyquist_frequency():
    rate = 8000
    found = find_modes(noise(2000), rate, 4, lowest_hz=30.0, highest_hz=16_000.0)
    assert np.all(found.frequency_hz < 0.46 * rate)


def test_long_sound_keeps_its_tail_in_the_residual():
    t = times_s(2.0)
    sound = damped(t, 200.0, 1.0)
    found = find_modes(sound, RATE, 1, lowest_hz=30.0, highest_hz=16_000.0)
    assert found.residual.shape == sound.shape
    assert np.array_equal(found.residual[round(1.5 * RATE) :], sound[round(1.5 * RATE) :])
    assert power_db(found.residual[:RATE]) < power_db(sound[:RATE]) - 25.0


@pytest.mark.parametrize("sound", [np.eye(1, 1000, 10)[0], noise(23), noise(200)], ids=["click", "23", "200"])
def test_odd_sounds_give_finite_modes(sound):
    found = find_modes(sound, RATE, 12, lowest_hz=30.0, highest_hz=16_000.0)
    for values in (found.frequency_hz, found.t60_s, found.gain, found.start_cycles, found.residual):
        assert np.all(np.isfinite(values))
    assert len(found.frequency_hz) == 12
