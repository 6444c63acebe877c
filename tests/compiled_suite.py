"""Compiled code: the sound of eager code, at any batch, with or without a compiler.

`test_compiled.py` runs this in a process of its own: annotations that are checked cannot be compiled.
"""

import copy
import pickle

import pytest
import torch

from backbeat import patch, plugins
from backbeat.compiled import CompiledRender
from backbeat.native import library
from backbeat.synth import Synth

SECONDS = 0.1


def musical(plugin: str, batch: int) -> torch.Tensor:
    """Params of random patches."""
    instrument = plugins.get(plugin)
    rows = [instrument.table.normalise(patch.randomise(instrument, seed).values) for seed in range(batch)]
    return torch.stack(rows).float()


def level_db(signal: torch.Tensor) -> float:
    return 20.0 * float(torch.log10(signal.abs().max() + 1e-30))


@pytest.fixture(scope="module", params=["kick", "drum"])
def synths(request) -> tuple[Synth, Synth]:
    return Synth(request.param, seconds=SECONDS, compile=True), Synth(request.param, seconds=SECONDS)


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_sounds_like_eager_code(synths, batch):
    compiled, eager = synths
    params = musical(compiled.plugin.name, batch)
    with torch.no_grad():
        assert level_db(compiled(params, 5) - eager(params, 5)) < -100.0


@pytest.mark.parametrize("batch", [3, 64], ids=["few", "as many as samples in a block"])
def test_gradient_is_that_of_eager_code(synths, batch):
    params = musical(synths[0].plugin.name, batch)
    gradients = []
    for synth in synths:
        leaf = params.clone().requires_grad_()
        gradients.append(torch.autograd.grad(synth(leaf, 5).square().mean(), leaf)[0])
    error = (gradients[0] - gradients[1]).norm(dim=-1) / gradients[1].norm(dim=-1)
    assert float(error.max()) < 1e-4


def test_callers_tensors_stay_as_they_were(synths):
    params = musical(synths[0].plugin.name, 2)
    before = dict(vars(params)), params.clone()
    with torch.no_grad():
        synths[0](params, 5)
    assert vars(params) == before[0]
    assert torch.equal(params, before[1])


def test_without_a_compiler_it_says_so_and_renders_all_the_same(monkeypatch):
    monkeypatch.setattr(torch._inductor.config.cpp, "cxx", (None, "no-such-compiler"))
    monkeypatch.setattr(torch._inductor.config, "force_disable_caches", True)
    monkeypatch.setenv("CXX", "no-such-compiler")
    library.load.cache_clear()
    torch._dynamo.reset()
    synth, eager = Synth("kick", seconds=0.02, compile=True), Synth("kick", seconds=0.02)
    params = musical("kick", 2)
    with pytest.warns(UserWarning, match=r"compile: rendering as without it, since no compiler works here"):
        audio = synth(params, 3)
    assert torch.equal(audio, eager(params, 3))
    assert torch.equal(synth(params, 3), audio)


def test_copies_and_pickles():
    synth = Synth("kick", seconds=0.02, compile=True)
    for other in (copy.deepcopy(synth), pickle.loads(pickle.dumps(synth))):
        assert isinstance(other._compiled, CompiledRender)
        assert other.samples == synth.samples
