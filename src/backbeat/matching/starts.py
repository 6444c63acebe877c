"""Where a search starts: values from what analysis reads in a sound, and variations of them."""

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

import torch
from torch import Tensor

from backbeat.dsp import db_to_gain
from backbeat.matching.readings import Reading, read, read_again, read_quickly
from backbeat.parameters import EXTRA, OUTPUT, Layout, Role, Value, numbers
from backbeat.plugins import Plugin
from backbeat.types import Audio, Params, Series

Start: TypeAlias = dict[str, Value]


def propose(plugin: Plugin, signal: Series, sample_rate: int, level: float) -> list[Start]:
    """Values that analysis suggests, most trusted first; what it does not tell is as by default.

    Args:
        plugin: the instrument to start.
        signal: the one-shot, (samples,), peak near 1.
        sample_rate: in Hz.
        level: gain from `signal` to the one-shot as it was.
    """
    return [whole(plugin.table, each, level) for each in read(plugin.table, signal, sample_rate)]


def quick_start(plugin: Plugin, signal: Series, sample_rate: int, level: float) -> Start:
    """What analysis tells of a sound's first moments, in a few hundredths of a second.

    Args:
        plugin: the instrument to start, of which `has_quick_reading`.
        signal: the one-shot, (samples,), peak near 1.
        sample_rate: in Hz.
        level: gain from `signal` to the one-shot as it was.
    """
    return whole(plugin.table, read_quickly(plugin.table, signal, sample_rate), level)


def refine(
    plugin: Plugin, values: Start, target: Audio, wave: Callable[[Start], Audio], sample_rate: int
) -> list[Start]:
    """Values that analysis suggests once a match has come near, from what it leaves; none for most plugins.

    Args:
        plugin: the instrument.
        values: of the match.
        target: (1, 1, samples).
        wave: renders values like the target.
        sample_rate: in Hz.
    """
    table = plugin.table

    def changed(reading: Mapping[Role, Value]) -> Start:
        return table.within({**values, **table.by_name(reading)})

    known = {role: values[name] for name, each in table.items() if (role := each.role) is not None}
    found = read_again(table, known, target, lambda reading: wave(changed(reading)), sample_rate)
    return [changed(each) for each in found]


def vary(params: Tensor, count: int, spread: Tensor, generator: torch.Generator) -> Tensor:
    """Each start and, in turn, normal variations of it, up to `count`.

    Args:
        params: (starts, P) in [0, 1], most trusted first.
        count: rows wanted.
        spread: standard deviation of each entry, (P,).
        generator: of the variations.
    """
    rows = params[torch.arange(count) % len(params)]
    steps = torch.randn(rows.shape, generator=generator, dtype=rows.dtype) * spread
    steps[: len(params)] = 0.0
    return (rows + steps).clamp(0.0, 1.0)


def levelled(plugin: Plugin, params: Params, sounds: Audio, target: Audio) -> tuple[Params, Audio]:
    """Params (batch, P) and their sounds with the target's energy, for an instrument with an output level."""
    name = plugin.table.with_role(OUTPUT.level_db)
    if name is None:
        return params, sounds
    level, where = plugin.table[name], plugin.table.slice(name)
    ratio = target.square().sum((1, 2)) / sounds.square().sum((1, 2)).clamp(min=1e-12)
    steps = (10.0 * torch.log10(ratio.clamp(min=1e-12)) / (level.high - level.low)).unsqueeze(-1)
    louder = params.clone()
    louder[:, where] = (params[:, where] + steps).clamp(0.0, 1.0)
    gain_db = (louder[:, where] - params[:, where]) * (level.high - level.low)
    return louder, sounds * db_to_gain(gain_db).unsqueeze(-1)


def whole(table: Layout, reading: Reading, level: float) -> Start:
    """A reading with defaults for the rest, within all ranges, at the one-shot's own level."""
    start = {**table.defaults(), **_parts_off(table), **table.by_name(reading)}
    output = table.with_role(OUTPUT.level_db)
    if output:
        (output_db,) = numbers(start[output])
        start[output] = output_db + 20.0 * math.log10(level)
    return table.within(start)


def _parts_off(table: Layout) -> Start:
    """Levels of parts that analysis does not tell, at their lowest."""
    return {name: each.low for name, each in table.items() if each.role is EXTRA.level_db}
