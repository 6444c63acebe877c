import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.signal import lfilter
from torch import Tensor

from backbeat import dsp
from backbeat.dsp import Grid
from backbeat.program import record

HUNDRED_DB = 1e-5
FILTERS = ("lowpass", "highpass", "bandpass", "one_pole_lowpass", "one_pole_highpass")


def grid(samples: int, sample_rate: float = 44100.0, dtype: torch.dtype = torch.float32) -> Grid:
    return Grid(sample_rate, samples, torch.zeros(1, dtype=torch.int64), dtype)


def coefficients(items: int, seed: int, widest: float = 0.999) -> tuple[Tensor, Tensor]:
    """Random numerators, and denominators with poles of up to that radius: complex, and of the first item real."""
    random = torch.rand(items, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    radius, angle = widest * random[:, :1].sqrt(), math.pi * random[:, 1:2]
    a = torch.cat([-2.0 * radius * angle.cos(), radius**2], dim=-1)
    p, q = widest * (2.0 * random[0, 0] - 1.0), widest * (2.0 * random[0, 1] - 1.0)
    a[0] = torch.stack([-(p + q), p * q])
    return (2.0 * random[:, 2:5] - 1.0) * (1.0 - radius), a


def noises(items: int, samples: int, seed: int) -> Tensor:
    return 2.0 * torch.rand(items, samples, generator=torch.Generator().manual_seed(seed)) - 1.0


def differentiated(signal: Tensor, b: Tensor, a: Tensor, weights: Tensor, dtype: torch.dtype) -> list[Tensor]:
    given = [signal.to(dtype).requires_grad_(), b.clone().requires_grad_(), a.clone().requires_grad_()]
    found = dsp.biquad(grid(signal.shape[-1], dtype=dtype), *given)
    return [each.double() for each in torch.autograd.grad((found * weights.to(dtype)).sum(), given)]


@pytest.mark.parametrize("samples", [1, 2, 3, 255, 257, 5000])
def test_it_is_the_recursion_of_its_equation(samples: int) -> None:
    b, a = coefficients(8, samples)
    signal = noises(8, samples, 1)
    found = dsp.biquad(grid(samples), signal, b, a)
    wanted = np.stack([lfilter(b[k], [1.0, *a[k]], signal[k].double()) for k in range(len(b))])
    assert np.abs(found.numpy() - wanted).max() < 1e-6 * max(1.0, np.abs(wanted).max())


@pytest.mark.parametrize("samples", [1, 2, 3, 300, 4000])
def test_the_kernel_agrees_with_the_formula(samples: int) -> None:
    b, a = coefficients(8, 10 + samples)
    signal = noises(8, samples, 2)
    kernel = dsp.biquad(grid(samples), signal, b, a)
    formula = dsp.biquad(grid(samples, dtype=torch.float64), signal.double(), b, a)
    assert (kernel - formula).abs().max() < HUNDRED_DB * max(1.0, formula.abs().max().item())


@pytest.mark.parametrize("samples", [1, 2, 3, 300, 4000])
def test_gradients_of_the_kernel_are_those_of_the_formula(samples: int) -> None:
    b, a = coefficients(8, 20 + samples, widest=0.99)
    signal, weights = noises(8, samples, 3), noises(8, samples, 4)
    kernel = differentiated(signal, b, a, weights, torch.float32)
    formula = differentiated(signal, b, a, weights, torch.float64)
    for found, wanted in zip(kernel, formula, strict=True):
        assert (found - wanted).abs().max() <= 1e-5 * wanted.abs().max()


def test_gradients_of_the_formula_are_its_own() -> None:
    b, a = coefficients(3, 5, widest=0.9)
    given = [each.requires_grad_() for each in (noises(3, 30, 5).double(), b, a)]
    assert torch.autograd.gradcheck(lambda *each: dsp.biquad(grid(30, dtype=torch.float64), *each), given)


@pytest.mark.parametrize("sample_rate", [8000.0, 44100.0, 192000.0])
@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_passes_what_it_should(name: str, sample_rate: float) -> None:
    samples, cutoff_hz, q = 1 << 16, 1500.0, 2.0
    impulse = torch.zeros(1, samples)
    impulse[0, 0] = 1.0
    controls = [torch.tensor([cutoff_hz]), *([] if name.startswith("one_pole") else [q])]
    response = np.abs(np.fft.rfft(getattr(dsp, name)(grid(samples, sample_rate), impulse, *controls)[0].double()))
    at_cutoff = response[round(cutoff_hz / sample_rate * samples)]
    bottom, middle, top = {
        "lowpass": (1.0, q, None),
        "highpass": (0.0, q, 1.0),
        "bandpass": (0.0, 1.0, None),
        "one_pole_lowpass": (1.0, math.sqrt(0.5), None),
        "one_pole_highpass": (0.0, math.sqrt(0.5), 1.0),
    }[name]
    assert response[0] == pytest.approx(bottom, abs=1e-3)
    assert at_cutoff == pytest.approx(middle, abs=0.15 if name.startswith("one_pole") else 1e-3)
    assert response[-1] == pytest.approx(top, abs=0.3) if top is not None else response[-1] < 0.6


@pytest.mark.parametrize("sample_rate", [22050.0, 44100.0, 96000.0])
@pytest.mark.parametrize("name", ["lowpass", "highpass", "bandpass"])
@pytest.mark.parametrize("q", [0.3, 0.5, 0.70710678, 3.0])
def test_the_response_is_that_of_the_analog_filter(name: str, q: float, sample_rate: float) -> None:
    samples, cutoff_hz = 1 << 15, 2000.0
    impulse = torch.zeros(1, samples, dtype=torch.float64)
    impulse[0, 0] = 1.0
    where = Grid(sample_rate, samples, torch.zeros(1, dtype=torch.int64), torch.float64)
    controls = (torch.tensor([each], dtype=torch.float64) for each in (cutoff_hz, q))
    response = np.abs(np.fft.rfft(getattr(dsp, name)(where, impulse, *controls)[0]))
    hz = np.arange(len(response)) * sample_rate / samples
    heard = (hz > 100.0) & (hz < 0.37 * sample_rate)
    s = 1j * hz[heard] / cutoff_hz
    numerator = {"lowpass": 1.0, "highpass": s**2, "bandpass": s / q}[name]
    wanted = np.abs(numerator / (s**2 + s / q + 1.0))
    limit_db = {"lowpass": 1.0, "highpass": 0.5, "bandpass": 0.3}[name]
    np.testing.assert_allclose(20.0 * np.log10(response[heard] / wanted), 0.0, atol=limit_db)


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("cutoff_hz", [20.0, 900.0, 30000.0])
def test_what_is_left_out_as_silent_is_silent(name: str, cutoff_hz: float) -> None:
    # The engine computes a filter until it has rung down, and this operation by itself to the end.
    samples = 44100
    numbers = [cutoff_hz, *([] if name.startswith("one_pole") else [8.0])]

    def render(grid: Any, _: object) -> Any:
        return getattr(dsp, name)(grid, dsp.noise(grid, stream=0) * dsp.decay(grid, 0.001), *numbers)

    cut = record(render, {}).compiled.render(np.zeros((1, 0)), np.zeros(1, np.int64), samples, 44100.0)
    sound = dsp.noise(grid(samples), stream=0) * dsp.decay(grid(samples), torch.tensor([0.001]))
    whole = getattr(dsp, name)(grid(samples), sound, *(torch.tensor([each]) for each in numbers))
    assert (cut == 0.0).mean() > 0.2 or cutoff_hz == 20.0
    assert np.abs(cut - whole.numpy()).max() < 2e-7
