"""Spectrograms, and the frequency scales to read them on: pure functions of signals (..., samples).

Spectrograms are (..., frames, bins) inside this package, the layout that an FFT over frames yields.

References:
    | IEC 61672-1:2013, Electroacoustics: Sound level meters, annex E (A-weighting)
    | D. O'Shaughnessy, Speech Communication: Human and Machine, 1987 (mel scale)
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

from backbeat.errors import BackbeatError
from backbeat.losses.fourier import power_spectrum
from backbeat.types import Mono

Spectrogram: TypeAlias = Float[Tensor, "... frames bins"]
"""Magnitudes or powers, one row per frame."""

Padding: TypeAlias = Literal["zero", "reflect", "none"]
"""What surrounds the signal: zeros or its mirror image (frame k is centred on sample k·hop), or nothing."""

MEL_LOWEST_HZ = 20.0
MEL_HIGHEST_HZ = 18_000.0


@dataclass(frozen=True)
class Resolution:
    """Sizes of one short-time Fourier transform, in samples.

    Attributes:
        window: length of the Hann window.
        hop: distance between frames.
        fft: transform length; the window is centred in it.
        mel_bands: bands of the mel spectrogram read off this transform; 0 for none.
    """

    window: int
    hop: int
    fft: int
    mel_bands: int = 0

    def __post_init__(self) -> None:
        if not 2 <= self.window <= self.fft:
            raise BackbeatError(f"window: {self.window} samples, must be in [2, fft = {self.fft}]")
        if self.hop < 1:
            raise BackbeatError(f"hop: {self.hop} samples, must be at least 1")
        if self.mel_bands < 0:
            raise BackbeatError(f"mel_bands: {self.mel_bands}, must be at least 0")


def quarter_hop(window: int, mel_bands: int = 0) -> Resolution:
    """Return the resolution whose hop is a quarter of its window and whose FFT is as long as it."""
    return Resolution(window, max(1, window // 4), window, mel_bands)


def power_spectrogram(audio: Mono, resolution: Resolution, *, padding: Padding = "zero") -> Spectrogram:
    """Squared magnitude of the short-time Fourier transform: `|Σ_n h_n x_{n + k·hop} exp(-jωn)|²`.

    Zero padding is the default because a mirrored onset sounds twice. Signals too short for one frame (or for
    their mirror image) are extended with zeros.

    Args:
        audio: (..., samples).
        resolution: sizes of the transform.
        padding: see `Padding`.

    Returns:
        (..., frames, fft // 2 + 1); 1 + samples // hop frames if padded.
    """
    window = hann(resolution.window, resolution.fft, audio.device, audio.dtype)
    return power_spectrum(_frames(audio, resolution, padding) * window)


def mel_spectrogram_db(
    audio: Mono,
    sample_rate: int,
    *,
    window: int = 1024,
    hop: int = 256,
    bands: int = 64,
    floor_db: float = -70.0,
) -> Float[Tensor, "... bands frames"]:
    """Mel spectrogram in dB relative to full scale, as one draws it.

    A bin that holds a full-scale sine reads 0 dB; a band is the (weighted) mean power of its bins.

    Args:
        audio: (..., samples), full scale ±1.
        sample_rate: in Hz.
        window: length of the Hann window and of the FFT, in samples.
        hop: distance between frames, in samples; frame k is centred on sample k·hop.
        bands: number of mel bands, centred on `mel_frequencies`.
        floor_db: the lowest level returned, dB.

    Returns:
        (..., bands, frames), dB.

    Raises:
        BackbeatError: if a size is out of range.
    """
    bank = mel_filterbank(bands, window, sample_rate, audio.device, audio.dtype)
    full_scale_power = (window / 4) ** 2  # of a unit sine under a Hann window, whose mean is one half
    power = power_spectrogram(audio, Resolution(window, hop, window)) @ bank / full_scale_power
    return 10.0 * power.clamp(min=10.0 ** (floor_db / 10.0)).log10().mT


def mel_frequencies(bands: int, sample_rate: int) -> Float[Tensor, " bands"]:
    """Return the centres of `mel_filterbank`'s bands, in Hz."""
    return _mel_edges(bands, sample_rate)[1:-1]


@lru_cache(maxsize=64)
def mel_filterbank(
    bands: int, fft: int, sample_rate: int, device: torch.device, dtype: torch.dtype
) -> Float[Tensor, "bins bands"]:
    """Triangular bands, equally spaced on the mel scale `m = 2595 log10(1 + f / 700)`, each of unit sum.

    Neighbouring triangles reach to each other's centre; the outermost feet stand on 20 Hz and on 18 kHz (or
    Nyquist). A triangle that falls between two bins takes the bin nearest its centre.

    Args:
        bands: number of bands.
        fft: transform length, in samples.
        sample_rate: in Hz.
        device: where the bank is held.
        dtype: of the bank; it is computed in float64.

    Returns:
        (fft // 2 + 1, bands): `power @ bank` is the mean power of each band.

    Raises:
        BackbeatError: if `bands` is not positive or `sample_rate` leaves no band.
    """
    edges = _mel_edges(bands, sample_rate)
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    frequency = _bin_frequencies(fft, sample_rate)[:, None]
    rising = (frequency - left) / (centre - left)
    falling = (right - frequency) / (right - centre)
    triangles = torch.minimum(rising, falling).clamp(min=0.0)
    distance = (frequency - centre).abs()
    nearest = torch.nn.functional.one_hot(distance.argmin(dim=0), fft // 2 + 1).mT.to(triangles.dtype)
    triangles = torch.where(triangles.sum(dim=0) > 0.0, triangles, nearest)
    return _constant(triangles / triangles.sum(dim=0), device, dtype)


def a_weighting(frequency_hz: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """A-weighting as an amplitude gain, 1 at 1 kHz: the ear's sensitivity to quiet sounds.

    `R(f) = f4² f⁴ / ((f² + f1²) sqrt((f² + f2²)(f² + f3²)) (f² + f4²))`, divided by `R(1000 Hz)`.

    Args:
        frequency_hz: any shape, Hz.

    Returns:
        gain, linear, of the same shape.
    """
    return _a_weighting_unscaled(frequency_hz) / _a_weighting_unscaled(torch.tensor(1000.0, dtype=torch.float64)).to(
        frequency_hz
    )


@lru_cache(maxsize=64)
def a_weighting_power(fft: int, sample_rate: int, device: torch.device, dtype: torch.dtype) -> Float[Tensor, " bins"]:
    """Return the power gain of the A-weighting at each bin of an FFT of `fft` samples."""
    return _constant(a_weighting(_bin_frequencies(fft, sample_rate)).square(), device, dtype)


def _a_weighting_unscaled(frequency_hz: Tensor) -> Tensor:
    f1, f2, f3, f4 = 20.598997, 107.65265, 737.86223, 12194.217
    square = frequency_hz.square()
    highpasses = (square + f1**2) * ((square + f2**2) * (square + f3**2)).sqrt()
    return f4**2 * square.square() / (highpasses * (square + f4**2))


def _frames(audio: Mono, resolution: Resolution, padding: Padding) -> Float[Tensor, "... frames fft"]:
    fft, samples = resolution.fft, audio.shape[-1]
    side = 0 if padding == "none" else fft // 2
    shortest = side + 1 if padding == "reflect" else fft - 2 * side
    audio = torch.nn.functional.pad(audio, (0, max(0, shortest - samples)))
    if padding == "reflect":
        batch = audio.reshape(-1, audio.shape[-1])
        audio = torch.nn.functional.pad(batch, (side, side), mode="reflect").reshape(*audio.shape[:-1], -1)
    else:
        audio = torch.nn.functional.pad(audio, (side, side))
    return audio.unfold(-1, fft, resolution.hop)


@lru_cache(maxsize=64)
def hann(window: int, fft: int, device: torch.device, dtype: torch.dtype) -> Float[Tensor, " fft"]:
    """Return a Hann window in the middle of `fft` samples."""
    phase = torch.arange(window, dtype=torch.float64) * (2.0 * math.pi / window)
    left = (fft - window) // 2
    centred = torch.nn.functional.pad(0.5 - 0.5 * phase.cos(), (left, fft - window - left))
    return _constant(centred, device, dtype)


def _mel_edges(bands: int, sample_rate: int) -> Float[Tensor, " edges"]:
    highest_hz = min(MEL_HIGHEST_HZ, sample_rate / 2)
    if bands < 1:
        raise BackbeatError(f"bands: {bands}, must be at least 1")
    if highest_hz <= MEL_LOWEST_HZ:
        raise BackbeatError(f"sample_rate: {sample_rate} Hz, must be above {2 * MEL_LOWEST_HZ:g} Hz")
    mel = torch.linspace(_mel(MEL_LOWEST_HZ), _mel(highest_hz), bands + 2, dtype=torch.float64)
    return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)


def _mel(frequency_hz: float) -> float:
    return 2595.0 * math.log10(1.0 + frequency_hz / 700.0)


def _bin_frequencies(fft: int, sample_rate: int) -> Float[Tensor, " bins"]:
    return torch.arange(fft // 2 + 1, dtype=torch.float64) * (sample_rate / fft)


def _constant(values: Tensor, device: torch.device, dtype: torch.dtype) -> Tensor:
    # A tensor born under inference_mode could never again be used where gradients flow; a cached one must be.
    with torch.inference_mode(False):
        return values.clone().to(device=device, dtype=dtype)
