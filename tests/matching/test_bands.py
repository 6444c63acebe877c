"""Levels and decays of noise in bands that was made with them."""

import numpy as np
import pytest
import torch

from backbeat import dsp
from backbeat.dsp import Grid, band_centers_hz
from backbeat.matching.analysis import fit_bands
from matching.sounds import RATE, noise

BANDS = 8


def made(level_db: np.ndarray, t60_s: np.ndarray, snap_db: float = -200.0) -> np.ndarray:
    grid = Grid(RATE, RATE // 2, torch.tensor([1]), torch.float64)
    gain, t60 = torch.from_numpy(10.0 ** (level_db / 20.0)), torch.from_numpy(t60_s)
    snap_gain = torch.full_like(gain, 10.0 ** (snap_db / 20.0))
    return dsp.noise_bands(grid, 0, gain, t60, snap_gain=snap_gain, snap_s=0.012)[0].numpy()


def test_levels_and_decays_come_back():
    level_db = np.array([-20.0, -6.0, -12.0, -9.0, -15.0, -12.0, -20.0, -26.0])
    t60_s = np.array([0.5, 0.2, 0.3, 0.25, 0.4, 0.2, 0.15, 0.1])
    bands = fit_bands(made(level_db, t60_s), RATE, band_centers_hz(BANDS))
    # Each band hears its neighbours through the slopes of its triangle.
    np.testing.assert_allclose(bands.level_db[1:], level_db[1:], atol=4.0)
    np.testing.assert_allclose(bands.t60_s[1:], t60_s[1:], rtol=0.35)


def test_a_snap_is_told_from_the_rest():
    flat = np.full(BANDS, -20.0), np.full(BANDS, 0.4)
    without, with_snap = (
        fit_bands(made(*flat), RATE, band_centers_hz(BANDS)),
        fit_bands(made(*flat, snap_db=-3.0), RATE, band_centers_hz(BANDS)),
    )
    assert (with_snap.snap_db[2:] > -14.0).all()
    assert (with_snap.snap_db[2:] > without.snap_db[2:] + 6.0).all()
    np.testing.assert_allclose(with_snap.level_db[2:], -20.0, atol=5.0)


@pytest.mark.parametrize("sound", [np.zeros(1000), np.eye(1, 1000, 10)[0], noise(20), np.ones(3)])
def test_odd_sounds_give_finite_levels(sound):
    bands = fit_bands(sound, RATE, band_centers_hz(BANDS))
    for values in (bands.level_db, bands.t60_s, bands.snap_db):
        assert values.shape == (BANDS,)
        assert np.isfinite(values).all()
    assert (bands.t60_s > 0.0).all()
