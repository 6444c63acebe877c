"""New patches from old, all in normalised params, so that a step sounds alike wherever it is taken."""

import math
from dataclasses import replace
from random import Random

import torch

from backbeat.errors import PatchError
from backbeat.patch.document import Patch, from_params
from backbeat.plugins import Plugin


def morph(first: Patch, second: Patch, amount: float) -> Patch:
    """The patch that lies `amount` of the way from the first to the second.

    Args:
        first: where an amount of 0 is.
        second: where an amount of 1 is; of the same plugin and options.
        amount: in [0, 1].

    Raises:
        PatchError: where the plugins differ, or the amount is out of range.
    """
    if (first.plugin, first.options) != (second.plugin, second.options):
        raise PatchError(
            f"morph: found {_kind(first)} and {_kind(second)}; must be two patches of one plugin with the same options"
        )
    if not 0.0 <= amount <= 1.0:
        raise PatchError(f"amount: found {amount:g}; must be from 0 to 1")
    params = first.params() * (1.0 - amount) + second.params() * amount
    return from_params(first.instrument, params, name=f"{first.name} → {second.name}", seed=first.seed)


def perturb(patch: Patch, amount: float, seed: int) -> Patch:
    """The patch with every number moved by a normal step of standard deviation `amount` of its range.

    Args:
        patch: where to start; its choices stay.
        amount: in [0, 1]; 0.02 is the drummer's next hit, 0.2 another drum.
        seed: of the steps and of the new patch's noise.

    Raises:
        PatchError: where the amount is out of range.
    """
    if not 0.0 <= amount <= 1.0:
        raise PatchError(f"amount: found {amount:g}; must be from 0 to 1")
    table, generator = patch.instrument.table, Random(seed)
    steps = torch.tensor([generator.gauss(0.0, amount) for _ in range(table.size)], dtype=torch.float64)
    steps[table.choices()] = 0.0
    params = (patch.params() + steps).clamp(0.0, 1.0)
    return from_params(patch.instrument, params, name=patch.name, seed=seed, placement=patch.placement)


def randomise(plugin: Plugin, seed: int) -> Patch:
    """A new patch, uniform within each parameter's musical range, with one option of each choice.

    Args:
        plugin: the instrument.
        seed: of the values and of the patch's noise.
    """
    generator = Random(seed)
    params = torch.zeros(plugin.table.size, dtype=torch.float64)
    low, high = plugin.table.musical()
    for name, parameter in plugin.table.items():
        where = plugin.table.slice(name)
        if parameter.options:
            params[where] = torch.tensor(parameter.weights(generator.choice(parameter.options)), dtype=torch.float64)
        else:
            shares = torch.tensor([generator.random() for _ in range(parameter.size)], dtype=torch.float64)
            params[where] = low[where] + (high[where] - low[where]) * shares
    return from_params(plugin, params, name=f"random {seed}", seed=seed)


def turn(patch: Patch, macro: str, amount: float) -> Patch:
    """The patch with one macro knob turned; values that would leave their range stop at its end.

    Args:
        patch: where to start.
        macro: a macro of its plugin.
        amount: in the macro's unit; 0 changes nothing.

    Raises:
        PatchError: where the plugin has no such macro, or the amount is not finite.
    """
    macros = patch.instrument.macros
    if macro not in macros:
        raise PatchError(f"macro: found {macro!r}; {patch.plugin} has {', '.join(macros) or 'none'}")
    if not math.isfinite(amount):
        raise PatchError(f"macro.{macro}: found {amount}; must be a finite number of {macros[macro].unit}")
    knob, table = macros[macro], patch.instrument.table
    values = dict(patch.values)
    for name in knob.parameters:
        parameter, value = table[name], patch.values[name]
        entries = value if isinstance(value, tuple) else (float(value),)
        if knob.unit == "%":
            entries = tuple(entry * (1.0 + amount / 100.0) for entry in entries)
        elif knob.unit == "st":
            entries = tuple(entry * 2.0 ** (amount / 12.0) for entry in entries)
        elif knob.frequencies_hz is None:
            entries = tuple(entry + amount for entry in entries)
        else:
            at_hz = knob.frequencies_hz(patch.values, name)
            entries = tuple(e + amount * math.log2(f / 1000.0) for e, f in zip(entries, at_hz, strict=True))
        entries = tuple(min(max(entry, parameter.low), parameter.high) for entry in entries)
        values[name] = entries if isinstance(value, tuple) else entries[0]
    return replace(patch, values=values)


def _kind(patch: Patch) -> str:
    options = ", ".join(f"{name}={value}" for name, value in patch.options.items())
    return f"{patch.plugin}({options})" if options else patch.plugin
