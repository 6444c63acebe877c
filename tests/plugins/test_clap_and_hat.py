import pytest
import torch
from torch import Tensor

from backbeat import plugins, preset, presets
from backbeat.patch import randomise
from backbeat.synth import render

SAMPLES = 8000
both = pytest.mark.parametrize("name", ["clap", "hat"])


def rendered(name: str, params: Tensor) -> tuple[Tensor, Tensor]:
    """The sound, by the engine or in float64 by the formulas, and the gradient of a weighted sum of it."""
    params = params.clone().requires_grad_()
    sound = render(plugins.get(name), params, samples=SAMPLES, seed=torch.arange(len(params)))
    weights = torch.randn(sound.shape, generator=torch.Generator().manual_seed(3)).to(sound.dtype)
    (gradient,) = torch.autograd.grad((sound * weights).sum(), params)
    return sound.detach().double(), gradient.double()


@both
def test_the_engine_agrees_with_the_formulas(name):
    plugin = plugins.get(name)
    assert plugin.program is not None
    params = torch.stack([randomise(plugin, seed).params().float() for seed in range(8)])
    (engine, by_engine), (formula, by_formula) = rendered(name, params), rendered(name, params.double())
    assert (engine - formula).abs().max() < 1e-5
    assert ((by_engine - by_formula).abs().amax(-1) <= 1e-3 * by_formula.abs().amax(-1)).all()
    assert by_engine.isfinite().all()


@both
def test_presets_are_as_loud_as_they_should_be(name):
    found = [each for each in presets() if each.startswith(f"{name}/")]
    assert len(found) >= 4
    for each in found:
        patch = preset(each)
        sound = render(plugins.get(name), patch.params().float().unsqueeze(0), samples=44100, seed=patch.seed)
        assert 0.7 < sound.abs().max() < 0.99, each


def test_hands_of_a_clap_meet_one_after_the_other():
    values = plugins.get("clap").table.defaults() | {"burst_t60_s": 0.008, "tail_db": -60.0, "drive_db": -20.0}
    params = plugins.get("clap").table.normalise(values).float().unsqueeze(0)
    sound = render(plugins.get("clap"), params, samples=2205).flatten().square()
    for start_s in values["burst_s"]:
        start = round(start_s * 44100)
        assert sound[start : start + 176].sum() > 10.0 * sound[start + 265 : start + 441].sum()


def test_an_open_hat_lasts_longer_than_a_closed_one():
    shares = []
    for name in ("808-closed", "808-open"):
        patch = preset(name)
        power = render(plugins.get("hat"), patch.params().float().unsqueeze(0), samples=44100).flatten().square()
        shares.append(float(power[4410:].sum() / power.sum()))
    assert shares[0] < 0.01 < 0.1 < shares[1]
