"""Sounds and a float64 short-time Fourier transform to test the losses with."""

import numpy as np
import torch
from numpy.typing import NDArray

from backbeat.types import Audio

SAMPLE_RATE = 44_100


def drum(samples: int, *, pitch_hz: float = 180.0, seed: int = 0, dtype: torch.dtype = torch.float32) -> Audio:
    """A decaying tone with some noise, (1, 1, samples)."""
    time_s = torch.arange(samples, dtype=torch.float64) / SAMPLE_RATE
    tone = torch.sin(2.0 * torch.pi * pitch_hz * time_s) * torch.exp(-time_s / 0.05)
    hiss = noise(samples, seed=seed)[0, 0] * torch.exp(-time_s / 0.02)
    return (0.6 * tone + 0.2 * hiss).to(dtype)[None, None]


def noise(samples: int, *, seed: int, batch: int = 1, dtype: torch.dtype = torch.float64) -> Audio:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, 1, samples, generator=generator, dtype=torch.float64).to(dtype)


def numpy_magnitudes(signal: NDArray[np.float64], window: int, hop: int) -> NDArray[np.float64]:
    """Magnitudes (frames, bins) of centred, zero-padded frames, one at a time."""
    hann = np.array([np.sin(np.pi * n / window) ** 2 for n in range(window)])
    padded = np.concatenate([np.zeros(window // 2), signal, np.zeros(window)])
    starts = range(0, len(signal) + 1, hop)
    return np.array([np.abs(np.fft.rfft(hann * padded[start : start + window])) for start in starts])
