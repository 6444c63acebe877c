"""The loss that matches drums: spectra at five resolutions, mel bands at three, and the energy envelope."""

from dataclasses import dataclass
from functools import cached_property

from jaxtyping import Float
from torch import Tensor

from backbeat.errors import BackbeatError
from backbeat.losses.envelope import EnvelopeLoss, EnvelopeTarget
from backbeat.losses.inputs import TargetAudio
from backbeat.losses.spectra import Resolution, quarter_hop
from backbeat.losses.stft import MultiResolutionSTFT, STFTTarget
from backbeat.types import Audio

DRUM_RESOLUTIONS = (
    quarter_hop(2048, mel_bands=64),
    quarter_hop(1024, mel_bands=64),
    quarter_hop(512),
    quarter_hop(256, mel_bands=32),
    quarter_hop(128),
)


@dataclass(frozen=True)
class DrumTarget:
    """A one-shot whose transforms are done, as prepared by a `DrumLoss`."""

    stft: STFTTarget
    envelope: EnvelopeTarget | None


@dataclass(frozen=True)
class DrumLoss:
    """Weighted sum of four views of a drum hit; one value per item, finite for any sound, silence included.

    All terms are relative to the target's level and are ratios or nepers: two takes of the same drum are 0.2
    to 0.6 apart in each. The spectrograms are computed once for the first three.

    Attributes:
        convergence: weight of the spectral convergence, which the loudest partials decide.
        log_magnitude: weight of the log-magnitude term, to which every bin matters alike.
        log_mel: weight of the log-mel term, which hears in bands and forgives the grain of noise.
        envelope: weight of the envelope, which hears only when, not what.
        resolutions: of the spectrograms, at least one of them with mel bands (unless `log_mel` is 0).
    """

    convergence: float = 3.0
    log_magnitude: float = 2.0
    log_mel: float = 2.0
    envelope: float = 0.3
    resolutions: tuple[Resolution, ...] = DRUM_RESOLUTIONS

    def __post_init__(self) -> None:
        for name in ("convergence", "log_magnitude", "log_mel", "envelope"):
            weight = getattr(self, name)
            if not weight >= 0.0:
                raise BackbeatError(f"{name}: weight {weight}, must be at least 0")

    def prepare(self, target: Audio, sample_rate: int) -> DrumTarget:
        """Transform a one-shot once, for any number of comparisons.

        Args:
            target: (1, 1, samples) to compare a batch of estimates with one sound, or (batch, 1, samples).
            sample_rate: in Hz.

        Raises:
            BackbeatError: if the shape is not that, or the sample rate is too low for mel bands.
        """
        envelope = self._envelope.prepare(target, sample_rate) if self.envelope else None
        return DrumTarget(self._stft.prepare(target, sample_rate), envelope)

    def __call__(self, target: DrumTarget, estimate: Audio) -> Float[Tensor, " batch"]:
        """Compare estimates with a prepared one-shot.

        Args:
            target: from `prepare`.
            estimate: (batch, 1, samples), as long as the target; any batch if the target is a single sound.

        Returns:
            (batch,), one value per estimate.

        Raises:
            BackbeatError: if the shapes do not fit.
        """
        loss = self._stft(target.stft, estimate)
        if target.envelope is not None:
            loss = loss + self.envelope * self._envelope(target.envelope, estimate)
        return loss

    @cached_property
    def _stft(self) -> MultiResolutionSTFT:
        return MultiResolutionSTFT(
            self.resolutions,
            convergence=self.convergence,
            log_magnitude=self.log_magnitude,
            log_mel=self.log_mel,
        )

    @cached_property
    def _envelope(self) -> EnvelopeLoss:
        return EnvelopeLoss()


def drum_loss(estimate: Audio, target: TargetAudio, sample_rate: int) -> Float[Tensor, " batch"]:
    """`DrumLoss` with its defaults, for training loops, where every batch brings new targets.

    Args:
        estimate: (batch, 1, samples).
        target: (batch, 1, samples), or (1, 1, samples) for all; no gradient flows to it.
        sample_rate: in Hz.

    Returns:
        (batch,).

    Raises:
        BackbeatError: if the shapes do not fit, or the sample rate is too low.
    """
    loss = DrumLoss()
    return loss(loss.prepare(target, sample_rate), estimate)
