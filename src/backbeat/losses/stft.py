"""Multi-resolution STFT loss: how two sounds differ on spectrograms of several window lengths.

References:
    | Parallel WaveGAN (Yamamoto et al., ICASSP 2020)
    | Fast Spectrogram Inversion Using Multi-Head Convolutional Neural Networks (Arik et al., 2018)
    | auraloss: Audio focused loss functions in PyTorch (Steinmetz & Reiss, DMRN+15, 2020)
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from backbeat.errors import BackbeatError
from backbeat.losses.inputs import mono, mono_like
from backbeat.losses.levels import SILENT_POWER, LevelTarget, level_difference, level_target, peak_power
from backbeat.losses.spectra import (
    Padding,
    Resolution,
    Spectrogram,
    a_weighting_power,
    mel_filterbank,
    power_spectrogram,
    quarter_hop,
)
from backbeat.types import Audio

QUARTER_HOPS = tuple(quarter_hop(window) for window in (2048, 1024, 512, 256, 128))


def spectral_convergence(estimate: Spectrogram, target: Spectrogram, norm: Tensor) -> Float[Tensor, " batch"]:
    """`‖T - E‖ / ‖T‖`, Frobenius norms of magnitudes (batch, frames, bins), item by item.

    `norm` is the target's, (batch,): it is the same at every step of a search.
    """
    difference: Tensor = torch.linalg.vector_norm(estimate - target, dim=(-2, -1))
    return difference / norm


def mean_absolute_difference(estimate: Spectrogram, target: Spectrogram) -> Float[Tensor, " batch"]:
    """`mean |T - E|` over (batch, frames, bins), item by item."""
    return (estimate - target).abs().mean(dim=(-2, -1))


@dataclass(frozen=True)
class SpectrumTarget:
    """What one resolution of the loss needs to know of the target; (batch, frames, bins) unless noted.

    Attributes:
        magnitude: `T`.
        log_magnitude: `ln(T + offset)`.
        offset: what is added inside the logarithm, (batch, 1, 1).
        norm: `‖T‖`, (batch,); 1 if the target is silent.
        mel: mel bands' levels, or None where the resolution has none.
    """

    magnitude: Spectrogram
    log_magnitude: Spectrogram
    offset: Tensor
    norm: Tensor
    mel: LevelTarget | None


@dataclass(frozen=True)
class STFTTarget:
    """A target whose transforms are done, one per resolution of the loss that prepared it."""

    spectra: tuple[SpectrumTarget, ...]
    sample_rate: int
    batch: int
    samples: int


@dataclass(frozen=True)
class MultiResolutionSTFT:
    """Weighted terms on magnitude spectrograms, averaged over resolutions; one value per item.

    At each resolution, with T and E the magnitudes of target and estimate:

        `convergence · ‖T - E‖ / ‖T‖`
        `+ log_magnitude · mean |ln(T + a) - ln(E + a)|`, with `a = log_floor · max T`
        `+ linear_magnitude · mean |T - E|`

    and, averaged over the resolutions with mel bands, `log_mel` times the mean difference of their levels in
    nepers, over the bands that are less than `mel_floor_db` below the target's loudest in either sound. One
    transform serves all terms. Values and gradients are finite for silence on either side.

    As built by default this is backbeat's MR-STFT distance. With `padding="reflect"`, `log_floor=0` and
    `magnitude_floor=1e-4` an item's value is that of auraloss's `MultiResolutionSTFTLoss` on this item alone.
    (In a batch, auraloss takes the spectral convergence of the whole batch as if it were one sound.)

    Attributes:
        resolutions: of the transforms, at least one.
        convergence: weight of the spectral convergence.
        log_magnitude: weight of the log-magnitude term.
        linear_magnitude: weight of the linear-magnitude term; not scale-invariant.
        log_mel: weight of the log-mel term.
        log_floor: see `a` above: keeps what cannot be heard beside the target's peak from counting.
        magnitude_floor: magnitudes are at least this, absolutely.
        mel_floor_db: see above.
        padding: what surrounds the signals.
        a_weighted: whether the spectra are A-weighted first.
    """

    resolutions: tuple[Resolution, ...] = QUARTER_HOPS
    convergence: float = 1.0
    log_magnitude: float = 1.0
    linear_magnitude: float = 0.0
    log_mel: float = 0.0
    log_floor: float = 1e-4
    magnitude_floor: float = 1e-12
    mel_floor_db: float = -70.0
    padding: Padding = "zero"
    a_weighted: bool = False

    def __post_init__(self) -> None:
        if not self.resolutions:
            raise BackbeatError("resolutions: none given, must be at least one")
        # Its square must be a normal float32 number: it stands between log and zero.
        if not self.magnitude_floor >= 1e-18:
            raise BackbeatError(f"magnitude_floor: {self.magnitude_floor}, must be at least 1e-18")
        if not self.log_floor >= 0.0:
            raise BackbeatError(f"log_floor: {self.log_floor}, must be at least 0")
        if self.log_mel and not self._mel_resolutions:
            raise BackbeatError(f"log_mel: {self.log_mel}, must be 0 unless a resolution has mel_bands")

    @torch.no_grad()
    def prepare(self, target: Audio, sample_rate: int) -> STFTTarget:
        """Transform a target once, for any number of comparisons.

        Args:
            target: (1, 1, samples) to compare a batch of estimates with one sound, or (batch, 1, samples).
            sample_rate: in Hz.

        Raises:
            BackbeatError: if the shape is not that, or the sample rate is too low for mel bands.
        """
        signal = mono(target, "target")
        spectra = []
        for resolution in self.resolutions:
            power = self._power(signal, resolution, sample_rate)
            magnitude = self._magnitude(power)
            offset = self.log_floor * peak_power(power).sqrt()
            norm = torch.linalg.vector_norm(magnitude, dim=(-2, -1))
            silent = magnitude.amax(dim=(-2, -1)).square() <= SILENT_POWER
            norm = torch.where(silent, 1.0, norm)
            mel = None
            if self.log_mel and resolution.mel_bands:
                mel = level_target(_mel_power(power, resolution, sample_rate), floor_db=self.mel_floor_db)
            spectra.append(SpectrumTarget(magnitude, (magnitude + offset).log(), offset, norm, mel))
        return STFTTarget(tuple(spectra), sample_rate, batch=signal.shape[0], samples=signal.shape[-1])

    def __call__(self, target: STFTTarget, estimate: Audio) -> Float[Tensor, " batch"]:
        """Compare estimates with a prepared target.

        Args:
            target: from `prepare`.
            estimate: (batch, 1, samples), as long as the target; any batch if the target is a single sound.

        Returns:
            (batch,), one value per estimate.

        Raises:
            BackbeatError: if the shapes do not fit.
        """
        signal = mono_like(estimate, "estimate", batch=target.batch, samples=target.samples)
        total = signal.new_zeros(signal.shape[0])
        for resolution, spectrum in zip(self.resolutions, target.spectra, strict=True):
            power = self._power(signal, resolution, target.sample_rate)
            total = total + self._magnitude_terms(spectrum, power) / len(self.resolutions)
            if spectrum.mel is not None:
                mel = level_difference(spectrum.mel, _mel_power(power, resolution, target.sample_rate))
                total = total + self.log_mel / len(self._mel_resolutions) * mel
        return total

    @property
    def _mel_resolutions(self) -> tuple[Resolution, ...]:
        return tuple(resolution for resolution in self.resolutions if resolution.mel_bands)

    def _power(self, signal: Tensor, resolution: Resolution, sample_rate: int) -> Spectrogram:
        power = power_spectrogram(signal, resolution, padding=self.padding)
        if self.a_weighted:
            power = power * a_weighting_power(resolution.fft, sample_rate, power.device, power.dtype)
        return power

    def _magnitude(self, power: Spectrogram) -> Spectrogram:
        # Below the clamp the gradient is zero, where that of a bare square root would be infinite.
        return power.clamp(min=self.magnitude_floor**2).sqrt()

    def _magnitude_terms(self, target: SpectrumTarget, power: Spectrogram) -> Float[Tensor, " batch"]:
        terms = power.new_zeros(power.shape[0])
        if not (self.convergence or self.log_magnitude or self.linear_magnitude):
            return terms
        magnitude = self._magnitude(power)
        if self.convergence:
            terms = terms + self.convergence * spectral_convergence(magnitude, target.magnitude, target.norm)
        if self.log_magnitude:
            log = (magnitude + target.offset).log()
            terms = terms + self.log_magnitude * mean_absolute_difference(log, target.log_magnitude)
        if self.linear_magnitude:
            terms = terms + self.linear_magnitude * mean_absolute_difference(magnitude, target.magnitude)
        return terms


def _mel_power(power: Spectrogram, resolution: Resolution, sample_rate: int) -> Float[Tensor, "... frames bands"]:
    bank = mel_filterbank(resolution.mel_bands, resolution.fft, sample_rate, power.device, power.dtype)
    return power @ bank
