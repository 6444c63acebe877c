"""Kick and drum by the engine against their formulas in float64, and at every sample rate."""

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

import backbeat
from backbeat import plugins
from backbeat.kernels.library import library
from backbeat.synth import render
from thinning import a_third

pytestmark = pytest.mark.skipif(library() is None, reason="no kernels here")

both = pytest.mark.parametrize("name", ["kick", "drum"])
PATCHES = 60
SAMPLES = 6000


def chance(name: str, count: int = PATCHES) -> Tensor:
    """Params of random patches, in numbers that float32 has."""
    plugin = plugins.get(name)
    found = [plugin.table.normalise(backbeat.randomise(plugin, seed).values) for seed in range(count)]
    return torch.stack(found).float()


@both
def test_engine_and_formula_agree(name):
    plugin, params = plugins.get(name), chance(name)
    assert plugin.program is not None
    seeds = torch.arange(len(params))
    found = params.clone().requires_grad_()
    expected = params.double().requires_grad_()
    sounds = [render(plugin, each, samples=SAMPLES, seed=seeds) for each in (found, expected)]
    assert sounds[0].dtype == torch.float32
    peaks = sounds[1].detach().abs().amax((-2, -1)).clamp(min=1.0)
    apart = (sounds[0].double() - sounds[1]).detach().abs().amax((-2, -1))
    assert (apart <= 1e-5 * peaks).all(), (apart / peaks).max()
    weights = torch.tensor(np.random.default_rng(0).uniform(-1.0, 1.0, tuple(sounds[0].shape)).astype(np.float32))
    (ours,) = torch.autograd.grad((sounds[0] * weights).sum(), found)
    (theirs,) = torch.autograd.grad((sounds[1] * weights.double()).sum(), expected)
    largest = theirs.abs().amax(-1, keepdim=True)
    assert ((ours - theirs).abs() <= 1e-3 * largest).all(), ((ours - theirs).abs() / largest).max()


@both
class TestByFormula:
    """Who looks on gets the formula, and the same sound."""

    def expected(self, name: str) -> tuple[plugins.Plugin, Tensor, Tensor]:
        plugin, params = plugins.get(name), chance(name, 3)
        return plugin, params, render(plugin, params, samples=1000, seed=3)

    def test_float64(self, name):
        plugin, params, expected = self.expected(name)
        found = render(plugin, params.double(), samples=1000, seed=3)
        assert found.dtype == torch.float64
        torch.testing.assert_close(found.float(), expected, atol=1e-4, rtol=0.0)

    def test_vmap(self, name):
        plugin, params, expected = self.expected(name)
        found = torch.vmap(lambda row: render(plugin, row.unsqueeze(0), samples=1000, seed=3)[0])(params)
        torch.testing.assert_close(found, expected, atol=1e-3, rtol=0.0)

    def test_jacrev(self, name):
        plugin, params, _ = self.expected(name)
        weights = torch.linspace(-1.0, 1.0, 1000)
        row = params[:1].clone().requires_grad_()
        (expected,) = torch.autograd.grad((render(plugin, row, samples=1000, seed=3)[0, 0] * weights).sum(), row)
        found = torch.func.jacrev(lambda p: (render(plugin, p, samples=1000, seed=3)[0, 0] * weights).sum())(params[:1])
        torch.testing.assert_close(found, expected, rtol=1e-2, atol=1e-2 * float(expected.abs().max()))

    def test_autocast(self, name):
        plugin, params, expected = self.expected(name)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = render(plugin, params, samples=1000, seed=3)
            half = render(plugin, params.bfloat16(), samples=1000, seed=3)
        assert torch.equal(found, expected)
        assert half.dtype == torch.float32

    def test_export(self, name):
        plugin, params, expected = self.expected(name)

        class Played(torch.nn.Module):
            def forward(self, params: Tensor) -> Tensor:
                return render(plugin, params, samples=1000, seed=3)

        exported = torch.export.export(Played(), (params,))
        torch.testing.assert_close(exported.module()(params), expected, atol=1e-3, rtol=0.0)

    def test_second_derivative(self, name):
        plugin, params, _ = self.expected(name)
        row = params[:1].clone().requires_grad_()
        loss = render(plugin, row, samples=500, seed=3).square().sum()
        (first,) = torch.autograd.grad(loss, row, create_graph=True)
        (second,) = torch.autograd.grad(first.sum(), row)
        assert torch.isfinite(second).all()
        assert (second != 0.0).any()


SEEDS = 20
RATES = (44100.0, 48000.0, 96000.0, 192000.0)
SECONDS = 0.4


def octaves_db(sounds: Tensor, sample_rate: float) -> np.ndarray:
    """Energy of octaves around 125 Hz to 8 kHz, of all sounds together, in dB of a second at full scale."""
    power = np.square(np.abs(np.fft.rfft(sounds[:, 0].double().numpy()))).mean(0)
    hz = np.fft.rfftfreq(sounds.shape[-1], 1.0 / sample_rate)
    edges = 125.0 * 2.0 ** (np.arange(8) - 0.5)
    found = [power[(hz >= low) & (hz < high)].sum() for low, high in itertools.pairwise(edges)]
    return 10.0 * np.log10(2.0 * np.array(found) / sounds.shape[-1] / sample_rate + 1e-30)


@pytest.mark.parametrize("name", a_third(backbeat.presets()))
def test_a_preset_is_as_loud_in_every_octave_at_any_sample_rate(name):
    patch = backbeat.preset(name)
    plugin = patch.instrument
    params = plugin.table.normalise(patch.values).float().expand(SEEDS, -1)
    levels = {
        rate: octaves_db(
            render(plugin, params, samples=round(SECONDS * rate), sample_rate=rate, seed=torch.arange(SEEDS)), rate
        )
        for rate in RATES
    }
    # What lies further below the loudest is what the clips fold back, or leave where they do not.
    heard = levels[44100.0] > levels[44100.0].max() - 20.0
    for rate in RATES[1:]:
        np.testing.assert_allclose(levels[rate][heard], levels[44100.0][heard], atol=1.0, err_msg=f"{rate:g} Hz")


@pytest.mark.parametrize("rate", RATES)
def test_pitch_and_decay_are_the_same_at_any_sample_rate(rate):
    plugin = plugins.get("kick")
    values = plugin.table.defaults() | {
        "sweep_st": 0.0, "click_db": (-60.0,) * 4, "mode_db": (-60.0,) * 4, "noise_db": -60.0,
        "pitch_hz": 150.0, "decay_s": 0.4, "hold_s": 0.0, "gate_s": 2.0,
        "attack_s": 0.0, "drive_db": -20.0,
    }  # fmt: skip
    params = plugin.table.normalise(values).float().unsqueeze(0)
    sound = render(plugin, params, samples=round(0.5 * rate), sample_rate=rate)[0, 0].double().numpy()
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 20))
    assert spectrum.argmax() * rate / (1 << 20) == pytest.approx(150.0, rel=0.005)
    early, late = (np.square(sound[round(at * rate) : round((at + 0.02) * rate)]).mean() for at in (0.1, 0.3))
    assert 10.0 * np.log10(early / late) == pytest.approx(30.0, abs=0.3)
