"""Filtering of what is heard, against the convolution of everything."""

import numpy as np
import pytest
import torch

from backbeat import dsp
from backbeat.dsp.filters.linear_phase import linear_phase
from oracles import white

SIZES = [(1, 1, 300, 101), (3, 3, 50, 1015), (1, 4, 20000, 101), (4, 4, 20000, 1015), (4, 1, 7000, 31)]


def inputs(signals: int, kernels: int, samples: int, taps: int) -> tuple[torch.Tensor, torch.Tensor]:
    kernel = torch.tensor(white((kernels, taps), seed=2))
    symmetric = 0.5 * (kernel + kernel.flip(-1))
    return torch.tensor(white((signals, samples), seed=1)).requires_grad_(), symmetric.requires_grad_()


def slopes(audio: torch.Tensor, *of: torch.Tensor) -> tuple[torch.Tensor, ...]:
    weights = torch.tensor(white(tuple(audio.shape), seed=3))
    return torch.autograd.grad((weights * audio).sum(), of)


@pytest.mark.parametrize("size", SIZES)
def test_of_everything_is_the_convolution(size):
    signal, kernel = inputs(*size)
    found, expected = linear_phase(signal, kernel, None), dsp.convolve(signal, kernel, advance=size[3] // 2)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0.0)
    for slope, wanted in zip(slopes(found, signal, kernel), slopes(expected, signal, kernel), strict=True):
        torch.testing.assert_close(slope, wanted, atol=1e-11, rtol=0.0)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_heard_is_the_convolution_and_then_it_may_be_silent(size):
    signal, kernel = inputs(*size)
    heard = torch.linspace(0.0, 1.5 * size[2], max(size[:2]), dtype=torch.float64).unsqueeze(-1)
    listening = torch.arange(size[2]) < heard
    found, expected = linear_phase(signal, kernel, heard), dsp.convolve(signal, kernel, advance=size[3] // 2)
    assert torch.all(((found - expected).abs() < 1e-12) | (~listening & (found == 0.0)))
    both = (slopes(listening * audio, signal, kernel) for audio in (found, expected))
    for slope, wanted in zip(*both, strict=True):
        torch.testing.assert_close(slope, wanted, atol=1e-11, rtol=0.0)


def test_what_is_not_heard_is_left_out():
    signal, kernel = inputs(2, 2, 44100, 1015)
    audio = linear_phase(signal, kernel, torch.tensor([[100.0], [1e9]]))
    assert not audio[0, 5000:].any()
    assert audio[1, 5000:].any()


def test_every_bit_of_an_item_is_its_own():
    signal, kernel = (each.detach().float() for each in inputs(5, 5, 20000, 101))
    heard = torch.tensor([[100.0], [20000.0], [3000.0], [0.0], [9000.0]])
    batch = linear_phase(signal, kernel, heard)
    for k in range(5):
        assert torch.equal(linear_phase(signal[k : k + 1], kernel[k : k + 1], heard[k : k + 1])[0], batch[k])


def test_heard_is_until_a_decay_is_below_rounding():
    grid = dsp.Grid(44100.0, 44100, torch.tensor([0]), torch.float64)
    t60_s = torch.tensor([[0.1]], dtype=torch.float64, requires_grad=True)
    last = dsp.heard(grid, t60_s)
    level = dsp.decay(grid, t60_s)[0].detach().numpy()
    assert not last.requires_grad
    assert np.isclose(level[int(last)], np.finfo(np.float64).eps, rtol=0.01)


def test_its_gradient_has_a_gradient():
    signal, kernel = inputs(1, 2, 300, 31)
    heard = torch.tensor([[300.0]])
    assert torch.autograd.gradgradcheck(
        lambda x, h: linear_phase(x, h, heard), (signal, kernel), atol=1e-6, fast_mode=True
    )
