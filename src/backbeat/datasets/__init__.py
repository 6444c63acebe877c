"""Sounds with their params, by the million: made where they are needed, or written out."""

from backbeat.datasets.augmentation import Augmentation
from backbeat.datasets.distributions import DISTRIBUTIONS, Distribution
from backbeat.datasets.folder import OneShot, OneShots
from backbeat.datasets.shards import Item, read, verify, write
from backbeat.datasets.synthetic import SPLITS, Batch, Split, Synthetic, shared_seed

__all__ = [
    "DISTRIBUTIONS",
    "SPLITS",
    "Augmentation",
    "Batch",
    "Distribution",
    "Item",
    "OneShot",
    "OneShots",
    "Split",
    "Synthetic",
    "read",
    "shared_seed",
    "verify",
    "write",
]
