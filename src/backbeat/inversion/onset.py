"""Sounds from their onset on, as the inverter hears them."""

import torch

from backbeat.matching.onset import onsets
from backbeat.types import Audio


def begun(audio: Audio, sample_rate: int) -> Audio:
    """Sounds (batch, 1, samples) that are moved to begin at once, with silence after them."""
    source = torch.arange(audio.shape[-1], device=audio.device) + onsets(audio, sample_rate).reshape(-1, 1, 1)
    inside = source < audio.shape[-1]
    return torch.where(inside, audio.gather(-1, source.clamp(max=audio.shape[-1] - 1)), torch.zeros_like(audio))
