"""Sounds as vectors."""

import numpy as np
import pytest
import torch

from backbeat.library import likeness
from backbeat.library.likeness import distances_db
from matching.sounds import RATE, damped, fall, noise, thump, times_s


def sound(signal):
    return torch.from_numpy(signal).float().reshape(1, 1, -1)


T = times_s(0.5)
LOW, HIGH, HISS = (sound(each) for each in (damped(T, 60.0, 0.3), damped(T, 900.0, 0.3), fall(T, 0.3) * noise(len(T))))


def db(one, other):
    return float(distances_db(likeness(one, RATE), likeness(other, RATE)[None])[0])


@pytest.mark.parametrize("gain", [0.001, 0.5, 100.0])
def test_level_does_not_matter(gain):
    assert db(LOW, gain * LOW) < 0.05


def test_silence_before_and_after_does_not_matter():
    silence = torch.zeros(1, 1, 3000)
    assert db(LOW, torch.cat([silence, LOW, silence], -1)) < 0.7


@pytest.mark.parametrize("other", [HIGH, HISS])
def test_other_sounds_are_far(other):
    assert db(LOW, other) > 8.0


def test_near_pitches_are_nearer_than_far_ones():
    distances = [db(LOW, sound(damped(T, pitch, 0.3))) for pitch in (66.0, 120.0, 400.0, 2000.0)]
    assert distances == sorted(distances)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000, 192000])
def test_every_rate_has_a_vector_of_the_same_size_and_the_same_sound_a_near_one(rate):
    vector = likeness(thump(sample_rate=rate), rate)
    assert vector.shape == (512,)
    assert vector.dtype == np.float16
    if rate >= 44100:
        low = likeness(sound(damped(times_s(0.5, rate), 60.0, 0.3)), rate)
        assert float(distances_db(low, likeness(LOW, RATE)[None])[0]) < 1.0


@pytest.mark.parametrize("samples", [1, 32, 200])
def test_clicks_have_one_too(samples):
    assert np.isfinite(likeness(torch.ones(1, 1, samples), RATE)).all()
