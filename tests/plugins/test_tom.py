"""What a tom's knobs and parts do."""

import numpy as np
import pytest

import backbeat
from backbeat import Patch, plugins
from backbeat.patch import turn
from listening import SAMPLE_RATE, centroid_hz, early_db, fall_s, shift_st, wave_of

PRESETS = [each for each in backbeat.presets() if each.startswith("tom/")]

every_preset = pytest.mark.parametrize("name", PRESETS)


def lone_mode(**values: object) -> Patch:
    quiet = {"mode_db": (0.0,) + (-60.0,) * 5, "stick_db": (-60.0,) * 4, "noise_db": -60.0, "drive_db": -20.0}
    return Patch(plugin="tom", values={**backbeat.preset("tom/mid").values, **quiet, **values})


def pitch_hz(patch: Patch, from_s: float, seconds: float = 0.06) -> float:
    """Of the strongest partial of a part of the sound."""
    piece = wave_of(patch)[round(from_s * SAMPLE_RATE) :][: round(seconds * SAMPLE_RATE)]
    return int(np.abs(np.fft.rfft(piece * np.hanning(len(piece)), 1 << 18)).argmax()) * SAMPLE_RATE / (1 << 18)


@every_preset
@pytest.mark.parametrize("amount", [50.0, -33.3])
def test_length_is_how_long_it_lasts(name, amount):
    patch = backbeat.preset(name)
    ratio = fall_s(wave_of(turn(patch, "length", amount), 3.0)) / fall_s(wave_of(patch, 2.0))
    assert ratio == pytest.approx(1.0 + amount / 100.0, rel=0.12)


@every_preset
@pytest.mark.parametrize("amount", [3, -3])
def test_tune_moves_all_of_it(name, amount):
    patch = backbeat.preset(name)
    assert shift_st(wave_of(patch), wave_of(turn(patch, "tune", amount))) == pytest.approx(amount, abs=0.5)


@every_preset
def test_snap_lifts_the_first_moments_and_brightness_the_treble(name):
    patch = backbeat.preset(name)
    plain, struck = (wave_of(each) for each in (patch, turn(patch, "snap", 6.0)))
    assert early_db(struck) > early_db(plain) + 0.1
    dark, bright = (centroid_hz(wave_of(turn(patch, "brightness", amount))) for amount in (-3.0, 3.0))
    assert 1.05 * dark < centroid_hz(plain) < bright / 1.05


def test_a_hard_stroke_glides_down_and_a_tabla_bends_up():
    falling, rising = lone_mode(mode_hz=(120.0,) * 6, sweep_st=7.0, sweep_s=0.2), lone_mode(sweep_st=-5.0, sweep_s=0.5)
    assert 12.0 * np.log2(pitch_hz(falling, 0.0) / 120.0) > 1.5
    assert pitch_hz(falling, 0.3) == pytest.approx(120.0, rel=0.01)
    assert pitch_hz(rising, 0.3) > 1.1 * pitch_hz(rising, 0.0)
    assert pitch_hz(turn(falling, "sweep", -100.0), 0.0) == pytest.approx(120.0, rel=0.02)


def test_modes_are_those_of_a_membrane_by_default():
    mode_hz = plugins.get("tom").table["mode_hz"].default
    zeros = np.array([2.4048, 3.8317, 5.1356, 5.5201, 6.3802, 7.0156])  # of Bessel functions
    np.testing.assert_allclose(np.array(mode_hz) / mode_hz[0], zeros / zeros[0], atol=2e-3)
