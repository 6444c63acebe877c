"""Sounds whose analysis is known beforehand."""

from pathlib import Path

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from torch import Tensor

Signal = NDArray[np.float64]

RATE = 44100


def times_s(seconds: float, sample_rate: int = RATE) -> Signal:
    return np.arange(round(seconds * sample_rate)) / sample_rate


def fall(t: Signal, t60_s: float, hold_s: float = 0.0) -> Signal:
    """A hold, then an exponential fall by 60 dB every `t60_s`."""
    return 1000.0 ** (-np.maximum(t - hold_s, 0.0) / t60_s)


def damped(t: Signal, frequency_hz: float, t60_s: float, gain: float = 1.0, start_cycles: float = 0.0) -> Signal:
    return gain * fall(t, t60_s) * np.sin(2.0 * np.pi * (frequency_hz * t + start_cycles))


def glide_cycles(t: Signal, pitch_hz: float, sweep_st: float, sweep_s: float, start_cycles: float = 0.0) -> Signal:
    """The integral of `pitch + excess · 1000^(-t / sweep_s)`."""
    tau_s = sweep_s / np.log(1000.0)
    excess_hz = pitch_hz * (2.0 ** (sweep_st / 12.0) - 1.0)
    return start_cycles + pitch_hz * t + excess_hz * tau_s * (1.0 - np.exp(-t / tau_s))


def glide(t: Signal, pitch_hz: float, sweep_st: float, sweep_s: float, start_cycles: float = 0.0) -> Signal:
    return np.sin(2.0 * np.pi * glide_cycles(t, pitch_hz, sweep_st, sweep_s, start_cycles))


def noise(samples: int, seed: int = 0) -> Signal:
    """White, RMS 1."""
    return np.random.default_rng(seed).standard_normal(samples)


def thump(seconds: float = 0.15, *, peak: float = 0.8, sample_rate: int = RATE) -> Tensor:
    """A small bass drum with a click, (1, 1, samples), float32."""
    t = times_s(seconds, sample_rate)
    body = fall(t, 0.18) * glide(t, 70.0, 24.0, 0.05)
    sound = body + 0.05 * fall(t, 0.01) * noise(len(t))
    return torch.from_numpy(peak * sound / np.abs(sound).max()).float().reshape(1, 1, -1)


def save_thump(path: Path, seconds: float = 0.1, *, peak: float = 0.8, sample_rate: int = RATE) -> Path:
    """Write a thump to a mono file, bit for bit if its suffix is `.wav`."""
    sound = thump(seconds, peak=peak, sample_rate=sample_rate)[0, 0].numpy()
    soundfile.write(path, sound, sample_rate, subtype="FLOAT" if path.suffix == ".wav" else None)
    return path
