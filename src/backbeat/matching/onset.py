"""Where a sound begins."""

from jaxtyping import Int64
from torch import Tensor

from backbeat.types import Audio

_LEVEL = 0.01
_LEAD_S = 0.0005


def onsets(audio: Audio, sample_rate: int) -> Int64[Tensor, " batch"]:
    """Samples before each of (batch, 1, samples) begins: half a millisecond before it reaches 1 % of its peak."""
    loud = audio[:, 0].abs() > _LEVEL * audio[:, 0].abs().amax(-1, keepdim=True)
    return (loud.int().argmax(-1) - round(_LEAD_S * sample_rate)).clamp(min=0)
