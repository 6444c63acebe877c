"""Saturation: full scale stays full scale, low drive is a straight line, and nothing overflows."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from backbeat import dsp
from backbeat.dsp.clip import soft_unclip
from oracles import column, make_grid, white

CURVES = {dsp.tanh_clip: np.tanh, dsp.soft_clip: lambda x: x / np.sqrt(1.0 + x * x)}
drives_db = st.floats(-40.0, 60.0)
shapers = pytest.mark.parametrize("shaper", CURVES, ids=lambda each: each.name)


def clipped(shaper: Callable[..., Tensor], x: Tensor, *controls: Tensor) -> Tensor:
    return shaper(make_grid(x.shape[-1], dtype=x.dtype), x, *controls)


@shapers
class TestCurve:
    @given(drive_db=drives_db)
    def test_follows_its_equation(self, shaper, drive_db):
        x, gain = 3.0 * white((1, 50)), 10.0 ** (drive_db / 20.0)
        expected = CURVES[shaper](gain * x) / CURVES[shaper](gain)
        np.testing.assert_allclose(clipped(shaper, torch.tensor(x), column(drive_db)), expected, rtol=1e-11)

    @given(drive_db=drives_db)
    def test_keeps_full_scale_and_what_lies_within_it(self, shaper, drive_db):
        x = torch.arange(-100, 101, dtype=torch.float64).unsqueeze(0) / 100.0
        y = clipped(shaper, x, column(drive_db))[0]
        assert float(y[0]) == pytest.approx(-1.0, abs=1e-14)
        assert float(y[100]) == 0.0
        assert float(y[-1]) == pytest.approx(1.0, abs=1e-14)
        assert (y.diff() >= 0.0).all()
        assert (y.abs() >= x[0].abs() - 1e-12).all()

    @given(drive_db=drives_db)
    def test_is_bounded(self, shaper, drive_db):
        gain = 10.0 ** (drive_db / 20.0)
        bound = CURVES[shaper](1e12) / CURVES[shaper](gain)
        x = torch.tensor([[-1e9, -1e3, 1e3, 1e9]], dtype=torch.float64)
        assert clipped(shaper, x, column(drive_db)).abs().max() <= bound * (1.0 + 1e-12)
        narrow = clipped(shaper, x.float(), column(drive_db))
        assert narrow.abs().max() <= bound * (1.0 + 1e-6)

    def test_is_a_straight_line_at_low_drive(self, shaper):
        x = torch.tensor(white((1, 100)))
        np.testing.assert_allclose(clipped(shaper, x, column(-100.0)), x, atol=1e-9)
        np.testing.assert_allclose(clipped(shaper, x.float(), column(-100.0)), x, atol=1e-6)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_is_odd(self, shaper, dtype):
        x = torch.tensor(white((1, 100)), dtype=dtype)
        assert torch.equal(clipped(shaper, -x, column(12.0)), -clipped(shaper, x, column(12.0)))

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    @pytest.mark.parametrize("drive_db", [-60.0, 0.0, 60.0])
    def test_gradient_is_finite_at_any_level(self, shaper, dtype, drive_db):
        x = torch.tensor([[-1e3, -1.0, 0.0, 1e-9, 1.0, 1e3]], dtype=dtype, requires_grad=True)
        drive = column(drive_db, dtype=dtype, grad=True)
        y = clipped(shaper, x, drive)
        slopes = torch.autograd.grad(y.sum(), (x, drive))
        assert all(torch.isfinite(t).all() for t in (y, *slopes))
        assert (slopes[0] >= 0.0).all()


@given(drive_db=drives_db, gain_db=st.floats(-60.0, 12.0))
def test_a_gain_scales_what_was_clipped(drive_db, gain_db):
    x = torch.tensor(white((1, 50)))
    found = clipped(dsp.soft_clip, x, column(drive_db), column(gain_db))
    expected = 10.0 ** (gain_db / 20.0) * clipped(dsp.soft_clip, x, column(drive_db))
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=0.0)


@given(drive_db=st.floats(-40.0, 30.0), level=st.floats(0.0, 1.0))
def test_the_inverse_gives_back_what_was_clipped(drive_db, level):
    x = torch.linspace(-level, level, 101, dtype=torch.float64).unsqueeze(0)
    drive = column(drive_db)
    gain = 10.0 ** (drive_db / 20.0)
    # As far as the inverse is followed: share · y² up to 0.999, that is (g x)² / (1 + (g x)²).
    within = ((gain * x) ** 2 < 900.0).double()
    found = soft_unclip(clipped(dsp.soft_clip, x, drive), drive)
    np.testing.assert_allclose(found * within, x * within, atol=1e-9)


@pytest.mark.parametrize("drive_db", [-20.0, 0.0, 36.0])
def test_what_no_clip_can_reach_is_finite_and_rises(drive_db):
    y = torch.linspace(-100.0, 100.0, 2001, dtype=torch.float64).unsqueeze(0)
    x = soft_unclip(y, column(drive_db))
    assert bool(x.isfinite().all())
    assert bool((x.diff() >= -1e-9).all())
