"""Params to audio: shapes, devices, seeds and what is refused."""

import sys

import pytest
import torch

from backbeat import dsp, plugins
from backbeat.errors import ParameterError, PluginError, RenderError
from backbeat.parameters import decibels, hz
from backbeat.plugins import Plugin
from backbeat.synth import Synth, render
from tables import table

KICK = plugins.get("kick")


def params(batch: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    default = KICK.table.normalise(KICK.table.defaults()).to(dtype)
    return default.expand(batch, -1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shape_and_dtype_are_those_of_the_params(dtype):
    audio = render(KICK, params(3, dtype), samples=441, sample_rate=48000.0)
    assert audio.shape == (3, 1, 441)
    assert audio.dtype == dtype


def test_a_seed_for_all_or_for_each():
    each = render(KICK, params(3), samples=441, seed=torch.tensor([4, 5, 4]))
    for seed, item in zip((4, 5, 4), each, strict=True):
        assert torch.equal(render(KICK, params(2), samples=441, seed=seed)[1], item)
    assert not torch.equal(each[0], each[1])


@pytest.mark.parametrize("name", ["kick", "drum"])
@pytest.mark.parametrize("seed", [4, torch.arange(7)])
def test_a_batch_in_pieces_has_the_same_bits(name, seed, monkeypatch):
    plugin = plugins.get(name)
    batch = torch.rand(7, plugin.table.size, generator=torch.Generator().manual_seed(0))
    whole = render(plugin, batch, samples=500, seed=seed)
    for samples_at_a_time in (1, 1000, 1700):
        monkeypatch.setattr("backbeat.memory.SAMPLES_AT_A_TIME", samples_at_a_time)
        assert torch.equal(render(plugin, batch, samples=500, seed=seed), whole)


def test_the_module_is_the_function():
    synth = Synth("kick", sample_rate=48000.0, seconds=0.01)
    assert (synth.samples, synth.num_params) == (480, KICK.table.size)
    assert list(synth.parameters()) == []
    expected = render(KICK, params(2), samples=480, sample_rate=48000.0, seed=3)
    assert torch.equal(synth(params(2), 3), expected)
    assert torch.equal(Synth(KICK, 48000.0, 0.01)(params(2), 3), expected)


def test_from_logits():
    synth = Synth("kick", seconds=0.01)
    logits = torch.randn(2, synth.num_params, generator=torch.Generator().manual_seed(0), requires_grad=True)
    audio = synth.from_logits(logits, 7)
    assert torch.equal(audio, synth(KICK.table.from_logits(logits), 7))
    audio.square().sum().backward()
    assert torch.isfinite(logits.grad).all()
    assert logits.grad.abs().max() > 0.0


@pytest.mark.usefixtures("unchecked")
class TestErrors:
    @pytest.mark.parametrize(
        "shape", [(KICK.table.size,), (2, KICK.table.size + 1), (2, 1, KICK.table.size), (0, KICK.table.size)]
    )
    def test_shape_of_params(self, shape):
        with pytest.raises(ParameterError) as caught:
            render(KICK, torch.zeros(shape), samples=10)
        assert str(caught.value) == f"params: found shape {shape}; must be (batch, {KICK.table.size}), not empty"

    @pytest.mark.parametrize("seed", [-1, 2**31])
    def test_seed(self, seed):
        with pytest.raises(ParameterError, match=rf"^seed: found {seed}; must be from 0 to 2147483647$"):
            render(KICK, params(1), samples=10, seed=seed)

    def test_shape_of_seeds(self):
        with pytest.raises(ParameterError, match=r"^seed: found shape \(2,\); must be \(3,\)$"):
            render(KICK, params(3), samples=10, seed=torch.tensor([1, 2]))

    @pytest.mark.parametrize(("rate", "seconds"), [(0.0, 1.0), (-44100.0, 1.0), (44100.0, 0.0), (44100.0, 1e-6)])
    def test_rate_and_length(self, rate, seconds):
        with pytest.raises(ParameterError) as caught:
            Synth("kick", rate, seconds)
        assert str(caught.value).startswith(f"synth: found {seconds:g} s at {rate:g} Hz; must be at least one sample")

    def test_plugin(self):
        with pytest.raises(PluginError, match=r"^plugin: found 'snair'; there are .*kick"):
            Synth("snair")


@pytest.mark.parametrize("name", ["kick", "drum"])
@pytest.mark.parametrize("seed", [4, torch.arange(7)])
def test_items_at_a_time_give_the_same_sound_and_gradient(name, seed):
    whole, parts = Synth(name, seconds=0.02), Synth(name, seconds=0.02, items_at_a_time=3)
    batch = torch.rand(7, whole.num_params, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(parts(batch, seed), whole(batch, seed))
    gradients = []
    for synth in (whole, parts):
        leaf = batch.clone().requires_grad_()
        gradients.append(torch.autograd.grad(synth(leaf, seed).square().sum(), leaf)[0])
    torch.testing.assert_close(*gradients, rtol=1e-5, atol=1e-6)


def test_nothing_of_a_part_is_kept_for_the_gradient():
    """But its params: of a thousandfold longer sound no more."""
    kept = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        kept.append(tensor.numel())
        return tensor

    synth = Synth("kick", seconds=0.1, items_at_a_time=1)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        synth(params(2).clone().requires_grad_(), 3)
    assert max(kept, default=0) <= 2 * synth.num_params


@pytest.mark.parametrize("count", [0, -3])
def test_no_items_at_a_time(count):
    with pytest.raises(ParameterError, match=f"items_at_a_time: found {count}; must be at least 1"):
        Synth("kick", items_at_a_time=count)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("Triton Error [CUDA]: out of memory"),
        RuntimeError("cuFFT error: CUFFT_ALLOC_FAILED"),
    ],
)
def test_out_of_memory_says_what_would_fit(monkeypatch, error):
    def cramped(plugin, params, **options):
        assert sys.exc_info()[0] is None  # or what did not fit would still be held on to
        if len(params) > 3:
            raise error
        return render(plugin, params, **options)

    monkeypatch.setattr("backbeat.synth.render", cramped)
    synth = Synth("kick", seconds=0.01)
    assert synth(params(3), 0).shape == (3, 1, 441)
    with pytest.raises(RenderError, match="out of memory for a batch of 13 × 441 samples; 3 would fit") as caught:
        synth(params(13), 0)
    assert "\n" not in str(caught.value)
    monkeypatch.setattr("backbeat.synth.render", lambda *some, **options: (_ for _ in ()).throw(error))
    with pytest.raises(RenderError, match="not even one would fit"):
        synth(params(2), 0)


def test_other_errors_of_pytorch_pass(monkeypatch):
    def broken(*some, **options):
        raise RuntimeError("something else")

    monkeypatch.setattr("backbeat.synth.render", broken)
    with pytest.raises(RuntimeError, match="something else"):
        Synth("kick", seconds=0.01)(params(2), 0)


def test_a_formula_plugin_picks_entries_of_a_bank_as_a_recorded_one():
    def chain(clip):
        def render(grid, c):
            bands = dsp.bandpass(grid, dsp.noise(grid, 0), c.band_hz[0], 2.0)
            return clip(bands + c.level[1] * dsp.bandpass(grid, dsp.noise(grid, 0), c.band_hz[-1], 2.0))

        return render

    controls = table(
        band_hz=hz(200.0, 8000.0, default=(500.0, 1500.0, 3000.0), help="Middle."),
        level=decibels(-40.0, 0.0, default=(0.0, -3.0), help="Level."),
    )
    by_torch = Plugin("toy", controls, chain(lambda sound: 2.0 * torch.sigmoid(2.0 * sound) - 1.0), "A toy.")
    recorded = Plugin("toy", controls, chain(lambda sound: sound), "A toy.")
    assert by_torch.program is None
    params = torch.rand(4, controls.layout().size, generator=torch.Generator().manual_seed(0))
    plain = render(recorded, params, samples=500)
    torch.testing.assert_close(render(by_torch, params, samples=500), plain.tanh(), atol=1e-4, rtol=0.0)
