"""What the inverter hears."""

import numpy as np
import pytest
import torch

from backbeat.encoder.features import (
    ATTACK_FRAMES,
    ATTACK_ROWS,
    FACTS,
    FRAMES,
    SAMPLE_RATE,
    SAMPLES,
    SPANS,
    WHOLE_ROWS,
    features,
    pitch,
    pitch_gap,
)
from backbeat.inversion.onset import begun
from backbeat.matching.onset import onsets

TIME_S = torch.arange(SAMPLES) / SAMPLE_RATE


def sine(hz: float, t60_s: float = 2.0) -> torch.Tensor:
    return (torch.sin(2.0 * np.pi * hz * TIME_S) * torch.exp(-6.9 * TIME_S / t60_s)).reshape(1, 1, -1)


@pytest.mark.parametrize("samples", [100, SAMPLES, 2 * SAMPLES])
def test_shapes_are_those_that_the_network_is_made_for(samples):
    found = features(torch.randn(3, 1, samples, generator=torch.Generator().manual_seed(0)))
    assert found.whole.shape == (3, WHOLE_ROWS, FRAMES)
    assert found.attack.shape == (3, ATTACK_ROWS, ATTACK_FRAMES)
    assert found.facts.shape == (3, FACTS)
    for each in found:
        assert each.isfinite().all()
        assert each.abs().max() < 4.0


@pytest.mark.parametrize("first", [0, 2 * SPANS])
@pytest.mark.parametrize("hz", [31.0, 52.3, 97.7, 180.0, 410.0])
def test_facts_tell_the_pitch_to_a_few_cents(hz, first):
    octaves = features(sine(hz)).facts[0, first : first + 2 * SPANS : 2]
    cents = 1200.0 * (octaves - np.log2(hz / 100.0)).abs()
    assert cents[4:-2].max() < 3.0


def test_what_has_died_and_silence_are_finite():
    for sound in (sine(50.0, t60_s=0.02), torch.zeros(1, 1, SAMPLES), 1e-30 * sine(50.0)):
        assert all(each.isfinite().all() for each in features(sound))


def test_only_the_last_fact_hears_the_level():
    loud, soft = features(sine(60.0)), features(0.1 * sine(60.0))
    torch.testing.assert_close(loud.whole, soft.whole, atol=1e-4, rtol=0.0)
    torch.testing.assert_close(loud.facts[:, :-1], soft.facts[:, :-1], atol=1e-4, rtol=0.0)
    assert float(loud.facts[0, -1] - soft.facts[0, -1]) == pytest.approx(0.5)


def test_an_item_is_the_same_in_any_batch():
    sounds = torch.cat([sine(hz) for hz in (40.0, 90.0, 200.0)])
    together = features(sounds)
    for row in range(3):
        alone = features(sounds[row : row + 1])
        for one, all_ in zip(alone, together, strict=True):
            torch.testing.assert_close(one[0], all_[row], atol=1e-4, rtol=0.0)


def test_sounds_begin_at_their_onset():
    sound = torch.zeros(2, 1, 1000)
    sound[0, 0, 300:] = 1.0
    sound[1, 0, 5:] = -0.5
    assert onsets(sound, SAMPLE_RATE).tolist() == [278, 0]
    moved = begun(sound, SAMPLE_RATE)
    assert torch.equal(moved[0, 0, 22:722], torch.ones(700))
    assert not moved[0, 0, 722:].any()
    assert torch.equal(moved[1], sound[1])


@pytest.mark.parametrize("octaves", [-0.3, -0.02, 0.0, 0.01, 0.25])
def test_the_gap_of_two_pitches_is_their_distance(octaves):
    low, high = pitch(sine(60.0)), pitch(sine(60.0 * 2.0**octaves))
    assert float(pitch_gap(high, low)) == pytest.approx(octaves, abs=0.002)


def test_the_pitch_alone_is_the_last_two_rows():
    sounds = torch.cat([sine(60.0), sine(200.0)])
    torch.testing.assert_close(pitch(sounds), features(sounds).whole[:, -2:], rtol=0.0, atol=1e-6)
