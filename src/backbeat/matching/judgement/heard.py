"""A patch as it is rendered to be judged."""

from dataclasses import dataclass, replace
from functools import cached_property

import torch

from backbeat.matching.judgement.measures import Renderings, Sound
from backbeat.parameters import DETAIL, NOISE, TRANSIENT
from backbeat.patch import Patch, Placement, with_seed

LONGER = 3
"""Times the sample's length."""
_SEEDS = 8
_NOISE = (NOISE.level_db, TRANSIENT.level_db, TRANSIENT.band_db, DETAIL.band_db)
"""Levels of what has no pitch."""


@dataclass(frozen=True)
class Heard:
    """A patch rendered to three times the length of its sample, from its onset on, float64.

    Attributes:
        patch: what is rendered.
        where: the sample's rate, length and onset.
    """

    patch: Patch
    where: Placement

    @property
    def sample_rate(self) -> int:
        """In Hz."""
        return self.where.sample_rate

    @cached_property
    def sound(self) -> Sound:
        """With the patch's own seed."""
        return self._rendered(self.patch)

    @cached_property
    def by_seed(self) -> Renderings:
        """With eight seeds, the patch's own and those that follow it."""
        others = [self._rendered(with_seed(self.patch, step)) for step in range(1, _SEEDS)]
        return torch.stack([self.sound, *others])

    @cached_property
    def tones(self) -> Sound:
        """Without noise and strike: their levels at their least."""
        table = self.patch.instrument.table
        silent = {name: (each.low,) * each.size for name, each in table.items() if each.role in _NOISE}
        return self._rendered(replace(self.patch, values={**self.patch.values, **table.within(silent)}))

    def _rendered(self, patch: Patch) -> Sound:
        longer = Placement(self.sample_rate, LONGER * self.where.samples, self.where.onset_samples)
        return patch.render(longer)[0, 0, self.where.onset_samples :].double()
