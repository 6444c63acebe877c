"""What a search is held to after its sample, and that matches end where their samples end."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from backbeat.audio import read
from backbeat.matching import match
from backbeat.matching.ending import Ending
from backbeat.patch import Placement
from matching.sounds import RATE, Signal, damped, fall, noise, times_s

SOUNDS = Path(__file__).parents[2] / "examples" / "sounds"
NEPER_DB = 20.0 / np.log(10.0)


def audio(signal: Signal) -> Tensor:
    return torch.from_numpy(signal).float().reshape(1, 1, -1)


def whole(seconds: float, t60_s: float) -> Tensor:
    """Noise that falls, with neither gate nor end."""
    t = times_s(seconds)
    return audio(fall(t, t60_s) * noise(len(t)))


def ending_of(sound: Tensor, seconds: float) -> tuple[Ending, int]:
    """The ending of a sound's first seconds, and how many samples those are."""
    samples = round(seconds * RATE)
    return Ending(sound[..., :samples], RATE, samples), samples


@pytest.mark.parametrize("t60_s", [0.1, 0.5, 2.0])
def test_falling_on_costs_nothing(t60_s):
    """Whether the sample has died by its end or is cut while it sounds."""
    sound = whole(1.2, t60_s)
    ending, samples = ending_of(sound, 0.4)
    silenced = sound.clone()
    silenced[..., samples:] = 0.0
    # What noise does from block to block may lie above the straight line.
    assert float(ending(sound)) < 0.5 * 1.0 / NEPER_DB
    assert float(ending(silenced)) == 0.0


@pytest.mark.parametrize("t60_s", [0.3, 0.5, 2.0])
def test_swelling_up_costs_by_how_much(t60_s):
    sound = whole(1.2, t60_s)
    ending, samples = ending_of(sound, 0.4)
    costs = []
    for louder_db in (0.0, 20.0, 40.0, 80.0):
        swollen = sound.clone()
        swollen[..., samples:] *= 10.0 ** (louder_db / 20.0)
        costs.append(float(ending(swollen)))
    assert costs == sorted(costs)
    assert costs[-1] > costs[0] + 0.1


def test_going_on_at_full_level_is_charged_in_a_sample_that_is_cut():
    t = times_s(1.0)
    sound = audio(damped(t, 50.0, 1e9))
    ending, samples = ending_of(sound, 0.25)
    fades = audio(damped(t, 50.0, 1e9) * fall(t, 1.0, samples / RATE))
    assert float(ending(sound)) > float(ending(fades)) + 0.2
    assert float(ending(fades)) < 0.02  # of no fall at all, 60 dB a second are made


def test_a_long_tail_is_heard_in_level_and_colour():
    sound = whole(2.0, 4.0)
    ending = Ending(sound, RATE, RATE)
    long = torch.nn.functional.pad(sound, (0, ending.samples - sound.shape[-1]))
    assert float(ending(long)) == 0.0
    for louder_db in (-3.0, 3.0):
        other = long.clone()
        other[..., RATE:] *= 10.0 ** (louder_db / 20.0)
        assert float(ending(other)) == pytest.approx(2.0 * 3.0 / NEPER_DB, rel=0.1)
    duller = long.clone()
    duller[..., RATE:] = 0.7 * (long + long.roll(1, -1))[..., RATE:]
    assert float(ending(duller)) > 0.2


@pytest.mark.parametrize("samples", [32, 441, 5000])
def test_each_of_a_batch_has_its_own_cost_and_a_finite_gradient(samples):
    sample = audio(noise(samples))
    ending = Ending(sample, RATE, samples)
    sounds = torch.cat([torch.zeros(1, 1, ending.samples), audio(noise(ending.samples)) * 3.0]).requires_grad_()
    costs = ending(sounds)
    (gradient,) = torch.autograd.grad(costs.sum(), sounds)
    assert costs.shape == (2,)
    assert costs[0] == 0.0 < costs[1]
    assert torch.equal(ending(sounds[1:]), costs[1:])
    assert bool(gradient.isfinite().all())
    assert not bool(gradient[0].any())
    assert not bool(gradient[1, :, :samples].any())


def test_what_was_cut_does_not_depend_on_level():
    sound = whole(0.9, 0.4)
    loud, quiet = (ending_of(gain * sound, 0.3)[0] for gain in (1.0, 1e-3))
    other = 2.0 * sound
    torch.testing.assert_close(loud(other), quiet(1e-3 * other), rtol=1e-3, atol=1e-4)


def level_db(signal: Tensor) -> Tensor:
    """Of blocks of 10 ms."""
    blocks = signal[: len(signal) // 441 * 441].reshape(-1, 441)
    return 10.0 * (blocks.double().square().mean(-1) + 1e-20).log10()


@pytest.mark.parametrize(
    ("plugin", "sound"),
    [
        ("kick", "gated"),
        pytest.param("drum", "gated", marks=pytest.mark.slow),
        ("drum", "cut"),
        ("drum", "recorded"),
    ],
)
def test_a_match_ends_where_its_sample_ends(plugin, sound):
    t = times_s(0.25)
    hum = damped(t, 61.0, 3.0) + 0.3 * damped(t, 140.0, 1.0)
    sample = audio(0.7 * (hum if sound == "cut" else hum * fall(t, 0.06, 0.17)))
    if sound == "recorded":
        sample = read(SOUNDS / "bd_fat.flac").audio
    found = match(sample, plugin, sample_rate=RATE, steps=40)
    samples = sample.shape[-1]
    rendered = found.patch.render(Placement(RATE, 3 * samples))[0, 0]
    peak_db = float(level_db(sample[0, 0]).max())
    end_db = max(float(level_db(sample[0, 0, -882:]).max()), peak_db - 60.0)
    after = level_db(rendered[samples:])
    assert float(after.max()) < end_db + 3.0
    half = len(after) // 2
    assert float(after[half:].max()) < max(end_db - 3.0, peak_db - 50.0)
    assert found.distances.mel_db < 4.5
