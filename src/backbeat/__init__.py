"""Differentiable drum synthesizers, and the search for the patch that makes a sound.

The public names load on first use, so that `import backbeat` and `backbeat --help` do not wait for PyTorch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backbeat.audio import read, write
    from backbeat.errors import BackbeatError
    from backbeat.inversion import SynthLoss, invert
    from backbeat.losses import DrumLoss, distances
    from backbeat.matching import MatchResult, match
    from backbeat.patch import LearnablePatch, Patch, Placement, load, morph, perturb, preset, presets, randomise, save
    from backbeat.plugins import Plugin
    from backbeat.synth import Synth, render

__version__ = "0.1.0"

_HOMES = {
    "BackbeatError": "errors",
    "DrumLoss": "losses",
    "LearnablePatch": "patch",
    "MatchResult": "matching",
    "Patch": "patch",
    "Placement": "patch",
    "Plugin": "plugins",
    "Synth": "synth",
    "SynthLoss": "inversion",
    "distances": "losses",
    "invert": "inversion",
    "load": "patch",
    "match": "matching",
    "morph": "patch",
    "perturb": "patch",
    "preset": "patch",
    "presets": "patch",
    "randomise": "patch",
    "read": "audio",
    "render": "synth",
    "save": "patch",
    "write": "audio",
}

__all__ = [
    "BackbeatError",
    "DrumLoss",
    "LearnablePatch",
    "MatchResult",
    "Patch",
    "Placement",
    "Plugin",
    "Synth",
    "SynthLoss",
    "distances",
    "invert",
    "load",
    "match",
    "morph",
    "perturb",
    "preset",
    "presets",
    "randomise",
    "read",
    "render",
    "save",
    "write",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'backbeat' has no attribute {name!r}")
    return getattr(import_module(f"backbeat.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
