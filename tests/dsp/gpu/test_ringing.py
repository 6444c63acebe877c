"""The formula that the kernel for swept modes is held against, and its gradients, which are written out."""

import pytest
import torch

from backbeat.dsp.gpu.ringing import gradients_mode_by_mode, ringing_mode_by_mode


@pytest.mark.parametrize(("rows", "sweeps"), [(1, 1), (2, 1), (1, 3)])
def test_gradients_are_the_formulas(rows, sweeps):
    generator = torch.Generator().manual_seed(rows)
    shapes = ((2, 3, 1), (2, 5, 3), (2, 5, rows, 3), (2, 3, 64), (2, 5, sweeps), (2, sweeps, 64))
    scales = (900.0, 1.0, 1.0, 1.0, 0.01, 1.0)
    tables = tuple(
        (scale * torch.rand(shape, generator=generator, dtype=torch.float64)).requires_grad_()
        for shape, scale in zip(shapes, scales, strict=True)
    )
    sound = ringing_mode_by_mode(tables, 1.0 / 44100.0)
    grad_sound = torch.rand(sound.shape, generator=generator, dtype=torch.float64) - 0.5
    with torch.no_grad():
        found = gradients_mode_by_mode(grad_sound, tables, 1.0 / 44100.0)
    for ours, theirs in zip(found, torch.autograd.grad(sound, tables, grad_sound), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6)
