"""New patches from old, all in normalised params, so that a step sounds alike wherever it is taken."""

from dataclasses import replace
from random import Random

import numpy as np

from backbeat.errors import PatchError
from backbeat.patch.banks import between
from backbeat.patch.document import Patch, from_params
from backbeat.patch.evening import evened
from backbeat.patch.levels import fade_levels
from backbeat.patch.resize import resize
from backbeat.plugins import Plugin, get
from backbeat.plugins.detail import BANDS, PARTIALS


def morph(first: Patch, second: Patch, amount: float) -> Patch:
    """The patch that is heard `amount` of the way from the first to the second.

    It is what lies between their numbers (`mix`), turned by its macros until its pitch, its length and its brightness
    lie evenly between theirs (`backbeat.patch.evening`). All are rendered for that, a few times.

    Args:
        first: where an amount of 0 is.
        second: where an amount of 1 is; of the same plugin and options.
        amount: in [0, 1].

    Raises:
        PatchError: where the plugins differ, or the amount is out of range.
    """
    return evened(mix(first, second, amount), first, second, amount)


def mix(first: Patch, second: Patch, amount: float) -> Patch:
    """The patch whose numbers lie `amount` of the way from the first's to the second's.

    Every number moves evenly, phases the shorter way round, and the levels of layers by their power
    (`backbeat.patch.levels`). Entries of a bank (`Plugin.banks`) are paired by frequency and level, not by their
    places, and those without an audible partner fade: see `backbeat.patch.banks`. The seed, the order of entries, and
    the amounts of velocity and humanize are those of the nearer patch.

    Args:
        first: where an amount of 0 is.
        second: where an amount of 1 is; of the same plugin and options.
        amount: in [0, 1].

    Raises:
        PatchError: where the plugins differ, or the amount is out of range.
    """
    first, second = _with_the_same_detail(first, second)
    if (first.plugin, first.options) != (second.plugin, second.options):
        raise PatchError(
            f"morph: found {_kind(first)} and {_kind(second)}; must be two patches of one plugin with the same options"
        )
    if not 0.0 <= amount <= 1.0:
        raise PatchError(f"amount: found {amount:g}; must be from 0 to 1")
    title, plugin, table = f"{first.name} → {second.name}", first.instrument, first.instrument.table
    if amount > 0.5:
        first, second, amount = second, first, 1.0 - amount
    start, end, phases = first.positions(), second.positions(), table.phases()
    end[phases] += np.round((start - end)[phases])
    params = start * (1.0 - amount) + end * amount
    params[phases] %= 1.0
    start, end = fade_levels(table, start, end, params, amount)
    for bank in plugin.banks:
        one, other = (np.stack([each[table.slice(row)] for row in bank]) for each in (start, end))
        for row, mixed in zip(bank, between(table, bank, one, other, amount), strict=True):
            params[table.slice(row)] = mixed
    return replace(first, name=title, values=table.from_unit(params), placement=None)


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
    steps = np.array([generator.gauss(0.0, amount) for _ in range(table.size)])
    steps[table.choices()] = 0.0
    params = patch.positions() + steps
    params = np.where(table.phases(), params % 1.0, params.clip(0.0, 1.0))
    return replace(patch, values=table.from_unit(params), seed=seed)


def randomise(plugin: Plugin, seed: int) -> Patch:
    """A new patch, uniform within each parameter's musical range, with one option of each choice.

    Args:
        plugin: the instrument.
        seed: of the values and of the patch's noise.
    """
    generator = Random(seed)
    params = np.zeros(plugin.table.size)
    low, high = plugin.table.musical()
    for name, parameter in plugin.table.items():
        where = plugin.table.slice(name)
        if parameter.options:
            params[where] = parameter.weights(generator.choice(parameter.options))
        else:
            shares = np.array([generator.random() for _ in range(parameter.size)])
            params[where] = low[where] + (high[where] - low[where]) * shares
    return from_params(plugin, params, name=f"random {seed}", seed=seed)


def _with_the_same_detail(first: Patch, second: Patch) -> tuple[Patch, Patch]:
    """Both patches with a detail layer of one size, where they are of one plugin."""
    if first.plugin != second.plugin:
        return first, second
    sizes = {name: max(each.options.get(name, 0) for each in (first, second)) for name in (PARTIALS, BANDS)}
    if not any(sizes.values()):
        return first, second
    one, other = (resize(each, get(each.plugin, **{**each.options, **sizes})) for each in (first, second))
    return one, other


def _kind(patch: Patch) -> str:
    options = ", ".join(f"{name}={value}" for name, value in patch.options.items())
    return f"{patch.plugin}({options})" if options else patch.plugin
