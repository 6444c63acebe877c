"""The soft clip with a gain, and its inverse."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from backbeat import dsp
from oracles import column, white


@given(drive_db=st.floats(-40.0, 30.0), level=st.floats(0.0, 1.0))
def test_gives_back_what_was_clipped(drive_db, level):
    x = torch.linspace(-level, level, 101, dtype=torch.float64).unsqueeze(0)
    drive = column(drive_db)
    gain = 10.0 ** (drive_db / 20.0)
    # As far as the inverse is followed: share · y² up to 0.999, that is (g x)² / (1 + (g x)²).
    within = ((gain * x) ** 2 < 900.0).double()
    np.testing.assert_allclose(dsp.soft_unclip(dsp.soft_clip(x, drive), drive) * within, x * within, atol=1e-9)


@pytest.mark.parametrize("drive_db", [-20.0, 0.0, 36.0])
def test_what_no_clip_can_reach_is_finite_and_rises(drive_db):
    y = torch.linspace(-100.0, 100.0, 2001, dtype=torch.float64).unsqueeze(0)
    x = dsp.soft_unclip(y, column(drive_db))
    assert bool(x.isfinite().all())
    assert bool((x.diff() >= -1e-9).all())


@given(drive_db=st.floats(-40.0, 60.0), gain_db=st.floats(-60.0, 12.0))
def test_a_gain_scales_what_was_clipped(drive_db, gain_db):
    x = torch.tensor(white((1, 50)))
    found = dsp.soft_clip(x, column(drive_db), column(gain_db))
    expected = 10.0 ** (gain_db / 20.0) * dsp.soft_clip(x, column(drive_db))
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=0.0)
