"""Formulas that kernels for envelopes, clips and bands are held against; their gradients, which are written out."""

import torch

from backbeat.dsp.gpu import blending, clipping, envelope


def random(*shape: int, seed: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_gradients_of_envelopes():
    scales = torch.tensor([0.02, 1.0, 1.0, -0.01, 1.0, 1.0, 1.0, -0.01], dtype=torch.float64)
    whole = torch.tensor([0.0, 40.0, 0.0, 0.0, 0.0, 200.0, 0.0, 0.0], dtype=torch.float64)
    moved = [0, 2, 3, 4, 6, 7]
    numbers = (random(3, 8, seed=0) * scales + whole).requires_grad_()
    sound = envelope.envelope_by_formula(numbers, 400)
    given = random(3, 400, seed=1) - 0.5
    (expected,) = torch.autograd.grad(sound, numbers, given)
    found = envelope.gradients_by_formula(given, numbers.detach())
    torch.testing.assert_close(found[:, moved], expected[:, moved])
    assert not found[:, [1, 5]].any()


def test_gradients_of_clips():
    leaves = [(3.0 * random(2, 50, seed=0) - 1.5), 0.1 + random(2, seed=1), random(2, seed=2)]
    leaves = [each.requires_grad_() for each in leaves]
    given = random(2, 50, seed=3) - 0.5
    expected = torch.autograd.grad(clipping.clip_by_formula(*leaves), leaves, given)
    found = clipping.gradients_by_formula(given, *(each.detach() for each in leaves))
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_gradients_of_bands():
    levels, parts = random(2, 3, 6, seed=0).requires_grad_(), random(1, 3, 300, seed=1) - 0.5
    given = random(2, 300, seed=2) - 0.5
    (expected,) = torch.autograd.grad(blending.blended_band_by_band(levels, parts), levels, given)
    first, last = blending.gradients_band_by_band(given, parts, 6)
    torch.testing.assert_close(first, expected[..., :-1] - torch.nn.functional.pad(last[..., :-1], (1, 0)))
