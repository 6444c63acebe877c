"""Distances of others, against their own code and against NumPy."""

import auraloss
import numpy as np
import pytest
import torch

from backbeat.losses import drumblender_distances

RATE = 48_000


def sounds() -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    t = torch.arange(RATE // 2) / RATE
    target = torch.randn(RATE // 2, generator=random) * torch.exp(-12.0 * t)
    estimate = 0.7 * torch.sin(2.0 * torch.pi * 200.0 * t) * torch.exp(-9.0 * t)
    return estimate[None, None], target[None, None]


def test_mss_is_that_of_auraloss():
    estimate, target = sounds()
    padded = [torch.nn.functional.pad(sound, (0, 2 * RATE - sound.shape[-1])).double() for sound in (estimate, target)]
    theirs = auraloss.freq.MultiResolutionSTFTLoss(
        fft_sizes=[1024, 2048, 512], hop_sizes=[120, 240, 50], win_lengths=[600, 1200, 240]
    )(*padded)
    assert drumblender_distances(estimate, target)[0] == pytest.approx(float(theirs), rel=1e-5)


def test_lsd_is_that_of_numpy():
    estimate, target = sounds()
    logs = []
    for sound in (estimate, target):
        samples = np.pad(sound[0, 0].double().numpy(), (0, 2 * RATE - sound.shape[-1]))
        framed = np.lib.stride_tricks.sliding_window_view(np.pad(samples, 4046, mode="reflect"), 8092)[::64]
        window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(8092) / 8092)
        logs.append(np.log(np.abs(np.fft.rfft(framed * window)) ** 2 + 1e-8))
    expected = np.mean(np.sqrt(np.mean((logs[0] - logs[1]) ** 2, axis=1)))
    assert drumblender_distances(estimate, target)[1] == pytest.approx(expected, rel=1e-6)


def test_same_sound():
    _, target = sounds()
    assert drumblender_distances(target, target) == (0.0, 0.0)
