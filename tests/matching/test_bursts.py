"""Times and levels of bursts that were made with them."""

import numpy as np
import pytest

from backbeat.matching.analysis import find_bursts
from matching.sounds import RATE, noise


def claps(onset_s: list[float], level_db: list[float], t60_s: float = 0.03, seed: int = 0) -> np.ndarray:
    t = np.arange(round(0.3 * RATE)) / RATE
    envelope = np.zeros_like(t)
    for onset, level in zip(onset_s, level_db, strict=True):
        since = t - onset
        envelope += 10.0 ** (level / 20.0) * (since >= 0.0) * np.exp(-np.log(1000.0) * np.maximum(since, 0.0) / t60_s)
    return noise(len(t), seed) * envelope


@pytest.mark.parametrize("seed", range(4))
def test_times_levels_and_decay_come_back(seed):
    found = find_bursts(claps([0.0, 0.011, 0.02, 0.034], [-6.0, -3.0, -3.0, 0.0], seed=seed), RATE, 4, latest_s=0.08)
    np.testing.assert_allclose(found.onset_s, [0.0, 0.011, 0.02, 0.034], atol=0.0025)
    np.testing.assert_allclose(found.level_db, [-6.0, -3.0, -3.0, 0.0], atol=4.0)
    assert found.loudest_s == found.onset_s[3]
    assert 0.015 < found.t60_s < 0.06


def test_those_that_are_not_there_are_quiet():
    found = find_bursts(claps([0.02], [0.0], 0.05), RATE, 4, latest_s=0.08)
    assert found.onset_s[0] == pytest.approx(0.02, abs=0.002)
    assert found.level_db[0] == 0.0
    assert (found.level_db[1:] < -15.0).all()


def test_what_is_late_does_not_count():
    found = find_bursts(claps([0.0, 0.15], [-6.0, 0.0]), RATE, 4, latest_s=0.08)
    assert (found.onset_s <= 0.08).all()
    assert found.loudest_s < 0.005


@pytest.mark.parametrize("sound", [np.zeros(1000), np.eye(1, 1000, 10)[0], noise(20), np.ones(3), np.ones(1)])
def test_odd_sounds_give_finite_bursts(sound):
    found = find_bursts(sound, RATE, 4, latest_s=0.08)
    for values in (found.onset_s, found.level_db):
        assert values.shape == (4,)
        assert np.isfinite(values).all()
    assert 0.0 < found.t60_s < 1.0
