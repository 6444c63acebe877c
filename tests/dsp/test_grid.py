"""The time axis: times, and straight lines between the control times."""

import numpy as np
import pytest
import torch

from backbeat.dsp import Grid
from oracles import SAMPLE_RATE, make_grid


def test_the_device_is_that_of_the_seeds():
    assert Grid(44100.0, 1, torch.zeros(1, dtype=torch.int64, device="meta")).device.type == "meta"


def test_it_is_float32_unless_told():
    assert Grid(44100.0, 1, torch.zeros(1, dtype=torch.int64)).dtype == torch.float32


def test_numbers_as_a_control():
    found = make_grid(1, dtype=torch.float32).constant(1.0, 2.5)
    assert found.dtype == torch.float32
    assert found.tolist() == [1.0, 2.5]


@pytest.mark.parametrize("samples", [1, 64, 65, 640])
def test_between(samples):
    grid = make_grid(samples)
    points_s = grid.control_times_s()
    levels = torch.rand(2, len(points_s), dtype=torch.float64)
    expected = [np.interp(np.arange(samples) / SAMPLE_RATE, points_s.numpy(), row) for row in levels.numpy()]
    np.testing.assert_allclose(grid.between(levels), expected, atol=1e-12)
