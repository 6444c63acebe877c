"""The table that the kernel for squares reads, and the gradients that are written out beside the formula."""

import numpy as np
import torch

from backbeat.dsp.gpu.squares import cubics, gradients_edge_by_edge
from backbeat.dsp.squares import HALF, PHASES, edge_by_edge, residual


def test_cubics_are_the_residual():
    rows, table = cubics(), residual()
    assert rows.shape == (4, PHASES, HALF + 1)
    for row in (0, 1, 15, 16, 200, 383):
        first, second, third, fourth = rows[:, row % PHASES, row // PHASES]
        np.testing.assert_allclose([first, second], table[row], atol=1e-15)
        end = first + second + third + fourth, second + 2.0 * third + 3.0 * fourth
        np.testing.assert_allclose(end, table[row + 1], atol=1e-15)
    assert not rows[:, :, HALF].any()


def test_gradients_are_the_formulas():
    random = torch.rand(3, 2, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    oscillators = [each.requires_grad_() for each in (0.5 * random[0] ** 3 + 1e-4, 4.0 * random[1] - 2.0, random[2])]
    sound = edge_by_edge(*oscillators, 300)
    grad_sound = torch.rand(sound.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64) - 0.5
    with torch.no_grad():
        found = gradients_edge_by_edge(grad_sound, *oscillators)
    for ours, theirs in zip(found, torch.autograd.grad(sound, oscillators, grad_sound), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)
