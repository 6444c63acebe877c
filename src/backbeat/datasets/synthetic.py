"""Synthetic sounds with their params, addressed by index."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import torch
from jaxtyping import Int64
from torch import Tensor

from backbeat.datasets import distributions
from backbeat.datasets.augmentation import Augmentation
from backbeat.datasets.distributions import Distribution
from backbeat.errors import DatasetError
from backbeat.plugins import Plugin
from backbeat.synth import render
from backbeat.types import Audio, Params

Split: TypeAlias = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

_OF_TEN = {"train": (0, 8), "validation": (8, 1), "test": (9, 1)}
"""Of ten blocks of items in a row, the first of each split and how many."""
BLOCK = 64
"""Items in a row that share their noise, and so are rendered many times as fast together."""
MOST_ITEMS = 2**31 // 10


@dataclass(frozen=True)
class Batch:
    """Some items.

    Attributes:
        indices: which, (batch,).
        params: (batch, P).
        seeds: of the noise, (batch,).
        audio: (batch, 1, samples).
    """

    indices: Int64[Tensor, " batch"]
    params: Params
    seeds: Int64[Tensor, " batch"]
    audio: Audio


def indices_of(split: Split, positions: Int64[Tensor, " batch"]) -> Int64[Tensor, " batch"]:
    """The indices of a split's items at these positions, from 0."""
    first, many = _OF_TEN[split]
    block, within = positions // BLOCK, positions % BLOCK
    return (block // many * 10 + first + block % many) * BLOCK + within


def shared_seed(seeds: Int64[Tensor, " batch"]) -> int | Int64[Tensor, " batch"]:
    """The seed that all items share, whose noise is then made once, or the seeds of all."""
    return int(seeds[0]) if bool((seeds == seeds[0]).all()) else seeds


@dataclass(frozen=True)
class Synthetic:
    """A dataset without storage: item i is a function of i, the same whenever, wherever and beside whatever it is made.

    Of every ten blocks of 64 indices, eight are for training, one for validation and one for tests, so that no item is
    in two splits. The items of a block share the seed of their noise.

    Attributes:
        plugin: what renders.
        distribution: of the params.
        seed: another gives other items.
        split: which indices there are.
        seconds: length of each sound.
        sample_rate: in Hz.
        augmentation: what is done to the sounds, or none.

    Raises:
        DatasetError: where a value is not allowed.
    """

    plugin: Plugin
    distribution: Distribution = "musical"
    seed: int = 0
    split: Split = "train"
    seconds: float = 1.0
    sample_rate: int = 44100
    augmentation: Augmentation | None = None

    def __post_init__(self) -> None:
        distributions.check(self.distribution)
        if self.split not in SPLITS:
            raise DatasetError(f"split: found {self.split!r}; must be one of {', '.join(SPLITS)}")
        if not 0 <= self.seed < 2**24:
            raise DatasetError(f"seed: found {self.seed}; must be from 0 to {2**24 - 1}")
        if not 0.01 <= self.seconds <= 60.0 or not 8000 <= self.sample_rate <= 192_000:
            raise DatasetError(
                f"found {self.seconds:g} s at {self.sample_rate} Hz; must be 0.01 to 60 s at 8000 to 192000 Hz"
            )

    @property
    def samples(self) -> int:
        """Length of each sound."""
        return round(self.seconds * self.sample_rate)

    def indices(self, positions: Int64[Tensor, " batch"]) -> Int64[Tensor, " batch"]:
        """The indices of the split's items at these positions, from 0."""
        return indices_of(self.split, positions)

    def at(self, positions: Int64[Tensor, " batch"]) -> Batch:
        """The items at these positions of the split, made on the device of the positions."""
        indices = self.indices(positions)
        params = distributions.params(self.plugin, self.distribution, self.seed, indices)
        seeds = indices // BLOCK
        with torch.no_grad():
            audio = render(
                self.plugin,
                params,
                samples=self.samples,
                sample_rate=self.sample_rate,
                seed=shared_seed(seeds),
            )
            if self.augmentation is not None:
                audio = self.augmentation(audio, indices, self.sample_rate, self.seed)
        return Batch(indices, params, seeds, audio)

    def batches(self, size: int = BLOCK, *, first: int = 0, device: str = "cpu") -> Iterator[Batch]:
        """Batches without end, of positions in a row from `first` on."""
        while True:
            yield self.at(torch.arange(first, first + size, device=device))
            first += size

    def __getitem__(self, position: int) -> tuple[Params, Audio]:
        """Params (P,) and sound (1, samples) of one item."""
        if not 0 <= position < MOST_ITEMS:
            raise IndexError(position)
        batch = self.at(torch.tensor([position]))
        return batch.params[0], batch.audio[0]

    def __len__(self) -> int:
        return MOST_ITEMS
