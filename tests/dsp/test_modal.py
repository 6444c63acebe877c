"""Banks of modes against a direct float64 sum."""

import numpy as np
import pytest
import torch

from backbeat import dsp
from oracles import damped_sines, decay, error_db, integrated_cycles, make_grid, times_s

RATE = 48000.0
NYQUIST_HZ = 0.5 * RATE
MODES = 24


def bank(modes: int = MODES, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Frequencies, T60s, gains that sum to 1, and start phases."""
    random = np.random.default_rng(seed)
    gain = random.uniform(0.1, 1.0, modes)
    return (
        np.exp(random.uniform(np.log(30.0), np.log(20000.0), modes)),
        random.uniform(0.01, 4.0, modes),
        gain / gain.sum(),
        random.uniform(0.0, 1.0, modes),
    )


def tensors(dtype: torch.dtype, *values: np.ndarray) -> tuple[torch.Tensor, ...]:
    return tuple(torch.tensor(value, dtype=dtype).unsqueeze(0) for value in values)


def rounded(values: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """What float32 makes of the controls, so that the oracle plays the same modes."""
    return tuple(value.astype(np.float32).astype(np.float64) for value in values)


@pytest.mark.parametrize(("dtype", "limit_db"), [(torch.float32, -90.0), (torch.float64, -200.0)])
def test_two_seconds_of_24_modes(dtype, limit_db):
    samples, modes = int(2 * RATE), rounded(bank())
    found = dsp.modal(make_grid(samples, sample_rate=RATE, dtype=dtype), *tensors(dtype, *modes))[0]
    assert found.dtype == dtype
    assert error_db(found, damped_sines(times_s(samples, RATE), *modes)) < limit_db


@pytest.mark.parametrize("samples", [1, 255, 256, 257])
def test_any_length(samples):
    modes = bank()
    found = dsp.modal(make_grid(samples, sample_rate=RATE), *tensors(torch.float64, *modes))[0]
    np.testing.assert_allclose(found, damped_sines(times_s(samples, RATE), *modes), atol=1e-11)


def test_modes_start_at_a_rising_zero_crossing():
    frequency, t60, gain, _ = bank()
    found = dsp.modal(make_grid(500, sample_rate=RATE), *tensors(torch.float64, frequency, t60, gain))[0]
    np.testing.assert_allclose(found, damped_sines(times_s(500, RATE), frequency, t60, gain, 0.0), atol=1e-11)


@pytest.mark.parametrize(
    ("frequency_hz", "share"), [(0.9 * NYQUIST_HZ, 1.0), (0.95 * NYQUIST_HZ, 0.5), (NYQUIST_HZ, 0.0), (1e6, 0.0)]
)
def test_fade_below_nyquist(frequency_hz, share):
    mode = (np.array([frequency_hz]), np.array([0.5]), np.array([1.0]), np.array([0.1]))
    found = dsp.modal(make_grid(2000, sample_rate=RATE), *tensors(torch.float64, *mode))[0]
    np.testing.assert_allclose(found, share * damped_sines(times_s(2000, RATE), *mode), atol=1e-9)


def test_modal_gradient():
    grid = make_grid(300, sample_rate=1000.0)
    controls = tuple(
        torch.tensor(value, dtype=torch.float64).requires_grad_()
        for value in ([[30.0, 200.0], [95.0, 460.0]], [[0.05, 1.0], [0.2, 3.0]], [[1.0, 0.5]] * 2, [[0.1, 0.7]] * 2)
    )
    assert torch.autograd.gradcheck(lambda *c: dsp.modal(grid, *c), controls, fast_mode=True)


class TestSweptModal:
    @pytest.mark.parametrize(("dtype", "limit_db"), [(torch.float32, -90.0), (torch.float64, -160.0)])
    @pytest.mark.parametrize(
        ("depth_st", "sweep_s"), [(0.0, 0.1), (14.0, 0.3), (-12.0, 0.003), (24.0, 1.0), (37.3, 0.395)]
    )
    def test_against_the_integral_of_its_pitch(self, dtype, limit_db, depth_st, sweep_s):
        samples = int(RATE)
        frequency, *rest = bank(12)
        modes = rounded((frequency / 8.0, *rest))
        depth, t60 = tensors(dtype, *rounded((np.array([depth_st]), np.array([sweep_s]))))
        found = dsp.swept_modal(
            make_grid(samples, sample_rate=RATE, dtype=dtype),
            *tensors(dtype, *modes),
            sweep_st=depth,
            sweep_s=t60,
        )[0]
        excess = 2.0 ** (float(depth) / 12.0) - 1.0
        warped_s = integrated_cycles(lambda t: 1.0 + excess * decay(t, float(t60)), samples, RATE)
        t_s = times_s(samples, RATE)
        expected = sum(
            g * decay(t_s, d) * np.sin(2.0 * np.pi * ((f * warped_s + c) % 1.0))
            for f, d, g, c in zip(*modes, strict=True)
        )
        assert error_db(found, expected) < limit_db

    def test_modes_of_one_frequency_do_not_add_up_what_is_left_out(self):
        modes = 192
        controls = [torch.full((1, modes), x) for x in (400.0, 0.8, 0.96 / modes, 0.0)]
        depth, t60 = torch.full((1, 1), 5.0), torch.full((1, 1), 0.2)
        exact, found = (
            dsp.swept_modal(
                make_grid(22050, dtype=dtype),
                *(each.to(dtype) for each in controls),
                sweep_st=depth.to(dtype),
                sweep_s=t60.to(dtype),
            )
            for dtype in (torch.float64, torch.float32)
        )
        # A sum of 8 products a mode rounds to √(8 · 192) half epsilons, -113 dB, and so does its phase; with as much
        # left out of each mode as may be of all, it is -98 dB.
        assert error_db(found[0], exact[0].numpy()) < -105.0

    def test_start_phases_may_have_axes_that_nothing_else_has(self):
        grid, cycles = make_grid(4410), torch.rand(4, 3, dtype=torch.float64)
        controls = [torch.full((1, 3), x, dtype=torch.float64) for x in (300.0, 0.3, 0.2)]
        depth, t60 = (torch.full((1, 1), x, dtype=torch.float64) for x in (14.0, 0.02))
        together = dsp.swept_modal(grid, *controls, cycles, sweep_st=depth, sweep_s=t60)
        for row in range(4):
            alone = dsp.swept_modal(grid, *controls, cycles[row : row + 1], sweep_st=depth, sweep_s=t60)
            torch.testing.assert_close(together[row : row + 1], alone)

    def test_without_a_sweep_it_is_the_plain_bank(self):
        modes = tensors(torch.float64, *bank())
        grid = make_grid(3000, sample_rate=RATE)
        still = torch.zeros(1, 1, dtype=torch.float64)
        found = dsp.swept_modal(grid, *modes, sweep_st=still, sweep_s=still + 0.1)
        np.testing.assert_allclose(found, dsp.modal(grid, *modes), atol=1e-11)

    @pytest.mark.parametrize(("shape", "limit_db"), [(1.0, -180.0), (0.6, -60.0), (1.5, -75.0), (3.0, -60.0)])
    def test_shapes_of_decay(self, shape, limit_db):
        frequency, t60, gain, phase = bank()
        t60 = t60 + 0.05
        samples = int(0.5 * RATE)
        still, shapes = torch.zeros(1, 1, dtype=torch.float64), np.full(MODES, shape)
        found = dsp.swept_modal(
            make_grid(samples, sample_rate=RATE),
            *tensors(torch.float64, frequency, t60, gain, phase),
            sweep_st=still,
            sweep_s=still + 0.1,
            shape=tensors(torch.float64, shapes)[0],
        )[0]
        t_s = times_s(samples, RATE)
        expected = sum(
            g * 1000.0 ** -((t_s / d) ** shape) * np.sin(2.0 * np.pi * (f * t_s + c))
            for f, d, g, c in zip(frequency, t60, gain, phase, strict=True)
        )
        # Below 1 the power begins with an endless slope, which no line follows: not in the first block.
        first = 64 if shape < 1.0 else 0
        assert error_db(found[first:], expected[first:]) < limit_db

    def test_is_silent_while_the_sweep_holds_it_above_nyquist(self):
        one = torch.ones(1, 1, dtype=torch.float64)
        tau_s = 0.2 / np.log(1000.0)
        found = dsp.swept_modal(
            make_grid(int(RATE), sample_rate=RATE),
            10000.0 * one,
            5.0 * one,
            one,
            0.0 * one,
            sweep_st=36.0 * one,
            sweep_s=0.2 * one,
        )[0]
        below_s = tau_s * np.log(7.0 / (NYQUIST_HZ / 10000.0 - 1.0))
        assert found[: int(below_s * RATE) - 64].abs().max() == 0.0
        assert found[int(below_s * RATE) + 6000 :].abs().max() > 0.5

    def test_gradient(self):
        grid = make_grid(140, sample_rate=1000.0)
        values = (
            [[30.0, 150.0], [95.0, 120.0]],
            [[0.05, 1.0], [0.2, 3.0]],
            [[1.0, 0.5]] * 2,
            [[0.1, 0.7]] * 2,
            [[7.0], [-5.0]],
            [[0.05], [0.3]],
            [[0.7, 1.4], [2.5, 1.0]],
        )
        controls = tuple(torch.tensor(value, dtype=torch.float64).requires_grad_() for value in values)
        assert torch.autograd.gradcheck(
            lambda f, d, g, c, depth, t60, p: dsp.swept_modal(grid, f, d, g, c, sweep_st=depth, sweep_s=t60, shape=p),
            controls,
            fast_mode=True,
        )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("frequency_hz", [0.0, 30.0, NYQUIST_HZ, 1e6])
@pytest.mark.parametrize("t60_s", [0.0, 10.0])
@pytest.mark.parametrize("shape", [0.3, 4.0])
def test_everything_is_finite_at_the_corners(dtype, frequency_hz, t60_s, shape):
    values = [[[frequency_hz, 100.0]], [[t60_s, 0.1]], [[1.0, 0.0]], [[0.0, 1.0]], [[48.0]], [[0.0]], [[shape, shape]]]
    f, d, g, c, depth, t60, p = (torch.tensor(value, dtype=dtype).requires_grad_() for value in values)
    grid = make_grid(1000, sample_rate=RATE, dtype=dtype)
    sound = dsp.modal(grid, f, d, g, c) + dsp.swept_modal(grid, f, d, g, c, sweep_st=depth, sweep_s=t60)
    sound = sound + dsp.swept_modal(grid, f, d, g, c, sweep_st=depth, sweep_s=t60, shape=p)
    slopes = torch.autograd.grad(sound.square().sum(), (f, d, g, c, depth, t60, p))
    assert all(torch.isfinite(t).all() for t in (sound, *slopes))
