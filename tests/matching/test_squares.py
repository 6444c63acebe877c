"""Squares are told apart by the lines of their harmonics, and noise has none."""

import numpy as np
import pytest

from backbeat import plugins, preset
from backbeat.matching.analysis import CLEAR, find_squares
from backbeat.matching.readings import read
from backbeat.parameters import METAL
from backbeat.patch import Placement, from_params
from oracles import white

RATE = 44_100
LOWEST_HZ, HIGHEST_HZ = 80.0, 2400.0


def found(sound: np.ndarray, count: int = 6, rate: int = RATE):
    return find_squares(sound, rate, count, lowest_hz=LOWEST_HZ, highest_hz=HIGHEST_HZ)


def squares(hz: list[float], t60_s: float, seconds: float, rate: int = RATE) -> np.ndarray:
    """Odd harmonics up to 0.45 of the rate, one by one."""
    t = np.arange(round(seconds * rate)) / rate
    total = np.zeros(len(t))
    for number, each in enumerate(hz):
        for k in range(1, int(0.45 * rate / each) + 1, 2):
            total += np.sin(2.0 * np.pi * (k * each * t + 0.13 * number)) / k
    return total * 10.0 ** (-3.0 * t / t60_s)


@pytest.mark.parametrize("rate", [32_000, 44_100, 96_000])
@pytest.mark.parametrize("hz", [[540.0], [302.5, 419.3], [205.3, 304.5, 369.5, 522.7, 539.9, 800.1]])
def test_squares_by_their_harmonics(hz, rate):
    sound = squares(hz, 0.4, 0.6, rate)
    heard = found(sound, len(hz), rate)
    np.testing.assert_allclose(np.sort(heard.hz), hz, rtol=1e-3)
    assert heard.score.min() > CLEAR


@pytest.mark.parametrize("seed", range(4))
def test_a_few_squares_in_noise(seed):
    sound = squares([302.5, 519.0, 833.7], 0.4, 0.6)
    noise = white((len(sound),), seed) * 10.0 ** (-3.0 * np.arange(len(sound)) / RATE / 0.4)
    np.testing.assert_allclose(np.sort(found(sound + 0.1 * noise, 3).hz), [302.5, 519.0, 833.7], rtol=2e-3)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("t60_s", [0.05, 0.3, 2.0])
def test_noise_has_no_squares(seed, t60_s):
    noise = white((RATE // 2,), seed) * 10.0 ** (-3.0 * np.arange(RATE // 2) / RATE / t60_s)
    assert found(noise).score.max() < CLEAR


@pytest.mark.parametrize("samples", [1, 50, 1000])
def test_a_sound_that_is_too_short_has_none(samples):
    assert len(found(white((samples,), 0)).hz) == 0
    assert len(found(np.zeros(samples)).hz) == 0


def test_at_a_low_sample_rate_there_are_none():
    assert len(found(white((4000,), 0), 6, 4000).hz) == 0


@pytest.mark.parametrize("name", ["hat/808-open", "hat/606-open", "hat/909-open"])
def test_a_hat_begins_with_the_squares_that_are_heard(name):
    patch = preset(name)
    sound = patch.sound(Placement(RATE, RATE)).astype(np.float64)
    starts = read(patch.instrument.table, sound / np.abs(sound).max(), RATE)
    hz = np.sort(patch.values["pitch_hz"] * np.array(patch.values["ratio"]))
    loud = [each for each in starts if each[METAL.level_db] > -60.0]
    assert len(loud) > 1
    for each in loud:
        np.testing.assert_allclose(np.multiply(each[METAL.pitch_hz], each[METAL.ratio]), hz, rtol=1e-3)


def test_a_hat_without_squares_begins_without():
    table = plugins.get("hat").table
    values = {**table.defaults(), "metal_db": -60.0, "bell_db": -60.0}
    patch = from_params(plugins.get("hat"), table.normalise(values), name="noise", seed=1)
    sound = patch.sound(Placement(RATE, RATE // 2)).astype(np.float64)
    assert [each[METAL.level_db] for each in read(table, sound / np.abs(sound).max(), RATE)] == [-60.0]
