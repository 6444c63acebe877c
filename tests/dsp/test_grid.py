"""The time axis: blocks, heads and ramps."""

import numpy as np
import pytest
import torch

from backbeat.dsp import Grid
from oracles import column, make_grid, times_s


@pytest.mark.parametrize("samples", [1, 63, 64, 65, 1000])
@pytest.mark.parametrize("block", [64, 256])
def test_starts_and_steps_tile_the_time_axis(samples, block):
    grid = make_grid(samples, sample_rate=48000.0)
    blocks = grid.block_starts_s(block) + grid.block_steps_s(block)
    assert blocks.shape == (-(-samples // block), block)
    assert blocks.dtype == torch.float64
    np.testing.assert_allclose(grid.join(blocks), times_s(samples, 48000.0), rtol=1e-15, atol=0)


def test_join_lays_blocks_end_to_end():
    grid = make_grid(5)
    assert grid.join(torch.arange(12.0).reshape(2, 2, 3)).tolist() == [[0, 1, 2, 3, 4], [6, 7, 8, 9, 10]]


@pytest.mark.parametrize(("seconds", "samples"), [(0.0, 0), (0.01, 441), (0.010001, 442), (9.0, 1000)])
def test_head_is_the_first_seconds(seconds, samples):
    grid = make_grid(1000, seeds=[3, 4])
    head = grid.head(seconds)
    assert head.samples == samples
    assert (head.sample_rate, head.dtype, head.seeds.tolist()) == (grid.sample_rate, grid.dtype, [3, 4])


@pytest.mark.parametrize("length", [0, 4, 6])
def test_a_head_is_added_to_the_whole(length):
    found = make_grid(6).with_head(torch.full((2, 6), 0.5), torch.ones(2, length))
    assert found.tolist() == [[1.5] * length + [0.5] * (6 - length)] * 2


@pytest.mark.parametrize(("slope", "zero_s"), [(1.0, 0.0), (-3000.0, 0.05), (1e5, 1.9), (-2.0, -0.001), (0.0, 0.3)])
def test_ramp_in_float32_is_accurate_near_its_zero(slope, zero_s):
    samples = 2 * 44100
    t_s = times_s(samples)
    found = make_grid(samples, dtype=torch.float32).ramp(column(slope), column(zero_s))[0].double().numpy()
    expected = slope * (t_s - zero_s)
    # Within a block of the zero the error is that of float32 at a block's rise, whatever the time.
    near = np.abs(t_s - zero_s) < 64 / 44100
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=abs(slope) * 64 / 44100 * 2e-7)
    assert np.abs(found - expected)[near].max(initial=0.0) <= abs(slope) * 64 / 44100 * 2e-7


def test_ramp_gradient():
    grid = make_grid(70, sample_rate=100.0)
    assert torch.autograd.gradcheck(grid.ramp, (column(2.0, -3.0, grad=True), column(0.1, 0.4, grad=True)))


def test_the_device_is_that_of_the_seeds():
    assert Grid(44100.0, 1, torch.zeros(1, dtype=torch.int64, device="meta")).device.type == "meta"


def test_a_grid_ahead_has_whole_long_blocks_and_is_cut_back():
    grid = make_grid(1000)
    longer = grid.ahead(100)
    assert longer.samples == 1280
    signal = torch.arange(1280.0).unsqueeze(0).requires_grad_()
    assert torch.equal(grid.cut(signal), signal[:, :1000])
