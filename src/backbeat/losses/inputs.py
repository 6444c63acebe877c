"""What the losses accept as audio, checked where it enters."""

from typing import TypeAlias

from jaxtyping import Float
from torch import Tensor

from backbeat.errors import BackbeatError
from backbeat.types import Audio, Mono

TargetAudio: TypeAlias = Float[Tensor, "targets channels target_samples"]
"""`Audio` that stands beside an estimate, whose batch and length may be others."""


def mono(audio: Tensor, name: str) -> Mono:
    """Drop the channel axis of one-channel audio.

    Args:
        audio: (batch, 1, samples), or whatever else a caller may bring.
        name: what the audio is to the caller, for the message.

    Returns:
        (batch, samples).

    Raises:
        BackbeatError: if `audio` has another shape, no samples, or is not floating point.
    """
    if audio.ndim != 3 or audio.shape[1] != 1 or audio.shape[2] < 1:
        raise BackbeatError(f"{name}: shape {tuple(audio.shape)}, must be (batch, 1, samples) with at least one sample")
    if not audio.is_floating_point():
        raise BackbeatError(f"{name}: {audio.dtype} samples, must be floating point")
    return audio[:, 0]


def single(audio: Tensor, name: str) -> Mono:
    """`mono` of what must be one sound, (1, samples).

    Raises:
        BackbeatError: as `mono`, or if there are more sounds than one.
    """
    signal = mono(audio, name)
    if signal.shape[0] != 1:
        raise BackbeatError(f"{name}: batch of {signal.shape[0]}, must be 1")
    return signal


def mono_like(audio: Audio, name: str, *, batch: int, samples: int) -> Mono:
    """Drop the channel axis of audio that is held against a prepared target.

    Args:
        audio: (batch, 1, samples); any batch if the target is a single sound.
        name: what the audio is to the caller, for the message.
        batch: number of targets.
        samples: length of the target.

    Returns:
        (batch, samples).

    Raises:
        BackbeatError: as `mono`, or if length or batch do not fit the target's.
    """
    signal = mono(audio, name)
    if signal.shape[-1] != samples:
        raise BackbeatError(f"{name}: {signal.shape[-1]} samples, must be the target's {samples}")
    if batch not in (1, signal.shape[0]):
        raise BackbeatError(f"{name}: batch of {signal.shape[0]}, must be the target's {batch}")
    return signal
