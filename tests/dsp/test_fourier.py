"""Spectra that depend on one item alone."""

import numpy as np
import pytest
import torch

from backbeat.dsp.fourier import fast_length, irfft, product, rfft
from oracles import white

LENGTHS = [2, 64, 1000, 1024, 45000]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 5)])
def test_there_and_back(length, shape):
    signal = white((*shape, length - 1))
    spectrum = rfft(torch.tensor(signal), length)
    np.testing.assert_allclose(spectrum, np.fft.rfft(signal, length), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(irfft(spectrum, length)[..., :-1], signal, atol=1e-13)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_bit_of_an_item_is_its_own(length, dtype):
    signals = torch.tensor(white((17, length)), dtype=dtype)
    spectra = rfft(signals, length)
    kernels = rfft(signals.flip(0), length)
    filtered = irfft(product(spectra, kernels), length)
    for k in (0, 1, 7, 16):
        for rows in ([k], [k, 3], [5, 6, k]):
            at = rows.index(k)
            some = rfft(signals[rows], length)
            assert torch.equal(some[at], spectra[k])
            assert torch.equal(irfft(product(some, kernels[rows]), length)[at], filtered[k])


def test_product():
    first, second = (torch.tensor(white((3, 9), seed=k) + 1j * white((3, 9), seed=k + 9)) for k in (1, 2))
    np.testing.assert_allclose(product(first, second), first * second, rtol=1e-13)


def test_gradients():
    signal = torch.tensor(white((2, 12)), requires_grad=True)
    kernel = torch.tensor(white((1, 5)), requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, h: irfft(product(rfft(x, 16), rfft(h, 16)), 16), (signal, kernel))


def test_fast_lengths():
    allowed = sorted({m * 2**k // 16 for k in range(4, 20) for m in (16, 18, 20, 24, 30)})
    for samples in [*range(16, 3000), 44100, 99999]:
        assert fast_length(samples) == min(n for n in allowed if n >= samples)
    for samples in range(1, 16):
        assert samples <= fast_length(samples) <= 2 * samples + 2
