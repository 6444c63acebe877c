"""Pitch tracks of sounds whose pitch is known."""

import math

import numpy as np
import pytest
import torch

from backbeat.errors import BackbeatError
from backbeat.losses import pitch_error_cents, pitch_track

RATE = 44_100


def swept(start_hz: float, rest_hz: float, t60_s: float = 0.15, seconds: float = 0.4) -> torch.Tensor:
    """A decaying sine whose pitch falls exponentially, (1, 1, samples)."""
    t = np.arange(round(seconds * RATE)) / RATE
    tau = t60_s / math.log(1000.0)
    cycles = rest_hz * t + (start_hz - rest_hz) * tau * (1.0 - np.exp(-t / tau))
    return torch.from_numpy(np.exp(-5.0 * t) * np.sin(2.0 * np.pi * cycles))[None, None]


@pytest.mark.parametrize("hz", [48.0, 110.0, 997.0])
def test_track_of_a_steady_sine(hz):
    found, level = pitch_track(swept(hz, hz)[0, 0], RATE)
    inside = found[10:-10][level[10:-10] > 0.0]
    assert len(inside) > 50
    assert (1200.0 * torch.log2(inside / hz)).abs().max() < (10.0 if hz < 100.0 else 3.0)


@pytest.mark.parametrize("cents", [0.0, 4.0, -30.0, 700.0])
def test_error_of_a_detuned_sweep(cents):
    ratio = 2.0 ** (cents / 1200.0)
    found = pitch_error_cents(swept(300.0 * ratio, 60.0 * ratio), swept(300.0, 60.0), RATE)
    assert found == pytest.approx(abs(cents), rel=0.15, abs=0.01)


def test_octave_is_the_most():
    assert pitch_error_cents(swept(400.0, 400.0), swept(60.0, 60.0), RATE) == pytest.approx(1200.0, rel=0.05)
    assert pitch_error_cents(torch.zeros(1, 1, 100), swept(60.0, 60.0), RATE) == pytest.approx(1200.0)


@pytest.mark.parametrize("gain", [1e-4, 1.0])
def test_level_does_not_matter(gain):
    assert pitch_error_cents(gain * swept(200.0, 50.0), swept(200.0, 50.0), RATE) == pytest.approx(0.0, abs=1e-6)


def test_noise_has_no_pitch():
    noise = torch.from_numpy(np.random.default_rng(0).normal(size=(1, 1, RATE // 4)))
    assert pitch_error_cents(swept(60.0, 60.0), noise, RATE) is None
    assert pitch_error_cents(swept(60.0, 60.0), torch.zeros(1, 1, 64), RATE) is None


@pytest.mark.parametrize("rate", [8_000, 192_000])
def test_any_rate_and_length(rate):
    for samples in (1, 50, 3000):
        sound = torch.sin(torch.arange(samples) * (2.0 * math.pi * 200.0 / rate))[None, None]
        found = pitch_error_cents(sound, sound, rate)
        assert found in (None, 0.0)


def test_batches_are_refused():
    with pytest.raises(BackbeatError, match="estimate: batch of 2, must be 1"):
        pitch_error_cents(torch.zeros(2, 1, 10), torch.zeros(1, 1, 10), RATE)
