"""The synth as a loss."""

import pytest
import torch
from torch import nn

from backbeat import plugins
from backbeat.errors import ParameterError
from backbeat.inversion import SynthLoss
from backbeat.inversion.loss import _limited
from backbeat.losses import drum_loss
from backbeat.synth import render

KICK = plugins.get("kick")
SAMPLES = 4410


def kicks(count: int, seed: int = 0) -> torch.Tensor:
    return 0.2 + 0.6 * torch.rand(count, KICK.table.size, generator=torch.Generator().manual_seed(seed))


def sounds(params: torch.Tensor) -> torch.Tensor:
    return render(KICK, params, samples=SAMPLES)


def test_it_is_the_loss_of_what_the_params_sound_like():
    found, wanted = kicks(3), kicks(3, seed=1)
    loss = SynthLoss("kick", seconds=0.1)
    expected = drum_loss(sounds(found), sounds(wanted), 44100).mean()
    torch.testing.assert_close(loss(found, sounds(wanted)), expected)
    assert loss(wanted, sounds(wanted)) < 1e-3 * expected


def test_params_count_as_much_as_they_are_said_to():
    found, wanted = kicks(3), kicks(3, seed=1)
    target = sounds(wanted)
    alone = SynthLoss("kick", seconds=0.1, audio_weight=0.0, parameter_weight=2.0)(found, target, wanted)
    torch.testing.assert_close(alone, 2.0 * (found - wanted).abs().mean())
    mixed = SynthLoss("kick", seconds=0.1, audio_weight=0.5, parameter_weight=2.0)(found, target, wanted)
    torch.testing.assert_close(mixed, alone + 0.5 * SynthLoss("kick", seconds=0.1)(found, target))


def test_any_loss_of_sounds_will_do():
    def mean_square(estimate, target, sample_rate):
        assert sample_rate == 44100
        return (estimate - target).square().mean((1, 2))

    found, wanted = kicks(2), kicks(2, seed=1)
    loss = SynthLoss(KICK, mean_square, seconds=0.1)
    torch.testing.assert_close(loss(found, sounds(wanted)), (sounds(found) - sounds(wanted)).square().mean())


def test_every_param_has_a_gradient_that_is_no_longer_than_allowed():
    found = kicks(4).requires_grad_()
    target = sounds(kicks(4, seed=1))
    (free,) = torch.autograd.grad(SynthLoss("kick", seconds=0.1, most_gradient=None)(found, target), found)
    most = 4.0 * float(free.norm(dim=-1).median())
    (held,) = torch.autograd.grad(SynthLoss("kick", seconds=0.1, most_gradient=most)(found, target), found)
    assert (held.norm(dim=-1) <= 1.0001 * most / 4.0).all()
    short = free.norm(dim=-1) <= most / 4.0
    assert short.any()
    assert not short.all()
    torch.testing.assert_close(held[short], free[short])
    torch.testing.assert_close(nn.functional.normalize(held), nn.functional.normalize(free))


def test_a_gradient_that_is_not_finite_does_not_reach_the_network():
    params = torch.rand(2, 3, requires_grad=True)
    slope = torch.tensor([[1.0, float("nan"), 2.0], [float("inf"), 1.0, 0.0]])
    (held,) = torch.autograd.grad(_limited(params, 100.0), params, slope)
    assert torch.equal(held, torch.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0]]))


def test_a_network_learns_through_it():
    torch.manual_seed(0)
    target = sounds(kicks(1, seed=1)).expand(4, 1, SAMPLES)
    network = nn.Linear(1, KICK.table.size)
    loss, optimiser = SynthLoss("kick", seconds=0.1), torch.optim.Adam(network.parameters(), lr=0.02)
    curve = []
    for _ in range(30):
        value = loss(torch.sigmoid(network(torch.ones(4, 1))), target)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        curve.append(value.item())
    assert curve[-1] < 0.7 * curve[0]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"audio_weight": 0.0}, "found 0 of audio and 0 of params"),
        ({"parameter_weight": -1.0}, "found 1 of audio and -1 of params"),
    ],
)
def test_weights_that_make_no_loss_are_refused(settings, words):
    with pytest.raises(ParameterError, match=words):
        SynthLoss("kick", **settings)


def test_params_that_are_missing_are_named():
    loss = SynthLoss("kick", seconds=0.1, parameter_weight=1.0)
    with pytest.raises(ParameterError, match="target_params: found none"):
        loss(kicks(2), sounds(kicks(2)))


def test_shapes_that_do_not_fit_are_said():
    loss = SynthLoss("kick", seconds=0.1, parameter_weight=1.0)
    with pytest.raises(ParameterError, match=r"target: found shape \(2, 1, 100\); must be \(2, 1, 4410\)"):
        loss(kicks(2), torch.zeros(2, 1, 100), kicks(2))
    with pytest.raises(ParameterError, match="target_params: found shape"):
        loss(kicks(2), torch.zeros(2, 1, 4410), kicks(1))
