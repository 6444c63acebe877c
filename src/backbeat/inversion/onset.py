"""Where a sound begins: the inverter hears every sound from its onset on."""

import torch
from jaxtyping import Int64
from torch import Tensor

from backbeat.types import Audio

_LEVEL = 0.01
_LEAD_S = 0.0005


def onsets(audio: Audio, sample_rate: int) -> Int64[Tensor, " batch"]:
    """Samples before each of (batch, 1, samples) begins: half a millisecond before it reaches 1 % of its peak."""
    loud = audio[:, 0].abs() > _LEVEL * audio[:, 0].abs().amax(-1, keepdim=True)
    return (loud.int().argmax(-1) - round(_LEAD_S * sample_rate)).clamp(min=0)


def begun(audio: Audio, sample_rate: int) -> Audio:
    """Sounds (batch, 1, samples) that are moved to begin at once, with silence after them."""
    source = torch.arange(audio.shape[-1], device=audio.device) + onsets(audio, sample_rate).reshape(-1, 1, 1)
    inside = source < audio.shape[-1]
    return torch.where(inside, audio.gather(-1, source.clamp(max=audio.shape[-1] - 1)), torch.zeros_like(audio))
