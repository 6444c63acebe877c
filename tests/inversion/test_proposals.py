"""What is done to proposals in closed form."""

import pytest
import torch

from backbeat import plugins
from backbeat.errors import InverterError
from backbeat.inversion import Inverter, Size, invert
from backbeat.inversion.proposals import levelled, tuned
from backbeat.synth import render

KICK = plugins.get("kick")


def kicks(count: int) -> torch.Tensor:
    return KICK.table.normalise(KICK.table.defaults()).float().expand(count, -1).clone()


def test_tuned_params_are_that_much_higher_unless_another_partial_is_meant():
    pitch_hz = KICK.table.controls(tuned(KICK, kicks(3), torch.tensor([0.1, -0.2, 0.9])))["pitch_hz"][:, 0]
    torch.testing.assert_close(pitch_hz, 52.0 * torch.tensor([2.0**0.1, 2.0**-0.2, 1.0]), rtol=1e-4, atol=0.0)


def test_levelled_params_sound_as_loud():
    params = kicks(2)
    sounds = render(KICK, params, samples=4410)
    target = 0.3 * sounds[:1]
    again = render(KICK, levelled(KICK, params, sounds, target), samples=4410)
    torch.testing.assert_close(again, target.expand_as(again), rtol=1e-3, atol=1e-4)


def test_a_count_that_there_is_not_is_said():
    inverter = Inverter(KICK, Size(channels=16, hidden=16, components=2))
    with pytest.raises(InverterError, match="count: found 3; must be from 1 to 2"):
        invert(torch.zeros(1, 1, 100), inverter, sample_rate=44100, count=3)
    with pytest.raises(InverterError, match="sample_rate: none given"):
        invert(torch.zeros(1, 1, 100), inverter)
