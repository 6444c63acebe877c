"""Batched descent through the synth: several starts at once, the field halved as it goes."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import torch
from torch import Tensor

from backbeat.parameters import Layout

Objective: TypeAlias = Callable[[Tensor], Tensor]
"""Params (starts, P) to losses (starts,)."""
Renewal: TypeAlias = Callable[[Tensor], Tensor]
"""The best params so far, (P,), to more starts, (starts, P)."""

_BETA_1, _BETA_2 = 0.7, 0.95
_PACE = 0.4
"""Of each parameter's search step, or up to twice that for starts that join late, whose memories are short."""
_EPSILON = 1e-12
_WARM_UP_STEPS = 5
_LAST_PACE = 0.03
_RENEWALS = (0.3, 0.6)
"""Shares of the steps after which new starts join, in a search of at least:"""
_FEWEST_RENEWED = 30
_HALVINGS = (0.06, 0.15, 0.35, 0.45, 0.65, 0.75)
"""Shares of the steps after which the worse half of the starts is given up."""


@dataclass(frozen=True)
class SearchState:
    """Everything a search needs to go on where it stopped.

    Attributes:
        params: where each start is now, (starts, P).
        gradient: running mean of each start's gradient, (starts, P).
        power: running mean of its square, (starts, P).
        lowest: lowest loss of each start, (starts,).
        best_params: the best ever seen, (P,).
        best_loss: its loss.
        history: `best_loss` after each step.
    """

    params: Tensor
    gradient: Tensor
    power: Tensor
    lowest: Tensor
    best_params: Tensor
    best_loss: float = math.inf
    history: tuple[float, ...] = ()

    @property
    def step(self) -> int:
        """Steps taken."""
        return len(self.history)


def begin(params: Tensor) -> SearchState:
    """The state before the first step, from starts (starts, P)."""
    zeros = torch.zeros_like(params)
    lowest = torch.full_like(params[:, 0], math.inf)
    return SearchState(params.clone(), zeros, zeros.clone(), lowest, params[0].clone())


def descend(
    state: SearchState,
    objective: Objective,
    table: Layout,
    steps: int,
    renew: Renewal | None = None,
    held: Tensor | None = None,
) -> Iterator[SearchState]:
    """Run Adam on every start until `steps`; yield the state after each step.

    The step size is each parameter's own, warmed up and then lowered along a half cosine. A loss or gradient that is
    not finite moves nothing. Params stay where matches look; phases wrap around.

    Args:
        state: where to go on from.
        objective: losses of params.
        table: gives step sizes, and which entries are phases.
        steps: in all, those already taken included.
        renew: makes more starts of the best there is, twice on the way of a search that is not short.
        held: which entries of the params stay as they are, (P,); none where it is not given.

    References:
        | Adam: A Method for Stochastic Optimization (Kingma, Ba, 2015)
    """
    pace, box = torch.from_numpy(table.search_steps()).to(state.params), Box(table, held, state.params)
    if held is not None:
        pace = pace.masked_fill(held.to(pace.device), 0.0)
    while state.step < steps:
        params = state.params.detach().requires_grad_()
        losses = objective(params)
        (gradient,) = torch.autograd.grad(losses.sum(), params)
        params, losses = params.detach(), torch.where(losses.isfinite(), losses, math.inf).detach()
        sound = (losses.isfinite() & gradient.isfinite().all(-1)).unsqueeze(-1)
        gradient = torch.where(sound, gradient, 0.0)

        step = state.step + 1
        mean = _BETA_1 * state.gradient + (1.0 - _BETA_1) * gradient
        power = _BETA_2 * state.power + (1.0 - _BETA_2) * gradient**2
        gradient = mean / (1.0 - _BETA_1**step)
        scale = torch.sqrt(power / (1.0 - _BETA_2**step)) + _EPSILON
        moved = params - _schedule(step, steps) * pace * gradient / scale

        winner = int(losses.argmin())
        better = float(losses[winner]) < state.best_loss
        best_loss = float(losses[winner]) if better else state.best_loss
        state = SearchState(
            params=box.inside(moved),
            gradient=mean,
            power=power,
            lowest=torch.minimum(state.lowest, losses),
            best_params=params[winner] if better else state.best_params,
            best_loss=best_loss,
            history=(*state.history, best_loss),
        )
        if step in [round(share * steps) for share in _HALVINGS]:
            state = _halve(state)
        if renew is not None and steps >= _FEWEST_RENEWED and step in [round(share * steps) for share in _RENEWALS]:
            state = _join(state, renew(state.best_params), objective)
        yield state


class Box:
    """Where matches look for params.

    Args:
        table: gives the ends, and which entries are phases.
        held: which entries stay as they are, wherever that is.
        like: gives device and dtype.
    """

    def __init__(self, table: Layout, held: Tensor | None, like: Tensor) -> None:
        self.wraps = torch.from_numpy(table.phases()).to(like.device)
        self.low, self.high = (torch.from_numpy(end).to(like) for end in table.matched())
        if held is not None:
            self.low = self.low.masked_fill(held.to(like.device), 0.0)
            self.high = self.high.masked_fill(held.to(like.device), 1.0)

    def inside(self, params: Tensor) -> Tensor:
        """Params (..., P) within it: phases by their fraction, all others clipped."""
        return torch.where(self.wraps, params - torch.floor(params), params.clamp(self.low, self.high))


def _schedule(step: int, steps: int) -> float:
    """Share of each parameter's search step: a short rise, then a half cosine down."""
    warm = min(1.0, step / _WARM_UP_STEPS)
    return _PACE * warm * (_LAST_PACE + (1.0 - _LAST_PACE) * 0.5 * (1.0 + math.cos(math.pi * step / steps)))


def _halve(state: SearchState) -> SearchState:
    """Give up the worse half of the starts."""
    kept = state.lowest.argsort()[: (len(state.params) + 1) // 2].sort().values
    return replace(
        state,
        params=state.params[kept],
        gradient=state.gradient[kept],
        power=state.power[kept],
        lowest=state.lowest[kept],
    )


def _join(state: SearchState, params: Tensor, objective: Objective) -> SearchState:
    """Let more starts (starts, P) descend with those there are; one that is better already is kept at once."""
    if not len(params):
        return state
    with torch.no_grad():
        losses = objective(params)
    losses = torch.where(losses.isfinite(), losses, math.inf)
    winner, other = int(losses.argmin()), begin(params)
    better = float(losses[winner]) < state.best_loss
    best_loss = float(losses[winner]) if better else state.best_loss
    return SearchState(
        params=torch.cat([state.params, other.params]),
        gradient=torch.cat([state.gradient, other.gradient]),
        power=torch.cat([state.power, other.power]),
        lowest=torch.cat([state.lowest, losses]),
        best_params=params[winner] if better else state.best_params,
        best_loss=best_loss,
        history=(*state.history[:-1], best_loss),
    )
