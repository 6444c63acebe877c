"""Parts of a match that bring nothing, put to rest: a mode, a noise, a sweep that is there by chance turns with a knob.

A search moves whatever has a gradient, however small. Each part is tried without; where the loss hardly rises, it stays
out: one after the other, the least missed first.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Bool
from torch import Tensor

from backbeat.matching.search import Objective
from backbeat.parameters import BODY, MODES, NOISE, OUTPUT, TRANSIENT, Layout, Parameter

_LEVELS = (MODES.level_db, NOISE.level_db, TRANSIENT.level_db)
_SWEEPS = (BODY.sweep_st, BODY.fast_sweep_st)
_PRICE = 0.004
"""Of a part, in the loss."""
_MOVING_PRICE = 0.012
"""Of a sweep, a level of sustain or a gate, beside that: a small one is hardly heard, and turns nothing."""
FALSE_PRICE = 0.25
"""Of a sweep, where the pitch does not settle without it: it is something else that moves it."""


@torch.no_grad()
def put_to_rest(
    params: Tensor, table: Layout, objective: Objective, held: Bool[Tensor, " P"], has_false_sweep: bool = False
) -> Tensor:
    """Params (P,) without the parts that bring less than their price.

    Parts are each mode, the noise, the strike, the sweeps, a level of sustain and a gate: what has a role as one.

    Args:
        params: of a match.
        table: the instrument's parameters.
        objective: losses of params.
        held: which entries stay as they are.
        has_false_sweep: whether the pitch does not settle without its sweep.
    """
    sweep_price = FALSE_PRICE if has_false_sweep else _MOVING_PRICE
    parts = [part for part in _parts(table, sweep_price) if not bool(held[part[0]].any())]
    best = float(objective(params.unsqueeze(0)).cpu())
    while parts:
        rows = params.repeat(len(parts), 1)
        for row, (where, at_rest, _) in zip(rows, parts, strict=True):
            row[where] = at_rest
        losses = torch.nan_to_num(objective(rows).cpu(), nan=torch.inf)
        missed = losses - torch.tensor([extra for _, _, extra in parts]) - best
        least = int(missed.argmin())
        if not float(missed[least]) < _PRICE:
            break
        params, best = rows[least], min(best, float(losses[least]))
        parts = [part for k, part in enumerate(parts) if k != least and missed[k] < 2.0 * _PRICE]
    return params


def sweeps_at_rest(params: Tensor, table: Layout) -> Bool[Tensor, " P"]:
    """Which entries of params (P,) are sweeps that go nowhere, or a level of sustain of none."""
    found = torch.zeros(table.size, dtype=torch.bool)
    for name, parameter in table.items():
        if parameter.role in (*_SWEEPS, BODY.sustain):
            where = table.slice(name)
            found[where] = params[where] == _position_of_zero(parameter)
    return found


def without_sweeps(params: Tensor, table: Layout) -> Tensor:
    """Params (..., P) whose sweeps go nowhere; a level of sustain stays."""
    found = params.clone()
    for name, parameter in table.items():
        if parameter.role in _SWEEPS:
            found[..., table.slice(name)] = _position_of_zero(parameter)
    return found


def _parts(table: Layout, sweep_price: float) -> Iterator[tuple[slice, float, float]]:
    """Entries of each part, where they are at rest, and what it has to bring beyond its price."""
    for name, parameter in table.items():
        where, role = table.slice(name), parameter.role
        if role in _LEVELS:
            yield from ((slice(k, k + 1), 0.0, 0.0) for k in range(where.start, where.stop))
        elif role is TRANSIENT.band_db:
            yield where, 0.0, 0.0
        elif role in _SWEEPS:
            yield where, _position_of_zero(parameter), sweep_price
        elif role is BODY.sustain:
            yield where, _position_of_zero(parameter), _MOVING_PRICE
        elif role is OUTPUT.gate_s:
            yield where, 1.0, _MOVING_PRICE


def _position_of_zero(parameter: Parameter) -> float:
    return -parameter.low / (parameter.high - parameter.low)
