"""How far sounds are from a target, whose transforms are done once."""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from torch import Tensor

from backbeat.errors import KernelError
from backbeat.losses import DrumLoss
from backbeat.losses.combine import DRUM_RESOLUTIONS
from backbeat.losses.kernel import KernelDrumLoss
from backbeat.types import Audio

Distance: TypeAlias = Callable[[Audio], Tensor]
"""Sounds (batch, 1, samples) to `DrumLoss` at the `RESOLUTIONS`, (batch,)."""

RESOLUTIONS = tuple(each for each in DRUM_RESOLUTIONS if each.mel_bands)
"""Those with mel bands: comparing the other two as well costs two thirds more, and a search comes no nearer by it."""


def distance_to(target: Audio, sample_rate: int) -> Distance:
    """The distance from a target (1, 1, samples), by the kernels where there are any for its device."""
    loss = DrumLoss(resolutions=RESOLUTIONS)
    prepared = loss.prepare(target, sample_rate)
    if target.device.type == "cpu":
        try:
            return KernelDrumLoss(loss, prepared)
        except KernelError:
            pass  # as a note says, if the plugin has C++ too
    return partial(loss, prepared)
