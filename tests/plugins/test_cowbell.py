import numpy as np
import pytest

from backbeat import plugins, preset, presets
from backbeat.parameters import EXTRA, MODES
from backbeat.patch import Patch, Placement, turn

RATE = 44100
PRESETS = [name for name in presets() if name.startswith("cowbell/")]
every_preset = pytest.mark.parametrize("name", PRESETS)


def sound(patch: Patch, seconds: float = 1.5) -> np.ndarray:
    return patch.render(Placement(RATE, round(seconds * RATE), 0))[0, 0].double().numpy()


def centroid_hz(signal: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(signal)) ** 2
    return float((power * np.fft.rfftfreq(len(signal), 1.0 / RATE)).sum() / power.sum())


def levels_db(signal: np.ndarray, *hz: float) -> list[float]:
    """Of spectral lines, the highest within 10 Hz."""
    spectrum = np.abs(np.fft.rfft(signal * np.hanning(len(signal)), RATE))
    return [float(20.0 * np.log10(spectrum[round(each) - 10 : round(each) + 11].max())) for each in hz]


def fall_s(signal: np.ndarray) -> float:
    """Between -5 and -25 dB of the energy that is left."""
    left = np.square(signal[np.abs(signal).argmax() + 441 :])[::-1].cumsum()[::-1]
    return float((left / left[0] > 10.0**-2.5).sum() - (left / left[0] > 10.0**-0.5).sum()) / RATE


def test_there_are_presets_and_none_clips():
    assert len(PRESETS) >= 6
    for name in PRESETS:
        assert 0.8 < np.abs(sound(preset(name))).max() < 0.99, name


def test_that_of_the_808_is_odd_harmonics_of_540_and_800_hz_through_a_band():
    first, second, third, even, ninth = levels_db(sound(preset("cowbell/808")), 540.0, 800.0, 1620.0, 1080.0, 4860.0)
    assert abs(first - second) < 6.0
    assert third > even + 20.0
    assert ninth < first - 24.0


def test_squares_fall_in_two_stages():
    signal = sound(preset("cowbell/808"))
    rms = [np.sqrt(np.square(signal[round(at * RATE) :][:1764]).mean()) for at in (0.0, 0.04, 0.2, 0.24)]
    assert rms[0] / rms[1] > 1.2 * rms[2] / rms[3]


@every_preset
def test_length_and_brightness_are_true(name):
    patch = preset(name)
    plain = sound(patch, 6.0)
    for percent in (50.0, -100.0 / 3.0):
        longer = fall_s(sound(turn(patch, "length", percent), 6.0)) / fall_s(plain)
        assert longer == pytest.approx(1.0 + percent / 100.0, rel=0.12)
    up, down = (centroid_hz(sound(turn(patch, "brightness", tilt), 6.0)) for tilt in (3.0, -3.0))
    assert up > 1.05 * centroid_hz(plain)
    assert down < 0.95 * centroid_hz(plain)


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "cowbell/triangle"])  # of many alike
def test_tune_moves_the_loudest_line(name):
    patch = preset(name)
    lines = [np.abs(np.fft.rfft(sound(turn(patch, "tune", by_st)), 1 << 18)).argmax() for by_st in (0.0, 3.0)]
    assert lines[1] / lines[0] == pytest.approx(2.0 ** (3.0 / 12.0), rel=0.01)


def test_a_match_begins_with_modes_and_without_squares():
    table = plugins.get("cowbell").table
    assert table["square_db"].role is EXTRA.level_db
    assert table["mode_hz"].role is MODES.hz
