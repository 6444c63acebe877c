"""Waveshapers: full scale stays full scale, low drive is a straight line, and nothing overflows."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from backbeat import dsp
from oracles import column, white

CURVES = {
    dsp.tanh_clip: np.tanh,
    dsp.arctan_clip: np.arctan,
    dsp.soft_clip: lambda x: x / np.sqrt(1.0 + x * x),
}
drives_db = st.floats(-40.0, 60.0)

pytestmark = pytest.mark.parametrize("shaper", CURVES)


@given(drive_db=drives_db)
def test_follows_its_equation(shaper, drive_db):
    x, gain = 3.0 * white((1, 50)), 10.0 ** (drive_db / 20.0)
    expected = CURVES[shaper](gain * x) / CURVES[shaper](gain)
    np.testing.assert_allclose(shaper(torch.tensor(x), column(drive_db)), expected, rtol=1e-11)


@given(drive_db=drives_db)
def test_keeps_full_scale_and_what_lies_within_it(shaper, drive_db):
    x = torch.arange(-100, 101, dtype=torch.float64).unsqueeze(0) / 100.0
    y = shaper(x, column(drive_db))[0]
    assert float(y[0]) == pytest.approx(-1.0, abs=1e-14)
    assert float(y[100]) == 0.0
    assert float(y[-1]) == pytest.approx(1.0, abs=1e-14)
    assert (y.diff() >= 0.0).all()
    assert (y.abs() >= x[0].abs() - 1e-12).all()


@given(drive_db=drives_db)
def test_is_bounded(shaper, drive_db):
    gain = 10.0 ** (drive_db / 20.0)
    bound = CURVES[shaper](1e12) / CURVES[shaper](gain)
    x = torch.tensor([[-1e9, -1e3, 1e3, 1e9]], dtype=torch.float64)
    assert shaper(x, column(drive_db)).abs().max() <= bound * (1.0 + 1e-12)


def test_is_a_straight_line_at_low_drive(shaper):
    x = torch.tensor(white((1, 100)))
    np.testing.assert_allclose(shaper(x, column(-100.0)), x, atol=1e-9)


def test_is_odd(shaper):
    x = torch.tensor(white((1, 100)))
    assert torch.equal(shaper(-x, column(12.0)), -shaper(x, column(12.0)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("drive_db", [-60.0, 0.0, 60.0])
def test_gradient_is_finite_at_any_level(shaper, dtype, drive_db):
    x = torch.tensor([[-1e3, -1.0, 0.0, 1e-9, 1.0, 1e3]], dtype=dtype, requires_grad=True)
    drive = column(drive_db, dtype=dtype, grad=True)
    y = shaper(x, drive)
    slopes = torch.autograd.grad(y.sum(), (x, drive))
    assert all(torch.isfinite(t).all() for t in (y, *slopes))
    assert (slopes[0] >= 0.0).all()


def test_gradient(shaper):
    x = torch.tensor(2.0 * white((2, 9)), requires_grad=True)
    assert torch.autograd.gradcheck(shaper, (x, column(-6.0, 9.0, grad=True)))
