"""Patches: the values of one plugin's parameters, as small JSON files, and new patches from old."""

from typing import TYPE_CHECKING

from backbeat.patch.amounts import VelocityAmount
from backbeat.patch.document import Patch, Placement, from_json, from_params, load, save, with_seed
from backbeat.patch.factory import preset, presets
from backbeat.patch.macros import turn
from backbeat.patch.resize import resize
from backbeat.patch.vary import mix, morph, perturb, randomise

if TYPE_CHECKING:
    from backbeat.patch.module import LearnablePatch

__all__ = [
    "LearnablePatch",
    "Patch",
    "Placement",
    "VelocityAmount",
    "from_json",
    "from_params",
    "load",
    "mix",
    "morph",
    "perturb",
    "preset",
    "presets",
    "randomise",
    "resize",
    "save",
    "turn",
    "with_seed",
]


def __getattr__(name: str) -> object:
    if name != "LearnablePatch":
        raise AttributeError(f"module 'backbeat.patch' has no attribute {name!r}")
    from backbeat.patch.module import LearnablePatch  # which needs PyTorch

    return LearnablePatch
