"""Sounds from their onset on, as the inverter hears them."""

import torch

from backbeat.matching.onset import onsets
from backbeat.types import Audio


def begun(audio: Audio, sample_rate: int) -> Audio:
    """Sounds (batch, 1, samples) that are moved to begin at once, with silence after them."""
    moved, samples = torch.zeros_like(audio), audio.shape[-1]
    for row, onset in enumerate(onsets(audio, sample_rate).tolist()):
        moved[row, :, : samples - onset] = audio[row, :, onset:]
    return moved
