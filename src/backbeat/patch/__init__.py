"""Patches: the values of one plugin's parameters, as small JSON files, and new patches from old."""

from backbeat.patch.document import Patch, Placement, from_json, from_params, load, save
from backbeat.patch.factory import preset, presets
from backbeat.patch.macros import turn
from backbeat.patch.module import LearnablePatch
from backbeat.patch.resize import resize
from backbeat.patch.vary import morph, perturb, randomise

__all__ = [
    "LearnablePatch",
    "Patch",
    "Placement",
    "from_json",
    "from_params",
    "load",
    "morph",
    "perturb",
    "preset",
    "presets",
    "randomise",
    "resize",
    "save",
    "turn",
]
