"""Energy-envelope loss: how two sounds differ in level from one block of a few milliseconds to the next.

It sees what a spectrogram's overlapping windows smear: the shape of the attack, gates, the bursts of a clap.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from backbeat.errors import BackbeatError
from backbeat.losses.inputs import mono, mono_like
from backbeat.losses.levels import LevelTarget, level_difference, level_target
from backbeat.types import Audio, Mono


def block_samples(block_s: float, sample_rate: int) -> int:
    """Return the whole number of samples nearest to `block_s` (halves go to the even one), at least 1."""
    return max(1, round(block_s * sample_rate))


def block_power(audio: Mono, block: int) -> Float[Tensor, "... blocks"]:
    """Mean square of consecutive blocks, the first at sample 0; zeros complete the last.

    Args:
        audio: (..., samples).
        block: length of a block, in samples.

    Returns:
        (..., ceil(samples / block)).
    """
    padded = torch.nn.functional.pad(audio, (0, -audio.shape[-1] % block))
    return padded.reshape(*padded.shape[:-1], -1, block).square().mean(dim=-1)


@dataclass(frozen=True)
class EnvelopeTarget:
    """A target whose envelope is known, as prepared by an `EnvelopeLoss`."""

    levels: LevelTarget
    block: int
    batch: int
    samples: int


@dataclass(frozen=True)
class EnvelopeLoss:
    """Mean difference in level over blocks, in nepers; one value per item.

    `mean |L(t) - L(e)|`, `L = ½ ln(mean square / that of t's loudest block + 10^(floor_db / 10))`, over the
    blocks less than `floor_db` below t's loudest in either sound. Multiplied by 8.686 this is, up to the
    softness of the floor, backbeat's envelope distance in dB.

    Attributes:
        block_s: length of a block, in seconds.
        floor_db: what is inaudible beside the loudest block, dB.
    """

    block_s: float = 0.005
    floor_db: float = -50.0

    def __post_init__(self) -> None:
        if not self.block_s > 0.0:
            raise BackbeatError(f"block_s: {self.block_s} s, must be above 0")
        if not -120.0 <= self.floor_db < 0.0:
            raise BackbeatError(f"floor_db: {self.floor_db} dB, must be in [-120, 0)")

    @torch.no_grad()
    def prepare(self, target: Audio, sample_rate: int) -> EnvelopeTarget:
        """Measure a target's envelope once, for any number of comparisons.

        Args:
            target: (1, 1, samples) to compare a batch of estimates with one sound, or (batch, 1, samples).
            sample_rate: in Hz.

        Raises:
            BackbeatError: if the shape is not that.
        """
        signal = mono(target, "target")
        block = block_samples(self.block_s, sample_rate)
        levels = level_target(block_power(signal, block), floor_db=self.floor_db)
        return EnvelopeTarget(levels, block, batch=signal.shape[0], samples=signal.shape[-1])

    def __call__(self, target: EnvelopeTarget, estimate: Audio) -> Float[Tensor, " batch"]:
        """Compare estimates with a prepared target.

        Args:
            target: from `prepare`.
            estimate: (batch, 1, samples), as long as the target; any batch if the target is a single sound.

        Returns:
            (batch,), nepers.

        Raises:
            BackbeatError: if the shapes do not fit.
        """
        signal = mono_like(estimate, "estimate", batch=target.batch, samples=target.samples)
        return level_difference(target.levels, block_power(signal, target.block))
