"""What a snare's knobs and parts do."""

import numpy as np
import pytest

import backbeat
from backbeat import Patch
from backbeat.patch import turn
from listening import SAMPLE_RATE, early_db, fall_s, middle_oct, shift_st, wave_of

PRESETS = [each for each in backbeat.presets() if each.startswith("snare/")]

every_preset = pytest.mark.parametrize("name", PRESETS)


def snare(**values: object) -> Patch:
    default = backbeat.preset("snare/tight")
    return Patch(plugin="snare", values={**default.values, "drive_db": -20.0, "gain_db": 0.0, **values})


@every_preset
@pytest.mark.parametrize("amount", [50.0, -33.3])
def test_length_is_how_long_it_lasts(name, amount):
    patch = backbeat.preset(name)
    ratio = fall_s(wave_of(turn(patch, "length", amount), 2.5)) / fall_s(wave_of(patch))
    assert ratio == pytest.approx(1.0 + amount / 100.0, rel=0.12)


@every_preset
@pytest.mark.parametrize("amount", [3, -3])
def test_tune_moves_the_skin(name, amount):
    patch = backbeat.preset(name)
    assert shift_st(wave_of(patch), wave_of(turn(patch, "tune", amount))) == pytest.approx(amount, abs=0.5)


def test_tune_moves_wires_that_are_alone():
    wires = snare(mode_db=(-60.0,) * 3)
    assert middle_oct(wave_of(turn(wires, "tune", 3.0))) - middle_oct(wave_of(wires)) == pytest.approx(0.25, abs=0.08)


@every_preset
def test_snap_lifts_the_first_moments_and_noise_what_is_above_the_skin(name):
    patch = backbeat.preset(name)
    plain, struck, wired = (wave_of(each) for each in (patch, turn(patch, "snap", 6.0), turn(patch, "noise", 6.0)))
    assert early_db(struck) > early_db(plain) + 0.1
    first = SAMPLE_RATE // 100
    bright = [np.square(np.abs(np.fft.rfft(each[first:]))[2 * len(each) // 44 :]).sum() for each in (plain, wired)]
    assert bright[1] > 1.5 * bright[0]


def test_wires_ring_on_along_their_curve():
    quiet = {"mode_db": (-60.0,) * 3, "stick_db": (-60.0,) * 5, "band_db": (0.0,) * 12, "noise_shape": (1.0,) * 2}
    wave = wave_of(snare(**quiet, noise_s=0.3, noise_db=-20.0, band_ratio=(2.0, 1.0, 0.5, 0.5)))
    pieces = [np.fft.rfft(wave[at : at + 4410] * np.hanning(4410)) for at in (1000, 5410)]
    for low, high, t60_s in ((6, 35, 0.6), (700, 1600, 0.15)):  # bins of 10 Hz
        early, late = (np.square(np.abs(piece[low:high])).sum() for piece in pieces)
        assert 10.0 * np.log10(early / late) == pytest.approx(60.0 * 0.1 / t60_s, rel=0.3)


def test_a_gate_ends_it():
    patch = backbeat.preset("snare/gated")
    gate_s = patch.values["gate_s"]
    assert isinstance(gate_s, float)
    gate, wave = round(gate_s * SAMPLE_RATE), wave_of(patch)
    before, after = (np.square(wave[at : at + 441]).mean() for at in (gate - 441, gate + 2205))
    assert 10.0 * np.log10(before / after) > 40.0


@every_preset
def test_two_hits_are_not_one(name):
    patch = backbeat.preset(name)
    waves = [wave_of(Patch(plugin="snare", values=patch.values, seed=seed), 0.5) for seed in (1, 2)]
    audible = np.fft.rfftfreq(len(waves[0]), 1.0 / SAMPLE_RATE) > 2000.0
    high = [np.fft.irfft(np.where(audible, np.fft.rfft(wave), 0.0)) for wave in waves]
    assert abs(np.corrcoef(*high)[0, 1]) < 0.5
