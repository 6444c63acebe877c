"""What the signal processing should give: direct float64 NumPy and SciPy, slow and plain."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.signal import lfilter
from torch import Tensor

from backbeat.dsp import Grid

Signal = NDArray[np.float64]

SAMPLE_RATE = 44100.0


def make_grid(
    samples: int,
    *,
    seeds: list[int] | None = None,
    sample_rate: float = SAMPLE_RATE,
    dtype: torch.dtype = torch.float64,
) -> Grid:
    return Grid(sample_rate, samples, torch.tensor(seeds or [0]), dtype)


def column(*values: float, dtype: torch.dtype = torch.float64, grad: bool = False) -> Tensor:
    """A control, (batch, 1)."""
    return torch.tensor(values, dtype=dtype).unsqueeze(-1).requires_grad_(grad)


def white(shape: tuple[int, ...], seed: int = 0) -> Signal:
    return np.random.default_rng(seed).uniform(-1.0, 1.0, shape)


def times_s(samples: int, sample_rate: float = SAMPLE_RATE) -> Signal:
    return np.arange(samples) / sample_rate


def error_db(found: Tensor, expected: Tensor | Signal) -> float:
    """Largest difference, in dB of full scale."""
    return 20.0 * float(np.log10(np.abs(found.detach().numpy() - np.asarray(expected)).max() + 1e-30))


def integrated_cycles(pitch_hz: Callable[[Signal], Signal], samples: int, sample_rate: float = SAMPLE_RATE) -> Signal:
    """Phase of a pitch curve by numerical integration: five-point Gauss-Legendre in every sample."""
    nodes, weights = np.polynomial.legendre.leggauss(5)
    step_s = 1.0 / sample_rate
    at_s = times_s(samples, sample_rate)[:, None] + 0.5 * step_s * (nodes + 1.0)
    gained = 0.5 * step_s * (pitch_hz(at_s) @ weights)
    return np.concatenate([[0.0], np.cumsum(gained)[:-1]])


def swept_hz(t_s: Signal, pitch_hz: float, depth_st: float, t60_s: float) -> Signal:
    """What a sweep adds to the pitch."""
    return pitch_hz * (2.0 ** (depth_st / 12.0) - 1.0) * 1000.0 ** (-t_s / t60_s)


def decay(t_s: Signal, t60_s: float) -> Signal:
    return 10.0 ** (-3.0 * t_s / t60_s)


def damped_sines(
    t_s: Signal, frequency_hz: ArrayLike, t60_s: ArrayLike, gain: ArrayLike, start_cycles: ArrayLike
) -> Signal:
    """Sum of modes, each a sinusoid for itself."""
    modes = zip(*np.broadcast_arrays(frequency_hz, t60_s, gain, start_cycles), strict=True)
    return sum(g * decay(t_s, d) * np.sin(2.0 * np.pi * ((f * t_s + c) % 1.0)) for f, d, g, c in modes)


def hashed_noise(seed: int, stream: int, samples: int) -> Signal:
    """The noise of `backbeat.dsp.noise`, in unsigned arithmetic from its description."""

    def mix(x: NDArray[np.uint32]) -> NDArray[np.uint32]:
        x = (x ^ (x >> np.uint32(16))) * np.uint32(0x21F0AAAD)
        x = (x ^ (x >> np.uint32(15))) * np.uint32(0xD35A2D97)
        return x ^ (x >> np.uint32(15))

    golden = np.array([0x9E3779B9], dtype=np.uint32)
    key = mix(np.array([seed], dtype=np.uint32) ^ mix(golden * np.uint32(stream)))
    x = np.arange(samples, dtype=np.uint32) + key
    x = mix((x ^ (x >> np.uint32(16))) * np.uint32(0x21F0AAAD) + mix(key + golden))
    return x.view(np.int32) / 2.0**31


def one_pole(cutoff_hz: float, sample_rate: float = SAMPLE_RATE) -> float:
    return float(np.exp(-2.0 * np.pi * cutoff_hz / sample_rate))


def loop_filter(x: Signal, low_hz: float, high_hz: float, sample_rate: float = SAMPLE_RATE) -> Signal:
    """The comb's loop filter: one-pole high-pass, then one-pole low-pass."""
    p, q = one_pole(low_hz, sample_rate), one_pole(high_hz, sample_rate)
    return lfilter([1.0 - q], [1.0, -q], lfilter([0.5 * (1.0 + p), -0.5 * (1.0 + p)], [1.0, -p], x))


def comb_loop(
    x: Signal, delay: int, feedback: float, low_hz: float, high_hz: float, sample_rate: float = SAMPLE_RATE
) -> Signal:
    """A comb with a whole number of samples of delay: one sample at a time, with its states."""
    p, q = one_pole(low_hz, sample_rate), one_pole(high_hz, sample_rate)
    y = np.zeros_like(x)
    last_input = highpassed = lowpassed = 0.0
    for n in range(len(x)):
        delayed = y[n - delay] if n >= delay else 0.0
        highpassed = p * highpassed + 0.5 * (1.0 + p) * (delayed - last_input)
        lowpassed = q * lowpassed + (1.0 - q) * highpassed
        last_input = delayed
        y[n] = x[n] + feedback * lowpassed
    return y


def comb_echoes(
    pulse: Callable[[Signal], Signal],
    samples: int,
    delay_s: float,
    feedback: float,
    low_hz: float,
    high_hz: float,
    sample_rate: float = SAMPLE_RATE,
) -> Signal:
    """A comb with any delay, of a band-limited pulse known at any time: every echo sampled and filtered for itself."""
    t_s = times_s(samples, sample_rate)
    y = np.zeros(samples)
    for echo in range(int(t_s[-1] / delay_s) + 1):
        sound = feedback**echo * pulse(t_s - echo * delay_s)
        for _ in range(echo):
            sound = loop_filter(sound, low_hz, high_hz, sample_rate)
        y += sound
    return y
