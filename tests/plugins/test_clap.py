import numpy as np
import pytest

from backbeat import plugins, preset, presets
from backbeat.matching.starts import propose
from backbeat.patch import Patch, Placement, turn

RATE = 44100
PRESETS = [name for name in presets() if name.startswith("clap/")]
every_preset = pytest.mark.parametrize("name", PRESETS)


def sound(patch: Patch, seconds: float = 1.5) -> np.ndarray:
    return patch.render(Placement(RATE, round(seconds * RATE), 0))[0, 0].double().numpy()


def centroid_hz(signal: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(signal)) ** 2
    return float((power * np.fft.rfftfreq(len(signal), 1.0 / RATE)).sum() / power.sum())


def energy_db(signal: np.ndarray) -> float:
    return float(10.0 * np.log10(np.square(signal).sum()))


@every_preset
def test_brightness_moves_the_centroid_either_way(name):
    before, up, down = (centroid_hz(sound(turn(preset(name), "brightness", tilt))) for tilt in (0.0, 3.0, -3.0))
    assert up > 1.05 * before
    assert down < 0.95 * before


@every_preset
def test_noise_raises_the_tail_against_the_hands(name):
    before, after = (sound(turn(preset(name), "noise", by_db)) for by_db in (0.0, 6.0))
    late = [energy_db(each[6615:]) - energy_db(each[:2205]) for each in (before, after)]
    assert late[1] > late[0] + 2.5


def test_tune_moves_every_band():
    before, after = (turn(preset("clap/808"), "tune", by_st).values["band_hz"] for by_st in (0.0, 12.0))
    np.testing.assert_allclose(after, 2.0 * np.array(before))


@pytest.mark.parametrize("name", ["808", "909", "room"])
def test_a_match_begins_with_the_times_of_the_hands(name):
    patch = preset(f"clap/{name}")
    signal = sound(patch)
    first = propose(plugins.get("clap"), signal / np.abs(signal).max(), RATE, 1.0)[0]
    np.testing.assert_allclose(first["burst_s"], patch.values["burst_s"], atol=0.0025)
    loudness = [np.argmax(each["burst_db"]) for each in (first, patch.values)]
    assert abs(loudness[0] - loudness[1]) <= 1
