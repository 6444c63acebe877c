"""Fast convolution against SciPy's, shorter and longer than a block."""

import numpy as np
import pytest
import torch
from scipy.signal import fftconvolve

from backbeat.dsp.convolution import convolve
from oracles import white


def expected(x: np.ndarray, h: np.ndarray, advance: int = 0) -> np.ndarray:
    samples = x.shape[-1]
    full = fftconvolve(*np.broadcast_arrays(x, np.empty((*h.shape[:-1], 1)))[:1], h, axes=-1)
    return np.pad(full, [(0, 0)] * (full.ndim - 1) + [(0, advance)])[..., advance : advance + samples]


@pytest.mark.parametrize("samples", [1, 2, 100, 923, 924, 1024, 1025, 1848, 5000, 44100])
@pytest.mark.parametrize("taps", [1, 2, 101, 1001])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_against_scipy(samples, taps, dtype):
    x, h = white((2, samples), seed=1), white((2, taps), seed=2) / np.sqrt(taps)
    found = convolve(torch.tensor(x, dtype=dtype), torch.tensor(h, dtype=dtype))
    assert found.shape == (2, samples)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected(x, h), atol=2e-6 if dtype == torch.float32 else 1e-13)


@pytest.mark.parametrize("samples", [40, 50, 51, 924, 3000])
@pytest.mark.parametrize("advance", [1, 50, 100])
def test_advanced(samples, advance):
    x, h = white((3, samples), seed=3), white((3, 101), seed=4)
    found = convolve(torch.tensor(x), torch.tensor(h), advance=advance)
    np.testing.assert_allclose(found, expected(x, h, advance), atol=1e-12)


@pytest.mark.parametrize("samples", [300, 20000])
def test_leading_axes_broadcast_and_keep_their_own_kernels(samples):
    x, h = white((1, samples)), white((3, 101))
    found = convolve(torch.tensor(x), torch.tensor(h))
    for item, kernel in zip(found, h, strict=True):
        np.testing.assert_allclose(item, fftconvolve(x[0], kernel)[:samples], atol=1e-12)


@pytest.mark.parametrize("samples", [700, 6000])
def test_every_bit_of_an_item_is_its_own(samples):
    x = torch.tensor(white((5, samples)), dtype=torch.float32)
    h = torch.tensor(white((5, 101)), dtype=torch.float32)
    batch = convolve(x, h)
    for k in range(5):
        assert torch.equal(convolve(x[k : k + 1], h[k : k + 1])[0], batch[k])


@pytest.mark.parametrize("samples", [30, 1100])
def test_gradient(samples):
    x = torch.tensor(white((1, samples)), requires_grad=True)
    h = torch.tensor(white((1, 9)), requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, h: convolve(x, h, advance=4), (x, h), fast_mode=True)
