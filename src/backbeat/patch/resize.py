"""A patch in another size of its plugin."""

from dataclasses import replace

import numpy as np

from backbeat.errors import PatchError
from backbeat.patch.amounts import Numbers
from backbeat.patch.document import Patch
from backbeat.plugins import Plugin


def resize(patch: Patch, plugin: Plugin) -> Patch:
    """The patch with as many tones and bands as a larger plugin of the same name has.

    Entries of a bank (`Plugin.banks`) keep their places. Those that are new are at their defaults and the least level,
    every other one turned by half a cycle: a hundred tones at -80 dB would be a click at -40 dB. Other rows, such as
    levels of bands of noise, are read off between their entries. A detail layer that it has not is silent. Amounts of
    velocity and humanize that the patch has itself go with their entries.

    Raises:
            PatchError: where the plugin is another one, or has a smaller bank.
    """
    before, after = patch.instrument.table, plugin.table
    if patch.plugin != plugin.name:
        raise PatchError(f"resize: found a patch of {patch.plugin}; must be of {plugin.name}")
    params, values = patch.positions(), after.to_unit(after.defaults())
    in_banks = {name for bank in plugin.banks for name in bank}
    for name, parameter in after.items():
        if name not in before:  # of a detail layer
            if parameter.unit == "dB":
                values[after.slice(name)] = 0.0
            continue
        old, size = params[before.slice(name)], parameter.size
        if len(old) == size:
            new = old
        elif name not in in_banks:
            places = np.linspace(0.0, len(old) - 1.0, size)
            new = np.interp(places, np.arange(len(old)), old)
        elif len(old) < size:
            new = values[after.slice(name)].copy()
            new[: len(old)] = old
            if parameter.unit == "dB":
                new[len(old) :] = 0.0
            elif parameter.unit == "cycles":
                new[len(old) :: 2] = (new[len(old) :: 2] + 0.5) % 1.0
        else:
            raise PatchError(f"resize: found {len(old)} entries of {name}; must be at most {size}")
        values[after.slice(name)] = new
    velocity, humanize = patch.velocity, patch.humanize
    if velocity is not None:
        velocity = {
            name: replace(each, amount=_resized(each.amount, after[name].size, name in in_banks))
            for name, each in velocity.items()
        }
    if humanize is not None:
        humanize = {name: _resized(each, after[name].size, name in in_banks) for name, each in humanize.items()}
    resized = after.from_unit(values)
    return replace(patch, values=resized, options=plugin.options, velocity=velocity, humanize=humanize)


def _resized(amount: Numbers, size: int, is_in_bank: bool) -> Numbers:
    """Amounts of hits, which go with their entries; those of a bank's new ones are none."""
    if not isinstance(amount, tuple) or len(amount) == size:
        return amount
    if is_in_bank:
        return (*amount, *[0.0] * (size - len(amount)))
    places = np.linspace(0.0, len(amount) - 1.0, size)
    return tuple(np.interp(places, np.arange(len(amount)), amount).tolist())
