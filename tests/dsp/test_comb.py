"""The comb resonator against a loop over samples, and for any delay against its echoes one by one."""

import numpy as np
import pytest
import torch

from backbeat import dsp
from oracles import SAMPLE_RATE, column, comb_echoes, comb_loop, error_db, make_grid, white

SAMPLES = 4000


def burst(samples: int, seed: int = 0) -> np.ndarray:
    """A noise burst with silence behind it, full scale."""
    return white((samples,), seed) * 0.99 ** np.arange(samples)


def pulse(center_hz: float, at_s: float = 0.006, width_s: float = 0.0006):
    """A band-limited pulse that can be read at any time."""

    def read(t_s: np.ndarray) -> np.ndarray:
        return np.exp(-0.5 * ((t_s - at_s) / width_s) ** 2) * np.cos(2.0 * np.pi * center_hz * (t_s - at_s))

    return read


def comb(x: np.ndarray, frequency_hz: float, *loop: float, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    grid = make_grid(len(x), dtype=dtype)
    controls = (column(value, dtype=dtype) for value in (frequency_hz, *loop))
    return dsp.comb(grid, torch.tensor(x, dtype=dtype).unsqueeze(0), *controls)[0]


@pytest.mark.parametrize("delay", [10, 63, 441, 1470, 3999, 4001])
@pytest.mark.parametrize("feedback", [0.0, 0.5, 0.98])
@pytest.mark.parametrize("damping_hz", [(10.0, 18000.0), (40.0, 4000.0), (2000.0, 100.0)])
def test_against_a_loop_over_samples(delay, feedback, damping_hz):
    x = burst(SAMPLES)
    found = comb(x, SAMPLE_RATE / delay, feedback, *damping_hz)
    assert error_db(found, comb_loop(x, delay, feedback, *damping_hz)) < -100.0


@pytest.mark.parametrize("delay", [11, 441])
@pytest.mark.parametrize("feedback", [0.5, 0.98])
@pytest.mark.parametrize("damping_hz", [(10.0, 18000.0), (14.8, 412.0), (40.0, 4000.0)])
def test_float32_keeps_its_accuracy_at_low_frequencies(delay, feedback, damping_hz):
    x = np.sin(2.0 * np.pi * 35.0 * np.arange(SAMPLES) / SAMPLE_RATE)
    loop = [float(np.float32(value)) for value in (feedback, *damping_hz)]
    expected = comb_loop(x, delay, *loop)
    found = comb(x, SAMPLE_RATE / delay, *loop, dtype=torch.float32)
    assert found.dtype == torch.float32
    assert error_db(found / np.abs(expected).max(), expected / np.abs(expected).max()) < -80.0


@pytest.mark.parametrize("frequency_hz", [30.7, 133.3, 997.13, 3333.3])
def test_any_delay_against_its_echoes(frequency_hz):
    loop = (0.9, 40.0, 6000.0)
    sound = pulse(2000.0)
    found = comb(sound(np.arange(SAMPLES) / SAMPLE_RATE), frequency_hz, *loop)
    assert error_db(found, comb_echoes(sound, SAMPLES, 1.0 / frequency_hz, *loop)) < -90.0


def test_it_resonates_at_its_frequency():
    impulse = np.zeros(1 << 15)
    impulse[100] = 1.0
    spectrum = np.abs(np.fft.rfft(comb(impulse, 500.5, 0.95, 10.0, 18000.0).numpy(), 1 << 18))
    around = slice(int(400 * (1 << 18) / SAMPLE_RATE), int(600 * (1 << 18) / SAMPLE_RATE))
    peak_hz = (around.start + spectrum[around].argmax()) * SAMPLE_RATE / (1 << 18)
    # The loop's filters turn the phase a little at 500 Hz: by about 6 of its 88 samples of delay in 1,000.
    assert peak_hz == pytest.approx(500.5, rel=0.01)


def test_nothing_sounds_before_its_cause():
    impulse = np.zeros(SAMPLES)
    impulse[1000] = 1.0
    found = comb(impulse, SAMPLE_RATE / 300, 0.9, 40.0, 8000.0)
    assert found[:1000].abs().max() < 1e-9
    assert float(found[1000]) == pytest.approx(1.0, abs=1e-9)
    assert found[1001:1300].abs().max() < 1e-9
    assert found[1300:].abs().max() > 0.1


def test_without_feedback_it_changes_nothing():
    x = burst(SAMPLES)
    np.testing.assert_allclose(comb(x, 200.0, 0.0, 40.0, 4000.0), x, atol=1e-9)


def test_every_item_has_its_own_loop_and_bits():
    x = torch.tensor(np.stack([burst(SAMPLES, seed) for seed in range(3)]), dtype=torch.float32)
    grid = make_grid(SAMPLES, dtype=torch.float32)
    controls = [
        column(*values, dtype=torch.float32)
        for values in ([100.0, 250.0, 1000.0], [0.5, 0.9, 0.1], [10.0, 40.0, 900.0], [900.0, 4000.0, 18000.0])
    ]
    batch = dsp.comb(grid, x, *controls)
    for k in range(3):
        assert torch.equal(dsp.comb(grid, x[k : k + 1], *(c[k : k + 1] for c in controls))[0], batch[k])


class TestGradient:
    def test_of_everything(self):
        grid = make_grid(60, sample_rate=1000.0)
        x = torch.tensor(white((2, 60)), requires_grad=True)
        controls = (
            column(40.0, 111.1, grad=True),
            column(0.5, 0.9, grad=True),
            column(5.0, 20.0, grad=True),
            column(400.0, 90.0, grad=True),
        )
        assert torch.autograd.gradcheck(lambda *c: dsp.comb(grid, *c), (x, *controls), fast_mode=True)

    def test_of_the_frequency_is_that_of_the_echoes(self):
        sound, loop, step_hz = pulse(1000.0), (0.8, 40.0, 5000.0), 1e-3
        x = torch.tensor(sound(np.arange(SAMPLES) / SAMPLE_RATE)).unsqueeze(0)
        weights = white((SAMPLES,), seed=5)
        frequency = column(207.3, grad=True)
        y = dsp.comb(make_grid(SAMPLES), x, frequency, *(column(value) for value in loop))
        (slope,) = torch.autograd.grad((y[0] * torch.tensor(weights)).sum(), frequency)
        up, down = (weights @ comb_echoes(sound, SAMPLES, 1.0 / (207.3 + step), *loop) for step in (step_hz, -step_hz))
        assert float(slope) == pytest.approx((up - down) / (2.0 * step_hz), rel=1e-4)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    @pytest.mark.parametrize("frequency_hz", [30.0, 4000.0])
    @pytest.mark.parametrize("feedback", [0.0, 0.14, 0.98])
    @pytest.mark.parametrize("damping_hz", [(10.0, 18000.0), (2000.0, 100.0), (10.0, 1e6)])
    def test_is_finite_at_every_corner(self, dtype, frequency_hz, feedback, damping_hz):
        controls = [column(value, dtype=dtype, grad=True) for value in (frequency_hz, feedback, *damping_hz)]
        x = torch.tensor(burst(SAMPLES), dtype=dtype).unsqueeze(0)
        for signal in (x, 0.0 * x):  # of 0.14, the last echo is among the subnormal numbers
            y = dsp.comb(make_grid(SAMPLES, dtype=dtype), signal, *controls)
            slopes = torch.autograd.grad(y.square().sum(), controls)
            assert all(torch.isfinite(t).all() for t in (y, *slopes))


def test_gradients_have_gradients():
    grid, weights = make_grid(300, dtype=torch.float32), torch.tensor(white((300,)), dtype=torch.float32)
    signal = torch.tensor(white((1, 300), seed=2), dtype=torch.float32)

    def slope(feedback: torch.Tensor) -> torch.Tensor:
        controls = column(900.0), feedback, column(300.0), column(5000.0)
        (found,) = torch.autograd.grad((dsp.comb(grid, signal, *controls) @ weights).sum(), feedback, create_graph=True)
        return found

    feedback = column(0.6, grad=True)
    (found,) = torch.autograd.grad(slope(feedback).sum(), feedback)
    up, down = (float(slope(column(0.6 + step, grad=True)).detach()) for step in (1e-3, -1e-3))
    assert float(found) == pytest.approx((up - down) / 2e-3, rel=1e-3)
