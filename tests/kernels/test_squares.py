import math

import numpy as np
import pytest
import torch
from torch import Tensor

from backbeat import dsp
from backbeat.dsp import Grid

RATES = (8000.0, 44100.0, 48000.0, 192000.0)


def grid(samples: int, sample_rate: float = 44100.0, dtype: torch.dtype = torch.float32) -> Grid:
    return Grid(sample_rate, samples, torch.zeros(1, dtype=torch.int64), dtype)


def drawn(sample_rate: float, seed: int) -> list[Tensor]:
    """Frequencies from 20 Hz to half of Nyquist, gains and phases; the first item's frequencies reach past Nyquist."""
    random = torch.rand(3, 6, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    frequency_hz = 20.0 * (random[0] * math.log(sample_rate / 4.0 / 20.0)).exp()
    frequency_hz[0] = 0.6 * sample_rate * random[0, 0]
    start_cycles = random[2]
    start_cycles[1] = torch.tensor([0.0, 0.5, 1.0, 0.25, 0.75])
    return [frequency_hz, random[1] - 0.5, start_cycles]


def differentiated(given: list[Tensor], on: Grid) -> list[Tensor]:
    given = [each.clone().requires_grad_() for each in given]
    found = dsp.squares(on, *given)
    weights = torch.rand(found.shape, generator=torch.Generator().manual_seed(0)) - 0.5
    return list(torch.autograd.grad((found * weights.to(found.dtype)).sum(), given))


def series(cycles: np.ndarray, share: float) -> np.ndarray:
    """The odd harmonics below so much of the sample rate, of a frequency that is this share of it."""
    total = np.zeros_like(cycles)
    for harmonic in range(1, int(0.4 / share) + 1, 2):
        total += 4.0 / (math.pi * harmonic) * np.sin(2.0 * math.pi * harmonic * cycles)
    return total


@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize("samples", [1, 2, 255, 257, 3000])
def test_the_kernel_agrees_with_the_formula(samples: int, sample_rate: float) -> None:
    given = drawn(sample_rate, samples)
    kernel = dsp.squares(grid(samples, sample_rate), *given)
    formula = dsp.squares(grid(samples, sample_rate, torch.float64), *given)
    assert (kernel - formula).abs().max() < 2e-6


@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize("samples", [1, 2, 255, 257, 3000])
def test_gradients_of_the_kernel_are_those_of_the_formula(samples: int, sample_rate: float) -> None:
    given = drawn(sample_rate, samples)
    kernel = differentiated(given, grid(samples, sample_rate))
    formula = differentiated(given, grid(samples, sample_rate, torch.float64))
    for found, wanted in zip(kernel, formula, strict=True):
        assert (found - wanted).abs().max() <= 1e-3 * wanted.abs().max()


def test_gradients_of_the_formula_are_its_own() -> None:
    frequency_hz, gain, start_cycles = (each[:, :3] for each in drawn(8000.0, 7))
    frequency_hz[0, 0] = 3800.0  # within the last tenth below Nyquist
    given = [each[:2].requires_grad_() for each in (frequency_hz, gain, start_cycles)]
    on = grid(40, 8000.0, torch.float64)
    assert torch.autograd.gradcheck(lambda *each: dsp.squares(on, *each), given, atol=1e-4)


@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize("share", [0.0005, 0.0047, 0.0181, 0.03, 0.071, 0.1667, 0.24])
def test_harmonics_are_those_of_a_square_and_nothing_is_beside_them(share: float, sample_rate: float) -> None:
    samples = 1 << 15
    bin_ = int(share * samples) | 1
    frequency_hz = bin_ / samples * sample_rate
    controls = [torch.tensor([[each]], dtype=torch.float64) for each in (frequency_hz, 1.0, 0.13)]
    found = dsp.squares(grid(samples, sample_rate), *controls).double().numpy().reshape(-1)
    wanted = series(bin_ / samples * np.arange(samples) + 0.13, bin_ / samples)
    left = np.abs(np.fft.rfft(found - wanted)) * 2.0 / samples
    harmonics = np.arange(bin_, samples // 2 + 1, 2 * bin_)
    assert left[harmonics[harmonics < 0.4 * samples]].max() < 1e-3  # as flat as its filter
    left[harmonics] = 0.0
    assert left.max() < 1e-4


@pytest.mark.parametrize("first", [300, 100000])
def test_the_sound_is_the_same_at_any_length(first: int) -> None:
    controls = [torch.tensor([each]) for each in (523.0, 1.0, 0.3)]
    whole, start = (dsp.squares(grid(samples), *controls) for samples in (first + 20, first))
    assert torch.equal(whole[..., :first], start)


def test_a_square_past_nyquist_is_silent_and_one_below_it_whole() -> None:
    controls = [torch.tensor([[each], [each]]) for each in (0.0, 1.0, 0.0)]
    controls[0][:, 0] = torch.tensor([22050.0, 19000.0])
    found = dsp.squares(grid(2000), *controls)
    assert found[0].abs().max() == 0.0
    assert found[1].abs().max() > 0.1
