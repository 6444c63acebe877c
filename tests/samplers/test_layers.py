from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbeat.samplers import Layer, SampledKit, SampledPad, Take
from backbeat.samplers.layers import at_most, fewer_layers, reduced, without_holes


def layers_of(ranges, takes=1):
    return tuple(
        Layer(low, high, tuple(Take(Path(f"{number}-{turn}")) for turn in range(takes)))
        for number, (low, high) in enumerate(ranges)
    )


def ranges_of(layers):
    return [(layer.low, layer.high) for layer in layers]


@st.composite
def any_layers(draw):
    count = draw(st.integers(1, 20))
    ends = sorted(draw(st.lists(st.integers(1, 127), min_size=2 * count, max_size=2 * count, unique=True)))
    return layers_of(list(zip(ends[::2], ends[1::2], strict=True)), draw(st.integers(1, 6)))


def plays_once(layers):
    borders = [0, *(layer.high for layer in layers)]
    assert [layer.low for layer in layers] == [below + 1 for below in borders[:-1]]
    assert borders[-1] == 127


@given(any_layers())
def test_every_velocity_plays_one_layer_and_layers_only_grow(layers):
    filled = without_holes(layers)
    plays_once(filled)
    for before, now in zip(layers, filled, strict=True):
        assert now.low <= before.low <= before.high <= now.high
        assert now.takes == before.takes


def test_a_hole_is_shared():
    assert ranges_of(without_holes(layers_of([(10, 20), (41, 60)]))) == [(1, 30), (31, 127)]


@given(any_layers(), st.integers(1, 20))
def test_fewer_layers_play_every_velocity_and_keep_the_loudest(layers, count):
    fewer = fewer_layers(without_holes(layers), count)
    assert len(fewer) == min(count, len(layers))
    plays_once(fewer)
    assert fewer[-1].takes == layers[-1].takes


@given(any_layers(), st.integers(1, 20))
def test_a_pad_has_no_more_samples_than_a_player_reads(layers, samples):
    pad = at_most(SampledPad("pad", 36, 36, layers), samples)
    assert 1 <= sum(len(layer.takes) for layer in pad.layers) <= samples
    plays_once(pad.layers)


@pytest.mark.parametrize(
    ("steps", "takes", "kept"), [(4, 4, (4, 4)), (16, 4, (8, 2)), (16, 1, (16, 1)), (8, 4, (8, 2)), (1, 20, (1, 16))]
)
def test_takes_go_before_layers(steps, takes, kept):
    ends = [round(127 * step / steps) for step in range(steps + 1)]
    ranges = [(low + 1, high) for low, high in pairwise(ends)]
    pad = at_most(SampledPad("pad", 36, 36, layers_of(ranges, takes)), 16)
    assert (len(pad.layers), len(pad.layers[0].takes)) == kept


def test_what_is_left_out_is_said():
    small = SampledPad("small", 36, 36, layers_of([(1, 127)]))
    large = SampledPad("large", 37, 37, layers_of([(1, 60), (61, 127)], 9))
    kit, notes = reduced(SampledKit("kit", (small, large)), 16, "Hydrogen")
    assert [len(pad.layers[0].takes) for pad in kit.pads] == [1, 8]
    assert notes == ("Hydrogen reads 16 samples a pad: layers and takes beyond them were left out of 1 of 2 pads.",)
    assert reduced(SampledKit("kit", (small,)), 16, "Hydrogen")[1] == ()
