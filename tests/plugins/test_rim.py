import math

import numpy as np
import pytest
import torch

from backbeat import plugins, preset, presets
from backbeat.patch import Patch, Placement, turn
from backbeat.plugins import Plugin
from backbeat.synth import render

RATE = 44100
PRESETS = [name for name in presets() if name.startswith("rim/")]
every_preset = pytest.mark.parametrize("name", PRESETS)


def rim() -> Plugin:
    return plugins.get("rim")


def sound(patch: Patch, seconds: float = 0.8) -> np.ndarray:
    return patch.render(Placement(RATE, round(seconds * RATE), 0))[0, 0].double().numpy()


def of(**changes: float | tuple[float, ...]) -> np.ndarray:
    table = rim().table
    params = table.normalise({**table.defaults(), **changes}).unsqueeze(0)
    return render(rim(), params, samples=RATE // 2)[0, 0].numpy()


def centroid_hz(signal: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(signal)) ** 2
    return float((power * np.fft.rfftfreq(len(signal), 1.0 / RATE)).sum() / power.sum())


def peak_hz(signal: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(signal, 1 << 18))
    return float(power.argmax() * RATE / (1 << 18))


def test_there_are_presets_and_none_clips():
    assert len(PRESETS) >= 6
    for name in PRESETS:
        assert 0.8 < np.abs(sound(preset(name))).max() < 0.99, name


@every_preset
def test_brightness_moves_the_centroid(name):
    before, up, down = (centroid_hz(sound(turn(preset(name), "brightness", tilt))) for tilt in (0.0, 3.0, -3.0))
    assert up > 1.05 * before
    assert down < 0.96 * before


@every_preset
def test_snap_raises_the_click_alone(name):
    before, after = (sound(turn(preset(name), "snap", by_db)) for by_db in (0.0, 6.0))
    late = round(0.1 * RATE)
    assert np.square(after[:441]).sum() > 1.005 * np.square(before[:441]).sum()
    np.testing.assert_allclose(after[late:], before[late:], atol=1e-3)


def test_tune_moves_modes_and_colours_alike():
    patch = preset("rim/side-stick")
    up = turn(patch, "tune", 12.0)
    for name in ("mode_hz", "click_hz", "band_hz"):
        before, after = (np.array(each.values[name]) for each in (patch, up))
        np.testing.assert_allclose(after, np.minimum(2.0 * before, 16000.0))
    assert peak_hz(sound(turn(preset("rim/808-claves"), "tune", 12.0))) == pytest.approx(5000.0, rel=0.005)


def test_claves_of_the_808_are_at_2500_hz_and_its_rim_shot_at_455_and_1667():
    assert peak_hz(sound(preset("rim/808-claves"))) == pytest.approx(2500.0, rel=0.005)
    signal = sound(preset("rim/808"))
    spectrum = np.abs(np.fft.rfft(signal))
    at = lambda hz: spectrum[round(hz * len(signal) / RATE)]  # noqa: E731
    for found in (455.0, 1667.0):
        assert at(found) > 2.0 * max(at(found * 0.8), at(found * 1.25))


def test_a_band_of_the_noise_has_a_decay_of_its_own_and_steep_sides():
    quiet = {"mode_db": (-60.0,) * 6, "click_db": -60.0, "noise_db": 0.0, "noise_s": 0.4, "drive_db": -20.0}
    alone = {"band_db": (-60.0, 0.0, -60.0, -60.0), "low_cut_hz": 10.0}
    signal = of(**quiet, **alone, band_ratio=(1.0, 0.5, 1.0, 1.0))
    early, late = (np.square(signal[a : a + 2205]).mean() for a in (0, 4410))
    assert 10.0 * math.log10(early / late) == pytest.approx(30.0, abs=4.0)  # 60 dB in 0.2 s
    power = np.abs(np.fft.rfft(of(**quiet, **alone))) ** 2
    low, high = (power[round(hz / 2.0) - 100 : round(hz / 2.0) + 100].mean() for hz in (4000.0, 8000.0))
    assert 10.0 * math.log10(low / high) == pytest.approx(12.0, abs=3.0)


def test_noise_is_another_with_every_seed():
    params = rim().table.normalise(preset("rim/side-stick").values).float().expand(2, -1)
    first, second = render(rim(), params, samples=4410, seed=torch.tensor([0, 1]))[:, 0]
    apart = (first - second).square().sum() / first.square().sum()
    assert 0.02 < float(apart) < 2.0
