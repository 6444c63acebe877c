"""Another device than the CPU: the same sound and gradients, matches, and nothing fetched or sent on the way.

The device is one that is made up; see `fake_device.py`.
"""

from contextlib import nullcontext

import pytest
import torch
from torch import Tensor

from backbeat import plugins
from backbeat.losses import DrumLoss
from backbeat.matching import match
from backbeat.matching.candidate import Candidate
from backbeat.matching.distance import RESOLUTIONS
from backbeat.synth import render
from fake_device import NAME, FakeDevice
from matching.sounds import RATE, thump

PLUGINS = ("kick", "drum")


@pytest.fixture(autouse=True)
def no_autocast(monkeypatch):
    """Which does not know the device."""
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())


def params(plugin: str) -> Tensor:
    return torch.rand(3, plugins.get(plugin).table.size, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=["formulas", "gpu_kernels"])
def definitions(request, monkeypatch) -> None:
    """How operations are computed there: by their formulas, or as on a GPU, but for what only Triton can run."""
    if request.param == "gpu_kernels":
        monkeypatch.setattr("backbeat.dsp.gpu.takes_gpu_kernels", lambda grid: grid.device.type == NAME)
        for module in ("blending", "clipping", "comb", "envelope", "filtering", "ringing", "squares"):
            monkeypatch.setattr(f"backbeat.dsp.gpu.{module}._kernels_work", lambda device: False)


@pytest.mark.usefixtures("definitions")
@pytest.mark.parametrize("plugin", [*PLUGINS, "hat", "clap"])
@pytest.mark.parametrize("seed", [3, (1, 2, 3)])
def test_sound_and_gradients(plugin, seed):
    def sound_and_gradients(leaf: Tensor) -> tuple[Tensor, Tensor]:
        seeds = seed if isinstance(seed, int) else torch.tensor(seed, device=leaf.device)
        sound = render(plugins.get(plugin), leaf, samples=4410, seed=seeds)
        return sound.detach(), torch.autograd.grad(sound.square().sum(), leaf)[0]

    sound, gradients = sound_and_gradients(params(plugin).requires_grad_())
    with FakeDevice():
        there, gradients_there = sound_and_gradients(params(plugin).to(NAME).requires_grad_())
        assert there.device.type == NAME
        back, gradients_back = there.cpu(), gradients_there.cpu()
    torch.testing.assert_close(back, sound, atol=2e-4, rtol=0.0)
    if plugin == "kick":  # the made-up device loses the mark of tensors that are conjugated, as in the drum's resonator
        torch.testing.assert_close(gradients_back, gradients, atol=1e-4 * float(gradients.abs().max()), rtol=1e-3)


@pytest.mark.usefixtures("definitions")
@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_step_of_a_search_fetches_and_sends_nothing(plugin):
    """As it must, to be recorded by a GPU."""
    target = torch.rand(1, 1, 4410, generator=torch.Generator().manual_seed(1))
    with FakeDevice() as fake_device:
        objective = Candidate(plugins.get(plugin), target.to(NAME), RATE, seed=0).objective
        leaf = params(plugin).to(NAME).requires_grad_()
        for _ in range(2):
            fake_device.copies.clear()
            torch.autograd.grad(objective(leaf).sum(), leaf)
        assert fake_device.copies == []
        there = objective(leaf).detach().cpu()
    loss = DrumLoss(resolutions=RESOLUTIONS)
    sound = render(plugins.get(plugin), params(plugin), samples=4410)
    torch.testing.assert_close(there, loss(loss.prepare(target, RATE), sound), rtol=1e-3, atol=0.0)


@pytest.mark.parametrize("plugin", ["kick", pytest.param("drum", marks=pytest.mark.slow)])
def test_a_match(monkeypatch, plugin):
    monkeypatch.setattr("backbeat.matching.candidate._POLISH_ITERATIONS", 2)
    with FakeDevice():
        found = match(thump(0.05), plugin, sample_rate=RATE, steps=20, starts=1, device=NAME)
    assert found.complete
    assert found.audio.device.type == "cpu"
    assert found.history[-1] < 0.6 * found.history[0]
