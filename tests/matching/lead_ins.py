"""What a recorder hears before the drummer plays: noise of a tape, a mains supply, a room, and a switch."""

import numpy as np
from scipy import signal

from matching.sounds import RATE, Signal, noise


def gain(level_db: float) -> float:
    return 10.0 ** (level_db / 20.0)


def hum(samples: int, seed: int, partials: int) -> Signal:
    """50 Hz and harmonics, 6 dB less an octave, at any phases, RMS 1."""
    t = np.arange(samples) / RATE
    phases = np.random.default_rng(seed).random(partials)
    sound = sum(np.sin(2.0 * np.pi * (50.0 * k * t + phases[k - 1])) / k for k in range(1, partials + 1))
    return sound / np.sqrt(sum(0.5 / k**2 for k in range(1, partials + 1)))


def pink(samples: int, seed: int) -> Signal:
    """Power falls by 3 dB an octave from 20 Hz on, RMS 1."""
    whole = max(samples, 2**17)
    hz = np.fft.rfftfreq(whole, 1.0 / RATE)
    shape = np.where(hz >= 20.0, 1.0 / np.sqrt(np.maximum(hz, 1.0)), 0.0)
    sound = np.fft.irfft(np.fft.rfft(noise(whole, seed)) * shape, whole)
    return sound[:samples] / sound.std()


def rumble(samples: int, seed: int) -> Signal:
    """Noise below 300 Hz, RMS 1 in the long run."""
    sections = signal.butter(2, 300.0, output="sos", fs=RATE)
    settling, whole = 4096, samples + 2**16
    sound = signal.sosfilt(sections, noise(settling + whole, seed))[settling:]
    return sound[:samples] / sound.std()


def click(samples: int, seed: int) -> Signal:
    """One to five samples at full scale, anywhere."""
    random = np.random.default_rng(seed)
    width = int(random.integers(1, 6))
    sound = np.zeros(samples)
    start = int(random.integers(0, samples - width))
    sound[start : start + width] = 1.0
    return sound


NOISES = {
    "hiss": noise,
    "hum": lambda samples, seed: hum(samples, seed, 1),
    "hum with harmonics": lambda samples, seed: hum(samples, seed, 12),
    "pink noise": pink,
    "low noise": rumble,
}


def lead_in(kind: str, seconds: float, level_db: float, seed: int = 0) -> Signal:
    """A lead-in at an RMS, or of a click a peak, against full scale; beside a click may lie noise 15 dB below it."""
    samples = round(seconds * RATE)
    if not kind.startswith("click"):
        return gain(level_db) * NOISES[kind](samples, seed)
    beside = kind.removeprefix("click").removeprefix(" in ")
    sound = gain(level_db) * click(samples, seed)
    return sound + gain(level_db - 15.0) * NOISES[beside](samples, seed + 1) if beside else sound
