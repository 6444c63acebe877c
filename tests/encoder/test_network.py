"""The odds of instruments, the mixtures over patches, and their network."""

import math

import pytest
import torch

from backbeat import plugins
from backbeat.encoder.features import features
from backbeat.errors import InverterError, PluginError
from backbeat.inversion import Inverter, Mixture, Size, sorted_banks
from backbeat.synth import render

SMALL = Size(channels=16, hidden=32, head=16, components=3)
ALL = [plugins.get(name) for name in plugins.names()]


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
    sounds = features(render(plugin, patches(plugin, count), samples=4410))
    return Inverter([plugin], SMALL).answer(sounds).mixtures[plugin.name]


def test_likelihood_is_that_of_normals_and_of_odds(plugin):
    mixture, wanted = heard(plugin, 4), patches(plugin, 4)
    expected = []
    for item in range(4):
        each = []
        for k in range(3):
            mean, width = mixture.means[item, k].detach(), mixture.widths[item, k].detach()
            log = mixture.log_odds[item, k].detach().clone()
            for name, parameter in plugin.table.items():
                s = plugin.table.slice(name)
                if parameter.options:
                    log += torch.distributions.Categorical(mean[s]).log_prob(wanted[item, s].argmax())
                else:
                    log += torch.distributions.Normal(mean[s], width[s]).log_prob(wanted[item, s]).sum()
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
                torch.testing.assert_close(found[item, 0, s], mixture.means[item, best, s].clamp(0.0, 1.0))


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


def test_every_instrument_has_odds_that_sum_to_one_and_a_head():
    torch.manual_seed(0)
    inverter = Inverter(ALL, SMALL)
    answer = inverter.answer(features(torch.randn(3, 1, 4410)))
    torch.testing.assert_close(answer.log_odds.exp().sum(-1), torch.ones(3))
    assert answer.log_odds.shape == (3, len(ALL))
    for plugin in ALL:
        assert answer.mixtures[plugin.name].means.shape == (3, 3, plugin.table.size)


def test_a_head_is_asked_about_its_rows_alone():
    torch.manual_seed(0)
    inverter, sounds = Inverter(ALL[:2], SMALL), features(torch.randn(4, 1, 4410))
    first, second = ALL[0].name, ALL[1].name
    whole = inverter.answer(sounds)
    _, numbers = inverter(sounds, {first: torch.tensor([0, 3]), second: torch.tensor([1])})
    for each, rows in ((first, [0, 3]), (second, [1])):
        torch.testing.assert_close(numbers[each][1], whole.mixtures[each].means[rows])


def test_the_same_sound_gets_the_same_answer_in_any_batch():
    torch.manual_seed(0)
    inverter, sounds = Inverter(ALL[:2], SMALL).eval(), torch.randn(3, 1, 4410)
    whole, alone = (inverter.answer(features(each)) for each in (sounds, sounds[1:2]))
    torch.testing.assert_close(alone.log_odds[0], whole.log_odds[1], atol=1e-4, rtol=0.0)
    name = ALL[0].name
    torch.testing.assert_close(alone.mixtures[name].means[0], whole.mixtures[name].means[1], atol=1e-4, rtol=0.0)


@pytest.mark.parametrize("instruments", [[], ALL[:1] * 2])
def test_no_instrument_and_one_twice_are_refused(instruments):
    with pytest.raises(InverterError, match=r"instruments: found .*; must be one or more, each once"):
        Inverter(instruments, SMALL)


def test_an_instrument_without_a_head_is_refused_by_name():
    inverter = Inverter(ALL[:1], SMALL)
    inverter.require(ALL[0].name)
    with pytest.raises(InverterError, match=f"plugin: found '{ALL[1].name}'; there are heads for {ALL[0].name}"):
        inverter.require(ALL[1].name)
    with pytest.raises(PluginError, match="gong"):
        inverter.require("gong")
