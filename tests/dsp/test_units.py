"""Units against their definitions, and back."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from backbeat import dsp

levels_db = st.floats(-120.0, 60.0)
intervals = st.floats(-96.0, 96.0)


def value(x: float) -> torch.Tensor:
    return torch.tensor([x], dtype=torch.float64)


@given(levels_db)
def test_decibels(level_db):
    gain = dsp.db_to_gain(value(level_db))
    assert float(gain) == pytest.approx(10.0 ** (level_db / 20.0), rel=1e-13)
    assert float(dsp.gain_to_db(gain)) == pytest.approx(level_db, abs=1e-12)
    assert float(dsp.gain_to_db(-gain)) == float(dsp.gain_to_db(gain))


@given(intervals)
def test_semitones_and_cents(interval):
    ratio = dsp.semitones_to_ratio(value(interval))
    assert float(ratio) == pytest.approx(2.0 ** (interval / 12.0), rel=1e-13)
    assert float(dsp.ratio_to_semitones(ratio)) == pytest.approx(interval, abs=1e-12)
    assert float(dsp.cents_to_ratio(value(100.0 * interval))) == pytest.approx(float(ratio), rel=1e-13)


@given(st.floats(1e-5, 20.0))
def test_decay_times(t60_s):
    tau = dsp.t60_to_time_constant(value(t60_s))
    assert math.exp(-t60_s / float(tau)) == pytest.approx(1e-3, rel=1e-12)
    assert float(dsp.time_constant_to_t60(tau)) == pytest.approx(t60_s, rel=1e-15)
    assert float(dsp.t60_to_rate(value(t60_s))) == pytest.approx(1.0 / float(tau), rel=1e-12)


@pytest.mark.parametrize("t60_s", [0.0, -1.0])
def test_a_decay_time_of_nothing_has_a_finite_rate(t60_s):
    rate = dsp.t60_to_rate(value(t60_s))
    assert math.isfinite(rate)
    assert math.exp(-float(rate) / 192000.0) < 0.03


def test_silence_has_a_level():
    gain = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    level = dsp.gain_to_db(gain)
    level.backward()
    assert float(level.detach()) == pytest.approx(-200.0)
    assert torch.isfinite(gain.grad)


@pytest.mark.parametrize("convert", [dsp.db_to_gain, dsp.semitones_to_ratio, dsp.cents_to_ratio])
@pytest.mark.parametrize("size", [2, 3, 7, 8, 9, 17])
def test_a_value_does_not_depend_on_its_place_in_the_tensor(convert, size):
    levels = torch.linspace(-60.0, 60.0, size)
    alone = torch.cat([convert(level) for level in levels.split(1)])
    assert torch.equal(convert(levels), alone)


def test_gradients():
    x = torch.tensor([[0.5], [2.0]], dtype=torch.float64, requires_grad=True)
    for convert in (
        dsp.db_to_gain,
        dsp.gain_to_db,
        dsp.semitones_to_ratio,
        dsp.cents_to_ratio,
        dsp.ratio_to_semitones,
        dsp.t60_to_rate,
        dsp.t60_to_time_constant,
        dsp.time_constant_to_t60,
    ):
        assert torch.autograd.gradcheck(convert, (x,))


def test_float32_is_as_accurate_as_float32():
    levels = np.linspace(-80.0, 36.0, 500)
    found = dsp.db_to_gain(torch.tensor(levels, dtype=torch.float32)).double().numpy()
    np.testing.assert_allclose(found, 10.0 ** (levels / 20.0), rtol=2e-6)
