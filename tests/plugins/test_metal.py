"""What is particular to the hat and the cymbal."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from backbeat import plugins, preset
from backbeat.patch import Patch, Placement, from_params, turn

RATE = 44_100


def made(name: str, **values: object) -> Patch:
    table = plugins.get(name).table
    return from_params(plugins.get(name), table.normalise({**table.defaults(), **values}), name="made", seed=0)


def played(patch: Patch, seconds: float = 1.0) -> Tensor:
    return patch.render(Placement(RATE, round(seconds * RATE)))[0, 0].double()


def energy_db(sound: Tensor) -> float:
    return 10.0 * math.log10(float(sound.square().sum()) + 1e-20)


def fall_s(sound: Tensor) -> float:
    """From -5 to -25 dB of the energy that is still to come."""
    left = sound.square().flip(0).cumsum(0).flip(0)
    level_db = 10.0 * (left / left[0] + 1e-20).log10()
    first, last = (int((level_db < limit).int().argmax()) for limit in (-5.0, -25.0))
    return (last - first) / RATE


def octave_db(sound: Tensor, low_hz: float) -> float:
    power = torch.fft.rfft(sound).abs().square()
    hz = torch.fft.rfftfreq(len(sound), 1.0 / RATE)
    return 10.0 * math.log10(float(power[(hz >= low_hz) & (hz < 2.0 * low_hz)].sum()) + 1e-20)


def test_a_hat_rings_longer_the_further_the_pedal_is_up():
    settings = {"closed_s": 0.2, "open_ratio": 8.0, "stick_db": -60.0, "bell_db": -60.0, "noise_shape": 1.0}
    falls = [fall_s(played(made("hat", open=open_, **settings), 3.0)) for open_ in (0.25, 0.625, 1.0)]
    third_s = 20.0 / 60.0  # of a T60, 20 dB
    assert falls == pytest.approx([third_s * 0.2, third_s * 0.2 * 8.0**0.5, third_s * 1.6], rel=0.1)


def test_a_knob_opens_a_hat_that_the_foot_holds_shut():
    shut = made("hat", open=0.0)
    halfway = turn(shut, "open", 0.5)
    assert halfway.values["open"] == 0.5
    assert fall_s(played(halfway, 2.0)) > 1.5 * fall_s(played(shut, 2.0))


def test_a_foot_alone_swells_and_a_closed_hat_is_struck():
    foot, closed = (played(made("hat", open=open_), 0.2).square() for open_ in (0.0, 0.25))
    begin, later = slice(0, 220), slice(660, 1320)
    assert foot[begin].mean() < 0.1 * foot[later].mean()
    assert closed[begin].mean() > 2.0 * closed[later].mean()


def test_a_band_of_a_hat_falls_in_its_own_time():
    settings = {"open": 0.25, "closed_s": 0.4, "metal_db": -60.0, "bell_db": -60.0, "stick_db": -60.0}
    bands = {"band_hz": (300.0, 1000.0, 3000.0, 9000.0, 14000.0), "band_db": (-60.0, 0.0, -60.0, 0.0, -60.0)}
    plain = made("hat", band_ratio=(1.0,) * 5, highpass_hz=40.0, **settings, **bands)
    slow = replace(plain, values={**plain.values, "band_ratio": (1.0, 2.0, 1.0, 1.0, 1.0)})
    low, high = (octave_db(played(slow)[8820:], hz) - octave_db(played(plain)[8820:], hz) for hz in (800.0, 8000.0))
    assert low > 10.0
    assert abs(high) < 3.0


def test_squares_without_noise_are_the_same_with_any_seed_and_noise_is_not():
    squares = made("hat", metal_db=0.0, noise_db=-60.0)
    noise = made("hat", metal_db=-60.0, noise_db=-6.0)
    for patch, alike in ((squares, True), (noise, False)):
        one, other = (played(replace(patch, seed=seed), 0.3) for seed in (0, 1))
        correlation = float((one * other).sum() / (one.norm() * other.norm()))
        assert (correlation > 0.95) is alike


def test_the_bands_of_a_808_cymbal_fall_apart():
    """The high one at once, the low one slowly."""
    sound = played(preset("cymbal/808"), 2.0)
    early, late = sound[: RATE // 4], sound[RATE : RATE + RATE // 4]
    low, high = (octave_db(early, hz) - octave_db(late, hz) for hz in (2400.0, 6500.0))
    assert high > low + 5.0


def test_a_crash_swells_behind_its_stick():
    settings = {"stick_db": -60.0, "bell_db": (-80.0,) * 4}
    at_once, later = (played(made("cymbal", swell_s=swell_s, **settings), 0.2) for swell_s in (0.0, 0.1))
    assert energy_db(at_once[:441]) - energy_db(later[:441]) > 12.0
    assert int(later.abs().argmax()) > 0.02 * RATE
    struck = played(made("cymbal", swell_s=0.1, stick_db=0.0, bell_db=(-80.0,) * 4), 0.2)
    assert energy_db(struck[:441]) - energy_db(later[:441]) > 10.0


@pytest.mark.parametrize("name", ["hat/acoustic-open", "cymbal/ride", "cymbal/crash"])
def test_length_is_true(name):
    patch = preset(name)
    plain = fall_s(played(patch, 8.0))
    for percent in (50.0, -100.0 / 3.0):
        turned = fall_s(played(turn(patch, "length", percent), 8.0))
        assert turned / plain == pytest.approx(1.0 + percent / 100.0, rel=0.12)


def test_bell_and_noise_of_a_ride_are_turned_apart():
    patch = preset("cymbal/ride")
    bell_hz = patch.values["bell_hz"][2]

    def bell_db(of: Patch) -> float:
        spectrum, hz = torch.fft.rfft(played(of)).abs(), torch.fft.rfftfreq(RATE, 1.0 / RATE)
        near = (hz > bell_hz - 4.0) & (hz < bell_hz + 4.0)
        return 20.0 * math.log10(float(spectrum[near].max()))

    assert bell_db(turn(patch, "bell", 6.0)) - bell_db(patch) == pytest.approx(6.0, abs=1.0)
    assert bell_db(turn(patch, "noise", 6.0)) - bell_db(patch) == pytest.approx(0.0, abs=1.0)
