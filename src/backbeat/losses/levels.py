"""Levels relative to a target's loudest cell, and the mean difference between two such level maps.

A level map is any (batch, …) tensor of powers: mel bands over time, or blocks of an envelope. The log-mel and
the envelope loss ask the same question of different maps: by how much, in the logarithm of amplitude, do two
sounds differ where either can be heard? The answer is in nepers (8.686 dB), like the log-magnitude term of a
multi-resolution STFT loss, so that the terms can be added.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

SILENT_POWER = 1e-20
"""A map whose loudest cell is weaker than this (-200 dB) is silent."""


@dataclass(frozen=True)
class LevelTarget:
    """A target's level map, ready to be compared with many estimates.

    Attributes:
        level: (batch, …), nepers relative to the loudest cell, with a soft floor.
        audible: (batch, …), whether the cell lies above the floor.
        reference: (batch, 1, …), power of the loudest cell.
        floor: the floor's power, relative to the reference.
    """

    level: Float[Tensor, "batch ..."]
    audible: Bool[Tensor, "batch ..."]
    reference: Float[Tensor, "batch ..."]
    floor: float


def level_target(power: Float[Tensor, "batch ..."], *, floor_db: float) -> LevelTarget:
    """Prepare a target's powers for `level_difference`.

    Args:
        power: (batch, …).
        floor_db: what lies this far below the loudest cell is inaudible, dB (negative).
    """
    reference, floor = peak_power(power), 10.0 ** (floor_db / 10.0)
    ratio = power / reference
    return LevelTarget(_soft_level(ratio, floor), ratio > floor, reference, floor)


def level_difference(target: LevelTarget, power: Float[Tensor, "batch ..."]) -> Float[Tensor, " batch"]:
    """Mean absolute difference in level over the cells that are audible in either sound, in nepers.

    `mean |L(t) - L(e)|` with `L(p) = ½ ln(p / reference + floor)`: the floor is soft, so that gradients are
    finite everywhere and fade out, rather than stop, below it.

    Args:
        target: from `level_target`; its batch is 1 or the estimates'.
        power: the estimates' map, (batch, …).

    Returns:
        (batch,), nepers.
    """
    ratio = power / target.reference
    difference = (_soft_level(ratio, target.floor) - target.level).abs()
    return mean_where(difference, target.audible | (ratio > target.floor))


def peak_power(power: Float[Tensor, "batch ..."]) -> Float[Tensor, "batch ..."]:
    """Power of each item's loudest cell, (batch, 1, …); 1 if the item is silent.

    Silence has no level of its own to relate others to: they are then relative to full scale.
    """
    peak = power.amax(dim=tuple(range(1, power.ndim)), keepdim=True)
    return torch.where(peak > SILENT_POWER, peak, 1.0)


def level_db(
    power: Float[Tensor, "batch ..."], reference: Float[Tensor, "batch ..."], *, floor_db: float
) -> Float[Tensor, "batch ..."]:
    """`10 log10(power / reference)`, with a hard floor: for measuring, not for descending."""
    return 10.0 * (power / reference).clamp(min=10.0 ** (floor_db / 10.0)).log10()


def mean_where(values: Float[Tensor, "batch ..."], where: Bool[Tensor, "batch ..."]) -> Float[Tensor, " batch"]:
    """Mean of each item's selected cells, (batch,); 0 where none is selected."""
    count = where.flatten(1).sum(dim=1).clamp(min=1)
    return (values * where).flatten(1).sum(dim=1) / count


def _soft_level(ratio: Tensor, floor: float) -> Tensor:
    return 0.5 * (ratio + floor).log()
