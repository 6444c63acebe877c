"""What an inverter learns from: some sounds of every instrument a step, each a function of its number."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import torch

from backbeat.datasets import Augmentation, Batch, Distribution, Split, Synthetic
from backbeat.encoder.features import SAMPLE_RATE, SECONDS, Features, features
from backbeat.encoder.mixture import sorted_banks
from backbeat.encoder.network import Rows
from backbeat.inversion.onset import begun
from backbeat.plugins import Plugin

_APART = 8
"""Lessons between two times that one is learned."""


@dataclass(frozen=True)
class Lesson:
    """Sounds of all instruments, as many of each, those of one instrument in a row.

    Attributes:
        features: of all.
        batches: by instrument: params with their banks sorted, and audio that begins at once.
    """

    features: Features
    batches: dict[str, Batch]

    @property
    def rows(self) -> dict[str, Rows]:
        """Which items are of each instrument."""
        every = torch.arange(len(self.features.facts), device=self.features.facts.device)
        return dict(zip(self.batches, every.chunk(len(self.batches)), strict=True))


@dataclass(frozen=True)
class Lessons:
    """Lessons by their number.

    Attributes:
        instruments: what renders.
        share: sounds of each instrument in a lesson.
        distribution: of the params.
        seed: of the items; each instrument has one of its own, so that all are changed in different ways.
        split: which items there are.
        augmentation: what is done to the sounds, or none.
        device: where to make them.
    """

    instruments: Sequence[Plugin]
    share: int
    distribution: Distribution = "played"
    seed: int = 0
    split: Split = "train"
    augmentation: Augmentation | None = None
    device: torch.device = torch.device("cpu")  # noqa: RUF009

    def at(self, number: int) -> Lesson:
        """One of them."""
        positions = torch.arange(number * self.share, (number + 1) * self.share, device=self.device)
        batches = {}
        for place, plugin in enumerate(self.instruments):
            items = Synthetic(
                plugin, self.distribution, self.seed + place, self.split, SECONDS, SAMPLE_RATE, self.augmentation
            )
            batch = items.at(positions)
            batches[plugin.name] = replace(
                batch, params=sorted_banks(plugin, batch.params), audio=begun(batch.audio, SAMPLE_RATE)
            )
        return Lesson(features(torch.cat([each.audio for each in batches.values()])), batches)


def in_turn(lessons: Lessons, steps: range, views: int, rank: int, world: int) -> Iterator[Lesson]:
    """The lessons of these steps, made in a thread while the step before is learned.

    Each lesson is learned so many times, some lessons apart, since it takes longer to make than to learn.

    Args:
        lessons: where they come from.
        steps: in a row.
        views: how many times each is learned.
        rank: of this process among those that share the steps.
        world: how many these are.
    """
    numbers = [_number(step, views) * world + rank for step in steps]
    known: dict[int, Future[Lesson]] = {}
    with ThreadPoolExecutor(1) as others:
        for place, number in enumerate(numbers):
            for each in numbers[place : place + 2]:
                if each not in known:
                    known[each] = others.submit(lessons.at, each)
            yield known[number].result()
            oldest = number - _APART * views * world
            for each in [each for each in known if each < oldest]:
                del known[each]


def _number(step: int, views: int) -> int:
    """Of the lesson of a step: a new one every so many steps, and in between those of some time ago."""
    new, again = divmod(step, views)
    return max(0, new - _APART * again)
