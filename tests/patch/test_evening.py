"""A morph is heard evenly: it lies between both ends in pitch, length, brightness and level."""

import math
from dataclasses import replace
from itertools import combinations, groupby

import numpy as np
import pytest

from backbeat import plugins
from backbeat.dsp.measures import centroid_hz, decay_time_s, strongest_hz
from backbeat.patch import Placement, mix, morph, preset, presets, resize
from thinning import a_third

RATE, SEEDS = 44100, 8
PAIRS = [
    pair
    for _, same in groupby(presets(), key=lambda name: name.split("/")[0])
    for pair in list(combinations(same, 2))[::7]
]


def sounds(patch, seconds):
    place = Placement(RATE, round(seconds * RATE))
    return np.stack([replace(patch, seed=patch.seed + k).sound(place) for k in range(SEEDS)]).astype(np.float64)


def heard(patch, seconds):
    """Length in seconds, centroid in Hz, and energy in dB."""
    found = sounds(patch, seconds)
    power = np.square(found).mean(0)
    return decay_time_s(power, RATE), centroid_hz(found, RATE), 10.0 * math.log10(power.sum())


def seconds_of(*patches):
    return max(each.natural_placement().samples for each in patches) / RATE


@pytest.mark.parametrize("pair", a_third(PAIRS), ids="-".join)
@pytest.mark.parametrize("amount", [0.25, 0.5])
def test_length_and_brightness_lie_between(pair, amount):
    first, second = map(preset, pair)
    between = morph(first, second, amount)
    lasting = seconds_of(first, between, second)
    ends, found = [heard(each, lasting) for each in (first, second)], heard(between, lasting)
    for before, middle, after in list(zip(ends[0], found, ends[1], strict=True))[:2]:
        low, high = sorted((before, after))
        assert 0.95 * low <= middle <= 1.05 * high
        assert middle == pytest.approx(before ** (1.0 - amount) * after**amount, rel=0.15)
    assert found[2] < max(each[2] for each in ends) + 0.5


def kick(**values):
    classic = preset("kick/classic")
    return replace(classic, values={**classic.values, "noise_db": -60.0, "click_db": (-60.0,) * 4, **values})


def test_a_gate_and_a_decay_that_stand_in_for_each_other():
    gated = kick(decay_s=6.0, hold_s=0.02, gate_s=0.15, release_s=0.02)
    decaying = kick(decay_s=0.25, hold_s=0.02, gate_s=2.0, release_s=3.0)
    lasting = seconds_of(gated, decaying, mix(gated, decaying, 0.5))
    ends = [heard(each, lasting)[0] for each in (gated, decaying)]
    assert heard(mix(gated, decaying, 0.5), lasting)[0] > 1.2 * max(ends)
    assert min(ends) < 1.05 * heard(morph(gated, decaying, 0.5), lasting)[0] < 1.1 * max(ends)


def pitch_hz(patch):
    settled = sounds(patch, 0.5).mean(0)[round(0.1 * RATE) :]
    hz, _ = strongest_hz(settled, RATE, 25.0, 500.0)
    return hz


def test_a_sweep_that_has_not_settled_does_not_take_the_pitch_below_both_ends():
    still = kick(pitch_hz=55.0, sweep_st=0.0, click_sweep_st=0.0, hold_s=0.2)
    sweeping = kick(pitch_hz=25.0, sweep_st=24.0, sweep_s=1.2, click_sweep_st=0.0, hold_s=0.2)
    ends = sorted(pitch_hz(each) for each in (still, sweeping))
    assert pitch_hz(mix(still, sweeping, 0.5)) < 0.97 * ends[0]
    assert 0.97 * ends[0] <= pitch_hz(morph(still, sweeping, 0.5)) <= 1.03 * ends[1]


@pytest.mark.parametrize("name", ["kick/909", "cymbal/ride", "clap/808"])
def test_between_a_patch_and_itself_lies_that_patch(name):
    patch = preset(name)
    assert morph(patch, patch, 0.3).values == mix(patch, patch, 0.3).values


def test_ends_are_the_mix():
    first, second = preset("tom/808"), preset("tom/djembe")
    for amount in (0.0, 1.0):
        assert morph(first, second, amount) == mix(first, second, amount)


def test_there_and_back_is_the_same_way():
    first, second = preset("snare/808"), preset("snare/brush")
    there, back = morph(first, second, 0.25), morph(second, first, 0.75)
    np.testing.assert_allclose(there.positions(), back.positions(), atol=1e-9)


def test_a_detail_moves_with_its_voice():
    dry, wet = preset("kick/909"), preset("kick/acoustic")
    plugin = plugins.get("kick", detail_partials=2, detail_bands=3)
    detailed = resize(wet, plugin)
    levels = {"detail_hz": (300.0, 900.0), "detail_db": (-12.0, -14.0), "detail_s": (2.0, 2.0)}
    detailed = replace(detailed, values={**detailed.values, **levels})
    between = morph(dry, detailed, 0.5)
    lasting = seconds_of(dry, between, detailed)
    before, found, after = (heard(each, lasting) for each in (dry, between, detailed))
    for k in range(2):
        assert 0.95 * min(before[k], after[k]) <= found[k] <= 1.05 * max(before[k], after[k])


def test_no_peak_is_higher_than_that_of_the_higher_end():
    first, second = preset("hat/tight"), preset("hat/acoustic-open")
    between = morph(first, second, 0.5)
    lasting = seconds_of(first, between, second)
    before, found, after = (np.abs(sounds(each, lasting)).max() for each in (first, between, second))
    assert found <= 1.1 * max(before, after)


@pytest.mark.parametrize("hz", [40.0, 181.3, 1000.0])
def test_the_strongest_partial(hz):
    t = np.arange(RATE // 4) / RATE
    two = np.sin(2.0 * np.pi * hz * t) + 0.3 * np.sin(2.0 * np.pi * 2900.0 * t)
    found, share = strongest_hz(two, RATE, 25.0, 1500.0)
    assert found == pytest.approx(hz, rel=0.003)
    assert share == pytest.approx(1.0 / 1.09, rel=0.01)
