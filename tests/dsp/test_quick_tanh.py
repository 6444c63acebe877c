"""The hyperbolic tangent of compiled code."""

import torch

from backbeat.dsp.shapers import tanh_of


def test_it_is_one_within_float32():
    x = torch.linspace(-20.0, 20.0, 200_001)
    # The fit is right within 2e-7; two polynomials, a product and a quotient round to some six epsilons at most.
    torch.testing.assert_close(tanh_of(x).double(), torch.tanh(x.double()), atol=1e-6, rtol=0.0)


def test_it_is_right_near_zero_and_in_its_slope():
    x = torch.logspace(-6.0, 0.0, 1000, dtype=torch.float64, requires_grad=True)
    y = tanh_of(x)
    (slope,) = torch.autograd.grad(y.sum(), x)
    torch.testing.assert_close(y, torch.tanh(x), rtol=3e-7, atol=0.0)
    torch.testing.assert_close(slope, 1.0 - torch.tanh(x) ** 2, rtol=0.0, atol=2e-6)
