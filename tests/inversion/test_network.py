"""The mixture over patches, and its network."""

import math

import pytest
import torch

from backbeat import plugins
from backbeat.inversion import Inverter, Mixture, Size, sorted_banks
from backbeat.inversion.features import features
from backbeat.synth import render

SMALL = Size(channels=16, hidden=32, components=3)


@pytest.fixture(params=plugins.names())
def plugin(request):
    return plugins.get(request.param)


def patches(plugin, count: int) -> torch.Tensor:
    params = torch.rand(count, plugin.table.size, generator=torch.Generator().manual_seed(0))
    for name, parameter in plugin.table.items():
        if parameter.options:
            params[:, plugin.table.slice(name)] = torch.eye(parameter.size)[torch.arange(count) % parameter.size]
    return params


def heard(plugin, count: int) -> Mixture:
    torch.manual_seed(0)
    return Inverter(plugin, SMALL).encode(features(render(plugin, patches(plugin, count), samples=4410)))


def test_likelihood_is_that_of_normals_and_of_odds(plugin):
    mixture, wanted = heard(plugin, 4), patches(plugin, 4)
    expected = []
    for item in range(4):
        each = []
        for k in range(3):
            place, width = mixture.places[item, k].detach(), mixture.widths[item, k].detach()
            log = mixture.log_odds[item, k].detach().clone()
            for name, parameter in plugin.table.items():
                s = plugin.table.slice(name)
                if parameter.options:
                    log += torch.distributions.Categorical(place[s]).log_prob(wanted[item, s].argmax())
                else:
                    log += torch.distributions.Normal(place[s], width[s]).log_prob(wanted[item, s]).sum()
            each.append(log)
        expected.append(torch.logsumexp(torch.stack(each), 0))
    torch.testing.assert_close(mixture.log_likelihood(wanted), torch.stack(expected), rtol=1e-4, atol=1e-3)


def test_odds_and_widths_are_odds_and_widths(plugin):
    mixture = heard(plugin, 4)
    torch.testing.assert_close(mixture.log_odds.exp().sum(-1), torch.ones(4))
    assert (mixture.widths > 0.0).all()
    assert (mixture.widths <= 1.0).all()


def test_proposals_are_patches_the_likeliest_first(plugin):
    mixture = heard(plugin, 4)
    found = mixture.proposals(3)
    assert found.shape == (4, 3, plugin.table.size)
    assert ((found >= 0.0) & (found <= 1.0)).all()
    for item in range(4):
        best = int(mixture.log_odds[item].argmax())
        for name, parameter in plugin.table.items():
            s = plugin.table.slice(name)
            if parameter.options:
                assert sorted(found[item, 0, s].tolist()) == [0.0] * (parameter.size - 1) + [1.0]
            else:
                torch.testing.assert_close(found[item, 0, s], mixture.places[item, best, s].clamp(0.0, 1.0))


def test_samples_follow_the_widths():
    plugin = plugins.get("kick")
    size = plugin.table.size
    mixture = Mixture(
        torch.tensor([[math.log(0.25), math.log(0.75)]]),
        torch.tensor([0.3, 0.7]).reshape(1, 2, 1).expand(1, 2, size),
        torch.tensor([0.01, 0.02]).reshape(1, 2, 1).expand(1, 2, size),
        plugin.table,
    )
    drawn = mixture.sample(4000, torch.Generator().manual_seed(0))[0, :, plugin.table.slice("pitch_hz").start]
    low = drawn < 0.5
    assert low.float().mean().item() == pytest.approx(0.25, abs=0.03)
    assert drawn[low].std().item() == pytest.approx(0.01, rel=0.1)
    assert drawn[~low].std().item() == pytest.approx(0.02, rel=0.1)


def test_sorted_banks_sound_the_same_and_are_in_order(plugin):
    params = patches(plugin, 3)
    tidy = sorted_banks(plugin, params)
    assert not torch.equal(tidy, params)
    sounds = (render(plugin, each, samples=8820) for each in (params, tidy))
    torch.testing.assert_close(*sounds, atol=1e-4, rtol=0.0)
    for bank in plugin.banks:
        first = tidy[:, plugin.table.slice(bank[0])]
        assert (first.diff(dim=-1) >= 0.0).all()
    assert torch.equal(sorted_banks(plugin, tidy), tidy)
