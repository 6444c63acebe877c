"""Amounts of velocity and humanize, as a patch holds them: by parameter, in its range from 0 to 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from backbeat.errors import PatchError
from backbeat.parameters import Layout, Parameter
from backbeat.program.hit import CURVES, HitAmounts

Numbers: TypeAlias = float | tuple[float, ...]
"""One for all entries of a parameter, or one for each."""


@dataclass(frozen=True)
class VelocityAmount:
    """How far a parameter goes from a hit at velocity 1 down to one at 0.

    Attributes:
        amount: of its range, from -1 to 1; one for all entries, or one for each.
        curve: `linear`, `soft` (√v, which reacts to soft hits most) or `hard` (v²).
    """

    amount: Numbers
    curve: str = CURVES[0]


def check_velocity(table: Layout, found: object) -> dict[str, VelocityAmount] | None:
    """Amounts of velocity as a patch holds them.

    Raises:
        PatchError: naming the parameter, what was found and what is allowed.
    """
    if found is None:
        return None
    checked = {}
    for name, each in _of_parameters(table, "velocity", found).items():
        where, allowed = f"velocity.{name}", f"must be an amount, with a curve ({', '.join(CURVES)})"
        if not isinstance(each, VelocityAmount) or each.curve not in CURVES:
            raise PatchError(f"{where}: found {each!r}; {allowed}")
        checked[name] = VelocityAmount(_numbers(table[name], f"{where}.amount", each.amount, -1.0), each.curve)
    return checked


def check_humanize(table: Layout, found: object) -> dict[str, Numbers] | None:
    """Amounts of humanize as a patch holds them.

    Raises:
        PatchError: naming the parameter, what was found and what is allowed.
    """
    if found is None:
        return None
    named = _of_parameters(table, "humanize", found)
    return {name: _numbers(table[name], f"humanize.{name}", each, 0.0) for name, each in named.items()}


def velocity_from_json(found: object) -> Any:
    """What `check_velocity` takes or refuses, of JSON."""
    if not isinstance(found, dict):
        return found
    return {name: _amount_from_json(each) for name, each in found.items()}


def velocity_as_json(velocity: Mapping[str, VelocityAmount] | None) -> dict[str, Any] | None:
    """Amounts of velocity in a patch's document."""
    if velocity is None:
        return None
    return {name: {"amount": _plain(each.amount), "curve": each.curve} for name, each in velocity.items()}


def humanize_as_json(humanize: Mapping[str, Numbers] | None) -> dict[str, Any] | None:
    """Amounts of humanize in a patch's document."""
    return None if humanize is None else {name: _plain(each) for name, each in humanize.items()}


def as_arrays(table: Layout, velocity: Mapping[str, VelocityAmount], humanize: Mapping[str, Numbers]) -> HitAmounts:
    """Amounts of all entries."""
    found = HitAmounts(np.zeros(table.size), np.zeros(table.size, np.int64), np.zeros(table.size))
    for name, each in velocity.items():
        found.velocity[table.slice(name)] = each.amount
        found.curves[table.slice(name)] = CURVES.index(each.curve)
    for name, amount in humanize.items():
        found.humanize[table.slice(name)] = amount
    return found


def by_name(table: Layout, amounts: NDArray[np.float64]) -> dict[str, Numbers]:
    """Amounts (P,) of those parameters that have some."""
    found: dict[str, Numbers] = {}
    for name in table:
        own = amounts[table.slice(name)].tolist()
        if any(own):
            found[name] = own[0] if len(own) == 1 else tuple(own)
    return found


def _of_parameters(table: Layout, field: str, found: object) -> dict[str, object]:
    if not isinstance(found, Mapping):
        raise PatchError(f"{field}: found {found!r}; must be null or an object with amounts of parameters")
    for name in found:
        if name not in table or table[name].options:
            allowed = ", ".join(each for each, parameter in table.items() if not parameter.options)
            raise PatchError(f"{field}: found {name!r}; must be of {allowed}")
    return dict(found)


def _numbers(parameter: Parameter, where: str, found: object, least: float) -> Numbers:
    if isinstance(found, Sequence) and not isinstance(found, str) and len(found) == parameter.size:
        return tuple(_number(f"{where}[{k}]", each, least) for k, each in enumerate(found))
    if isinstance(found, Sequence):
        raise PatchError(f"{where}: found {found!r}; must be a number, or a list with one for each entry")
    return _number(where, found, least)


def _number(where: str, found: object, least: float) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float) or not least <= found <= 1.0:
        raise PatchError(f"{where}: found {found!r}; must be a number from {least:g} to 1")
    return float(found)


def _amount_from_json(found: object) -> object:
    if not isinstance(found, dict) or not {"amount"} <= found.keys() <= {"amount", "curve"}:
        return found
    amount, curve = found["amount"], found.get("curve", CURVES[0])
    return VelocityAmount(tuple(amount) if isinstance(amount, list) else amount, curve)


def _plain(amount: Numbers) -> object:
    return list(amount) if isinstance(amount, tuple) else amount
