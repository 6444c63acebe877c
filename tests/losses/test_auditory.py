"""The auditory image: what the ear makes of level, pitch and time, and the distance of two of them."""

import numpy as np
import pytest
import torch

from backbeat.losses import auditory_distance, auditory_image

RATE = 44100
SAMPLES = RATE // 4


def tone(hz: float, level_db: float = 0.0, samples: int = SAMPLES) -> torch.Tensor:
    t = torch.arange(samples, dtype=torch.float64) / RATE
    return 10.0 ** (level_db / 20.0) * torch.sin(2.0 * torch.pi * hz * t)


def thump(hz: float = 120.0, delay: int = 0, gain: float = 0.8) -> torch.Tensor:
    t = torch.arange(SAMPLES - delay, dtype=torch.float64) / RATE
    return torch.nn.functional.pad(gain * torch.cos(2.0 * torch.pi * hz * t) * torch.exp(-20.0 * t), (delay, 0))


def distance(estimate: torch.Tensor, target: torch.Tensor) -> float:
    return float(auditory_distance(estimate[None, None], target[None, None], RATE)[0])


def test_a_tone_is_loudest_in_its_own_bark_band():
    image = auditory_image(tone(1000.0, -20.0)[None], RATE)[0, 10]
    assert int(image.argmax()) == 8  # 920 to 1080 Hz


def test_ten_decibels_are_twice_as_loud():
    loud, quiet = (auditory_image(tone(1000.0, level)[None], RATE)[0, 10, 8] for level in (-10.0, -20.0))
    assert float(loud / quiet) == pytest.approx(2.0, rel=1e-6)


def test_a_full_scale_tone_at_1_khz_is_as_loud_as_its_level_says():
    (image,) = auditory_image(tone(1000.0)[None], RATE)
    ear_db = -3.64 + 6.5 * np.exp(-0.6 * 2.3**2) - 1e-3
    # A tone's power lies in some three bins of a Hann window, 1.5 times the middle one's.
    spread_db = 15.81 + 7.5 * 0.474 - 17.5 * np.sqrt(1.0 + 0.474**2)
    level_db = 90.0 + ear_db + 10.0 * np.log10(1.5) + spread_db
    assert float(image[10, 8]) == pytest.approx(2.0 ** ((level_db - 40.0) / 10.0), rel=0.05)


def test_masking_reaches_further_up_than_down():
    image = auditory_image(tone(1000.0)[None], RATE)[0, 10]
    assert image[10] > image[6]


def test_distance_of_a_sound_from_itself_and_from_silence():
    assert distance(thump(), thump()) == 0.0
    assert distance(0.0 * thump(), thump()) == pytest.approx(1.0, abs=0.01)
    assert distance(0.0 * thump(), 0.0 * thump()) == 0.0


def test_it_grows_with_the_difference():
    found = [distance(thump(hz), thump()) for hz in (120.0, 130.0, 180.0, 400.0)]
    assert found == sorted(found)


def test_onsets_are_aligned():
    # Frames lie elsewhere on the moved sound, by 3 ms at most.
    assert distance(thump(delay=529), thump()) < 0.03
    assert distance(thump(delay=5000), thump()) > 0.3


def test_lengths_may_differ():
    assert distance(thump()[: SAMPLES // 2], thump()) < 0.25
    assert np.isfinite(distance(thump(), thump()[:100]))


def test_one_target_for_all_and_its_gradient():
    sounds = torch.stack([thump(130.0), thump(150.0), thump(120.0)])[:, None].requires_grad_()
    found = auditory_distance(sounds, thump()[None, None], RATE)
    assert found.shape == (3,)
    assert float(found[1].detach()) == pytest.approx(distance(thump(150.0), thump()))
    (slope,) = torch.autograd.grad(found[:2].sum(), sounds)
    assert slope.isfinite().all()
    assert slope[0].abs().max() > 0.0


def test_gradient_is_that_of_the_difference_quotient():
    target = thump()[None, None]
    gain = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    sound = thump(135.0)[None, None]
    assert torch.autograd.gradcheck(lambda g: auditory_distance(g * sound, target, RATE), (gain,))
