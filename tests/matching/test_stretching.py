"""Whether a sound lasts as much longer as `length` says."""

import numpy as np
import pytest
import torch

from backbeat.matching.stretching import Stretch, stretch_error
from backbeat.patch import preset, turn
from matching.sounds import RATE, times_s


def falling(t60_s: float, hz: tuple[float, ...] = (100.0,), seconds: float = 1.0) -> torch.Tensor:
    t = times_s(seconds)
    wave = np.exp(-np.log(1000.0) * t / t60_s) * sum(np.sin(2.0 * np.pi * each * t) for each in hz)
    return torch.from_numpy(wave).reshape(1, 1, -1)


@pytest.mark.parametrize("factor", [1.5, 2.0 / 3.0])
def test_a_sound_that_is_as_much_longer_has_no_error(factor):
    assert stretch_error(falling(0.6), falling(factor * 0.6, seconds=2.0), factor, RATE) < 0.05


@pytest.mark.parametrize("factor", [1.5, 2.0 / 3.0])
def test_one_that_stays_as_long_is_off_by_the_factor(factor):
    """Of 25 dB, the half of which is the mean, over 20."""
    error = float(stretch_error(falling(0.6), falling(0.6, seconds=2.0), factor, RATE))
    assert error == pytest.approx(abs(factor - 1.0) * 0.5 * 31.0 / 20.0, rel=0.2)


def test_tones_that_beat_as_fast_as_before_are_off():
    beating, stretched = falling(0.6, (100.0, 104.0)), falling(0.9, (100.0, 104.0), 2.0)
    assert stretch_error(beating, stretched, 1.5, RATE) > 0.1


def test_silence_and_the_shortest_have_none():
    for sound in (torch.zeros(1, 1, 1000), torch.ones(1, 1, 3)):
        assert float(stretch_error(sound, sound, 1.5, RATE)) == 0.0


def test_gradients_make_a_decay_longer():
    t60_s = torch.tensor(0.6, dtype=torch.float64, requires_grad=True)
    t = torch.from_numpy(times_s(2.0))
    turned = (torch.exp(-6.9078 * t / t60_s) * torch.sin(2.0 * torch.pi * 100.0 * t)).reshape(1, 1, -1)
    stretch_error(falling(0.6), turned, 1.5, RATE).backward()
    assert t60_s.grad is not None
    assert t60_s.grad < 0.0


@pytest.mark.parametrize("name", ["kick/909", "snare/808", "hat/808-closed"])
def test_turned_params_are_those_of_the_turned_patch(name):
    patch = preset(name)
    stretch = Stretch(patch)
    params = patch.params().float().unsqueeze(0)
    for amount in (50.0, -100.0 / 3.0):
        turned, factor = stretch(params)
        assert factor == pytest.approx(1.0 + amount / 100.0)
        expected = turn(patch, "length", amount).params().float()
        torch.testing.assert_close(turned[0], expected, rtol=0.0, atol=1e-5)


def test_gradients_pass_a_turn():
    patch = preset("kick/909")
    params = patch.params().float().unsqueeze(0).requires_grad_()
    turned, _ = Stretch(patch)(params)
    turned.sum().backward()
    assert params.grad is not None
    assert (params.grad > 0.0).any()
