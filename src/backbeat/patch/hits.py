"""Hits of a patch: softer ones, and ones that differ as a drummer's do.

A patch without amounts of its own has those of its instrument. By velocity, the output level falls by 30 dB, evenly
from velocity 1 to 0, and macros are turned on the way to where the instrument says that its softest hit has them
(`Plugin.soft_hit`): darker, with less of a sweep and a strike. A tilt is about what is strongest, so that a softer hit
drives the clipper no harder, and within bounds, so that no part is lost.

From hit to hit, frequencies differ by 0.3 % at most, levels by 0.3 dB, times by 3 %; and the noise is another one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from backbeat.errors import PatchError
from backbeat.parameters import MODES, NOISE, OUTPUT, TRANSIENT, Parameter, Value, numbers
from backbeat.patch.amounts import VelocityAmount, as_arrays, by_name
from backbeat.patch.detail import voice_of, with_voice
from backbeat.patch.document import Patch, Placement
from backbeat.patch.macros import PIVOT_HZ, changed
from backbeat.plugins import Macro, Plugin
from backbeat.program.engine import LAST_SEED
from backbeat.program.hit import CURVES, HitAmounts, hit_values, side_seed

if TYPE_CHECKING:
    from torch import Tensor

    from backbeat.types import Params

SOFTEST_DB = -30.0
"""Level of a hit at velocity 0, where a patch does not say."""
_HUMAN = {"Hz": 0.003, "s": 0.03, "dB": 0.3}
"""How far hits differ at most: of frequencies and times as a share of them."""
_HEARD_DB, _MOST_RISE_DB, _MOST_FALL_DB = 20.0, 6.0, 18.0
_LEAST_VELOCITY = 1e-12
"""Below it, a root's gradient is without end."""


def hit(patch: Patch, velocity: float = 1.0, number: int = 0) -> Patch:
    """The patch that one of its hits is: see `Patch.hit`."""
    if isinstance(velocity, bool) or not isinstance(velocity, int | float) or not 0.0 <= velocity <= 1.0:
        raise PatchError(f"velocity: found {velocity!r}; must be a number from 0 to 1")
    if type(number) is not int or not 0 <= number <= LAST_SEED:
        raise PatchError(f"hit: found {number!r}; must be a whole number from 0 to {LAST_SEED}")
    if velocity == 1.0 and number == 0:
        return patch
    plugin = patch.instrument
    program = None if plugin.no_engine_reason else plugin.program
    before = plugin.table.flat(patch.values)
    struck, seed = hit_values(program, plugin.table, amounts(patch), before, float(velocity), number, patch.seed)
    return replace(patch, values={**patch.values, **_moved(plugin, before, struck)}, seed=seed)


def hit_sounds(
    patch: Patch, strikes: Sequence[tuple[float, int]], placement: Placement, *, side: int = 0, threads: int = 1
) -> NDArray[np.float32]:
    """Render hits at once: (strikes, samples), each the same as `Patch.hit` and `Patch.sound` give it.

    Args:
        patch: whose hits they are.
        strikes: velocity and number of each.
        placement: sample rate and length; sounds start at once.
        side: which noise, of those that `backbeat.patch.stereo` tells apart; 0 is the hit's own.
        threads: at most so many.
    """
    plugin, samples, sample_rate = patch.instrument, placement.samples, placement.sample_rate
    if plugin.no_engine_reason or plugin.program is None:
        hits = [hit(patch, *strike) for strike in strikes]
        return np.stack([replace(each, seed=side_seed(each.seed, side)).sound(placement) for each in hits])
    own, before = amounts(patch), plugin.table.flat(patch.values)
    struck = [hit_values(plugin.program, plugin.table, own, before, *strike, patch.seed) for strike in strikes]
    values = np.stack([found for found, _ in struck])
    seeds = np.array([side_seed(seed, side) for _, seed in struck], np.int64)
    return plugin.program.compiled.render(values, seeds, samples, sample_rate, threads)


def amounts(patch: Patch) -> HitAmounts:
    """Amounts of all entries: the patch's own or, where it has none, those of its instrument."""
    table, written = patch.instrument.table, with_amounts(patch)
    return as_arrays(table, written.velocity or {}, written.humanize or {})


def with_amounts(patch: Patch) -> Patch:
    """The patch with the amounts that its hits have written out: for engines that do not know its instrument."""
    table, velocity, humanize = patch.instrument.table, patch.velocity, patch.humanize
    if velocity is not None and humanize is not None:
        return patch
    if velocity is None:
        velocity = velocity_towards(patch, patch.instrument.softest, SOFTEST_DB)
    if humanize is None:
        humanize = by_name(table, _default_humanize(patch))
    return replace(patch, velocity=velocity, humanize=humanize)


def velocity_towards(
    patch: Patch, softest: Mapping[str, float], level_db: float, curve: str = CURVES[0]
) -> dict[str, VelocityAmount]:
    """Amounts of velocity by which a patch's softest hit has macros turned, and another level.

    Args:
        patch: whose hits they are.
        softest: macros, and how far they are turned at velocity 0, in their units.
        level_db: how much louder that hit is; of a softer one, below 0.
        curve: of velocity: `linear`, `soft` or `hard`.
    """
    table, macros, soft = patch.instrument.table, patch.instrument.macros, patch
    for name, amount in softest.items():
        soft = _turned(soft, name, macros[name], amount)
    if level := table.with_role(OUTPUT.level_db):
        soft = changed(soft, Macro("dB", (level,), ""), level_db)
    found = by_name(table, patch.positions() - soft.positions())
    return {name: VelocityAmount(each, curve) for name, each in found.items()}


def hit_params(plugin: Plugin, params: Params, velocity: Tensor, amounts: HitAmounts) -> Params:
    """Params of hits at velocities, with gradients by both: a hit by PyTorch, number 0.

    Args:
        plugin: the instrument.
        params: of patches, (batch, P) or (1, P).
        velocity: (batch,), in [0, 1].
        amounts: `amounts(patch)`, or of one's own.

    Returns:
        (batch, P).
    """
    import torch

    curved = torch.stack((velocity, velocity.clamp(min=_LEAST_VELOCITY).sqrt(), velocity.square()), dim=-1)
    by_velocity, phases = params.new_tensor(amounts.velocity), torch.from_numpy(plugin.table.phases()).to(params.device)
    struck = params + by_velocity * (curved[:, torch.from_numpy(amounts.curves).to(params.device)] - 1.0)
    return torch.where(phases, struck.remainder(1.0), struck.clamp(0.0, 1.0))


def _moved(plugin: Plugin, before: NDArray[np.float64], struck: NDArray[np.float64]) -> dict[str, Value]:
    """Values of the parameters that a hit moves."""
    found: dict[str, Value] = {}
    for name, parameter in plugin.table.items():
        own = struck[plugin.table.slice(name)].tolist()
        if own != before[plugin.table.slice(name)].tolist():
            found[name] = own[0] if parameter.size == 1 else tuple(own)
    return found


def _turned(patch: Patch, name: str, knob: Macro, amount: float) -> Patch:
    """A macro turned, without a rendering: what `backbeat.patch.turn` does to keep the loudness is left out."""
    voice = voice_of(patch)
    pivot_hz = pivot_of(voice, knob)
    turned = changed(voice, knob, amount, amount * math.log2(PIVOT_HZ / pivot_hz))
    found = turned if voice is patch else with_voice(patch, turned, name, knob, amount, pivot_hz)
    return found if knob.frequencies_hz is None else _within_bounds(patch, found)


def _within_bounds(patch: Patch, tilted: Patch) -> Patch:
    """Levels moved so little that what is weak stays weak, and that enough is left of what is far from the pivot."""
    values, table = {}, patch.instrument.table
    for name, value in tilted.values.items():
        if not isinstance(value, str) and table[name].unit == "dB":
            pairs = zip(numbers(value), numbers(patch.values[name]), strict=True)
            entries = tuple(min(max(after, before - _MOST_FALL_DB), before + _MOST_RISE_DB) for after, before in pairs)
            values[name] = entries if isinstance(value, tuple) else entries[0]
    return replace(tilted, values={**tilted.values, **values})


def pivot_of(voice: Patch, knob: Macro) -> float:
    """The frequency about which levels are tilted, where the macro has none of its own.

    It is that of the loudest mode, if that is within 20 dB of what else tilts, or else that which halves the power.
    What strikes is left out, since it is loud but short.
    """
    if knob.frequencies_hz is None or knob.pivot is not None:
        return PIVOT_HZ
    table = voice.instrument.table
    noise, low, high = (table.with_role(role) for role in (NOISE.level_db, NOISE.low_hz, NOISE.high_hz))
    low_hz, high_hz = (numbers(voice.values[name])[0] if name else end for name, end in ((low, 0.0), (high, math.inf)))
    modes: list[tuple[float, float]] = []
    others: list[tuple[float, float]] = []
    for name in knob.parameters:
        role, at_hz = table[name].role, knob.frequencies_hz(voice.values, name)
        if table[name].unit != "dB" or isinstance(role, TRANSIENT):
            continue
        entries = list(zip(numbers(voice.values[name]), at_hz, strict=True))
        if role is NOISE.band_db:
            beside_db = numbers(voice.values[noise])[0] if noise else 0.0
            entries = [(level_db + beside_db, hz) for level_db, hz in entries if low_hz <= hz <= high_hz]
        (modes if role is MODES.level_db else others).extend(entries)
    if modes and max(modes)[0] > max(others, default=modes[0])[0] - _HEARD_DB:
        return max(modes)[1]
    powers = sorted((hz, 10.0 ** (0.1 * level_db)) for level_db, hz in others)
    half = 0.5 * sum(power for _, power in powers)
    for hz, power in powers:
        half -= power
        if half <= 0.0:
            return hz
    return PIVOT_HZ


def _default_humanize(patch: Patch) -> NDArray[np.float64]:
    """How far each entry may lie from the patch's own."""
    found = []
    for name, parameter in patch.instrument.table.items():
        value = patch.values[name]
        entries = [0.0] * parameter.size if isinstance(value, str) else numbers(value)
        found += [_human(parameter, each) for each in entries]
    return np.array(found)


def _human(parameter: Parameter, value: float) -> float:
    """What is off stays off, and the drive of the whole stays."""
    if parameter.unit not in _HUMAN or parameter.role is OUTPUT.drive_db:
        return 0.0
    most = _HUMAN[parameter.unit]
    if parameter.unit == "dB":
        return 0.0 if value == parameter.low else most / (parameter.high - parameter.low)
    if parameter.scale == "log":
        return math.log1p(most) / math.log(parameter.high / parameter.low)
    return most * abs(value) / (parameter.high - parameter.low)
