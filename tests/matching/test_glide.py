"""Pitches and sweeps of sounds that were made with them."""

import numpy as np
import pytest

from backbeat.matching.analysis import Glide, fit_glide, fit_two_glides
from matching.sounds import RATE, fall, glide, glide_cycles, noise, times_s

SWEEPS = [
    # pitch_hz, sweep_st, sweep_s, start_cycles
    (50.0, 24.0, 0.06, 0.0),
    (50.0, 24.0, 0.06, 0.25),
    (55.0, 40.0, 0.03, 0.0),
    (120.0, 12.0, 0.2, 0.6),
    (80.0, 5.0, 0.1, 0.0),
]


def fits_of(sound, *, lowest_hz=25.0, highest_hz=200.0, cutoff_hz=1500.0, sample_rate=RATE):
    return fit_glide(sound, sample_rate, cutoff_hz=cutoff_hz, lowest_hz=lowest_hz, highest_hz=highest_hz)


@pytest.mark.parametrize("noise_db", [None, -40.0, -30.0])
@pytest.mark.parametrize(("pitch_hz", "sweep_st", "sweep_s", "start_cycles"), SWEEPS)
def test_sweep_comes_back(pitch_hz, sweep_st, sweep_s, start_cycles, noise_db):
    t = times_s(0.5)
    sound = fall(t, 0.5) * glide(t, pitch_hz, sweep_st, sweep_s, start_cycles)
    if noise_db is not None:
        sound = sound + 10.0 ** (noise_db / 20.0) * noise(len(t))
    best = fits_of(sound)[0]
    assert best.pitch_hz == pytest.approx(pitch_hz, rel=0.005)
    assert best.sweep_st == pytest.approx(sweep_st, abs=0.75)
    assert best.sweep_s == pytest.approx(sweep_s, rel=0.06)
    assert (best.start_cycles - start_cycles + 0.5) % 1.0 - 0.5 == pytest.approx(0.0, abs=0.04)
    assert best.error_cycles < 0.01


@pytest.mark.parametrize("start_cycles", [0.0, 0.1, 0.3, 0.8])
@pytest.mark.parametrize("pitch_hz", [60.0, 150.0])
def test_steady_tone_has_no_sweep(pitch_hz, start_cycles):
    t = times_s(0.5)
    fits = fits_of(fall(t, 0.5) * glide(t, pitch_hz, 0.0, 0.1, start_cycles))
    assert fits
    assert fits[0].pitch_hz == pytest.approx(pitch_hz, rel=0.005)
    # A sweep that is over within the first cycle says nothing; one that lasts must be shallow.
    assert fits[0].sweep_st * fits[0].sweep_s < 0.05


def test_best_fit_comes_first_and_no_t60_twice():
    t = times_s(0.4)
    fits = fits_of(fall(t, 0.4) * glide(t, 60.0, 18.0, 0.08))
    errors = [fit.error_cycles for fit in fits]
    assert errors == sorted(errors)
    assert errors[0] < 0.1 * errors[-1]
    assert len({fit.sweep_s for fit in fits}) == len(fits)


def test_pitch_stays_within_what_is_asked_for():
    t = times_s(0.4)
    for fit in fits_of(fall(t, 0.4) * glide(t, 400.0, 6.0, 0.08)):
        assert fit.pitch_hz <= 200.0
    for fit in fits_of(fall(t, 0.4) * glide(t, 30.0, 30.0, 0.08), lowest_hz=45.0):
        assert fit.pitch_hz >= 45.0


def test_partials_above_the_cutoff_are_not_counted():
    t = times_s(0.5)
    body = fall(t, 0.5) * glide(t, 55.0, 12.0, 0.05)
    bright = body + 0.8 * fall(t, 0.5) * np.sin(2.0 * np.pi * 3100.0 * t)
    assert fits_of(bright, cutoff_hz=300.0)[0].pitch_hz == pytest.approx(55.0, rel=0.01)


def test_click_at_the_start_hardly_moves_the_rest():
    t = times_s(0.5)
    click = 0.5 * fall(t, 0.02) * noise(len(t))
    best = fits_of(fall(t, 0.5) * glide(t, 50.0, 24.0, 0.08) + click)[0]
    assert best.pitch_hz == pytest.approx(50.0, rel=0.01)
    assert best.sweep_s == pytest.approx(0.08, rel=0.15)


def test_level_does_not_matter():
    t = times_s(0.4)
    sound = fall(t, 0.4) * glide(t, 60.0, 18.0, 0.08)
    loud, quiet = fits_of(sound)[0], fits_of(1e-4 * sound)[0]
    assert quiet.pitch_hz == pytest.approx(loud.pitch_hz, rel=1e-3)
    assert quiet.sweep_st == pytest.approx(loud.sweep_st, abs=0.1)


@pytest.mark.parametrize("sample_rate", [8000, 48000, 96000])
def test_other_sample_rates_give_the_same_pitch(sample_rate):
    t = times_s(0.4, sample_rate)
    best = fits_of(fall(t, 0.4) * glide(t, 60.0, 18.0, 0.08), sample_rate=sample_rate)[0]
    assert best.pitch_hz == pytest.approx(60.0, rel=0.005)
    assert best.sweep_st == pytest.approx(18.0, abs=0.75)


@pytest.mark.parametrize("sound", [np.zeros(1000), np.ones(1000), glide(times_s(0.01), 60.0, 0.0, 1.0)])
def test_too_few_crossings_give_nothing(sound):
    assert fits_of(sound) == []


def test_warped_time_is_the_phase_over_the_pitch():
    t = times_s(0.4)
    pitch_hz, sweep_st, sweep_s = 60.0, 18.0, 0.08
    warped = Glide(pitch_hz, sweep_st, sweep_s, 0.0, 0.0).warp(t)
    assert warped == pytest.approx(glide_cycles(t, pitch_hz, sweep_st, sweep_s) / pitch_hz)
    assert np.all(np.diff(warped) > 0.0)
    assert Glide(pitch_hz, sweep_st, sweep_s, 0.0, 0.0).pace(t[1:-1]) == pytest.approx(
        np.gradient(warped, t)[1:-1], rel=0.001
    )
    assert np.array_equal(Glide(pitch_hz, 0.0, sweep_s, 0.0, 0.0).warp(t), t)


@pytest.mark.parametrize(("fast_st", "fast_s"), [(20.0, 0.012), (36.0, 0.005)])
def test_two_falls_are_told_apart(fast_st, fast_s):
    made = Glide(55.0, 24.0, 0.12, 0.0, 0.0, fast_st, fast_s)
    t = times_s(0.5)
    signal = np.sin(2.0 * np.pi * made.pitch_hz * made.warp(t)) * fall(t, 1.0)
    found = fit_two_glides(signal, RATE, cutoff_hz=5000.0, lowest_hz=25.0, highest_hz=200.0)
    assert found is not None
    assert found.pitch_hz == pytest.approx(55.0, rel=0.003)
    cycles = found.warp(t) * found.pitch_hz + found.start_cycles
    error = (cycles - made.warp(t) * 55.0 + 0.5) % 1.0 - 0.5
    assert np.abs(error[RATE // 100 :]).max() < 0.1
    one = fit_glide(signal, RATE, cutoff_hz=5000.0, lowest_hz=25.0, highest_hz=200.0)[0]
    assert found.error_cycles < one.error_cycles


def test_two_falls_need_crossings_enough():
    assert fit_two_glides(np.zeros(1000), RATE, cutoff_hz=5000.0, lowest_hz=25.0, highest_hz=200.0) is None
