"""Real one-shots to be heard in training, for which no params are known."""

from pathlib import Path

import torch
from jaxtyping import Int64
from torch import Tensor

from backbeat.datasets import Augmentation, OneShots
from backbeat.datasets.draws import uniform
from backbeat.encoder.features import SAMPLE_RATE, SAMPLES, SECONDS
from backbeat.errors import DatasetError
from backbeat.inversion.onset import begun
from backbeat.types import Audio

_CHOICES = 5


class RealSounds:
    """The one-shots of a folder in memory; which of them an item is, and how it is changed, belongs to its position.

    Attributes:
        audio: (count, 1, samples), a second each.

    Raises:
        DatasetError: where there is no sound that can be read.
    """

    audio: Audio

    def __init__(self, folder: str | Path, augmentation: Augmentation, seed: int) -> None:
        found, reasons = OneShots(folder, SAMPLE_RATE, SECONDS).readable()
        if not found:
            raise DatasetError(f"{folder}: no sound that can be read; {reasons[0]}")
        self.audio = torch.zeros(len(found), 1, SAMPLES)
        for row, each in zip(self.audio, found, strict=True):
            row[:, : each.audio.shape[-1]] = each.audio[0, :, :SAMPLES]
        self._augmentation, self._seed = augmentation, seed

    def at(self, positions: Int64[Tensor, " batch"]) -> Audio:
        """The sounds at these positions, changed, (batch, 1, samples), on the device of the positions."""
        draws = uniform(positions, self._seed, _CHOICES, 1)[:, 0]
        which = (draws * len(self.audio)).long().clamp(max=len(self.audio) - 1)
        sound = self.audio[which.cpu()].to(positions.device)
        return begun(self._augmentation(sound, positions, SAMPLE_RATE, self._seed), SAMPLE_RATE)
