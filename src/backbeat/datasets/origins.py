"""Patches that a musician may come to: presets, what lies between two of them, and each with its macros turned."""

from itertools import combinations
from random import Random

from backbeat.patch import Patch, mix, preset, presets, resize, turn
from backbeat.plugins import Plugin

_TURNS = {"st": (-5.0, 5.0), "%": (-45.0, 70.0), "dB": (-6.0, 6.0), "": (-0.2, 0.2)}
"""How far a macro of each unit is turned; one in dB/oct has to render the patch, and stays."""
_TURNED, _VARIANTS = 0.5, 2
"""How likely each macro is turned, and how many patches come of each preset and of each mix."""


def preset_patches(plugin: Plugin) -> list[Patch]:
    """The plugin's presets, at its size."""
    return [resize(preset(name), plugin) for name in presets() if name.startswith(f"{plugin.name}/")]


def played(plugin: Plugin) -> list[Patch]:
    """The plugin's presets as they are, then presets and mixes of every two with macros turned; always the same."""
    known, chance = preset_patches(plugin), Random(0)
    between = [mix(*pair, chance.uniform(0.2, 0.8)) for pair in combinations(known, 2)]
    turned = [_turned(each, chance) for each in [*known, *between] for _ in range(_VARIANTS)]
    return [*known, *turned]


def _turned(patch: Patch, chance: Random) -> Patch:
    for name, macro in patch.instrument.macros.items():
        amount, likely = chance.uniform(*_TURNS.get(macro.unit, (0.0, 0.0))), chance.random() < _TURNED
        if likely:
            patch = turn(patch, name, amount)
    return patch
