"""What is done to the spectra of a comb where there are no kernels, and its gradients, which are written out."""

import pytest
import torch

from backbeat.dsp.comb import resonated
from backbeat.dsp.gpu import comb


@pytest.mark.parametrize("feedback", [0.0, 0.9])
def test_sound_and_gradients_are_the_formulas(monkeypatch, feedback):
    monkeypatch.setattr(comb, "_kernels_work", lambda device: False)
    signal = torch.rand(2, 300, generator=torch.Generator().manual_seed(1), dtype=torch.float64) - 0.5
    loops = [[40.7, 310.0], [feedback, 0.5], [0.98, 0.999], [0.2, 0.8]]
    leaves = [signal, *(torch.tensor(each, dtype=torch.float64).unsqueeze(-1) for each in loops)]
    leaves = [each.requires_grad_() for each in leaves]
    found, expected = (each(*leaves, 1024) for each in (comb.resonated, resonated))
    torch.testing.assert_close(found, expected)
    grad_sound = torch.rand(2, 300, generator=torch.Generator().manual_seed(2), dtype=torch.float64) - 0.5
    for ours, theirs in zip(
        *(torch.autograd.grad(each, leaves, grad_sound) for each in (found, expected)), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-7, atol=1e-7)
