"""A plugin as a candidate for a match: its losses against the target, where it starts, and which of several suits."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np
import torch
from torch import Tensor

from backbeat.matching.cuda_graph import CudaGraphObjective
from backbeat.matching.distance import distance_to
from backbeat.matching.ending import Ending
from backbeat.matching.kept import Kept
from backbeat.matching.polish import MOST_PARAMS, polish
from backbeat.matching.readings import tells_level
from backbeat.matching.search import Box, Objective, SearchState, begin, descend
from backbeat.matching.starts import Start, levelled, propose, refine, vary
from backbeat.matching.traps import escape_octave_minima
from backbeat.patch import Patch, resize
from backbeat.plugins import Plugin
from backbeat.synth import render
from backbeat.types import Audio

_ANALYSIS_PEAK = 0.9
_VARIATIONS = 6
_SCREENED_AT_ONCE = 8
_SPREAD = 2.0
"""Variations of a start lie this many search steps around it, as a standard deviation."""
_POLISH_ITERATIONS = 20
"""At most."""
_STEPS_TRIED, _STARTS_TRIED = 20, 2
"""What is spent on a plugin to find out whether it suits."""
_SMALL = 48
"""Numbers of a voice that cost nothing; the loss of a larger one counts for the root of as many times more."""
_TRUST, _LEAST_ODDS = 1.2, 0.005
_ADVANTAGE = 1.8
"""How many times as near as the nearest so far another may come: one whose price is higher than that is not tried."""
_HOPELESS = 1.5
"""How many times as far what is suggested for a plugin lies as another has come in its trial, where analysis would not
help either."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A plugin before a target.

    Attributes:
        plugin: the instrument.
        target: (1, 1, samples), on the device to compute on.
        sample_rate: in Hz.
        seed: of the noise, and of the variations of starts.
        enough: asked now and then whether it is time to make do with what there is.
        suggested: patches that may be nearer than what analysis proposes; those of other plugins are passed over.
        ending: how the sound is to go on after the target; without one, it may go on as it likes.
        odds: how likely it is that the sound is this instrument's.
        kept: values that stay as they are.
    """

    plugin: Plugin
    target: Audio
    sample_rate: int
    seed: int
    enough: Callable[[], bool] = lambda: False
    suggested: Sequence[Patch] = ()
    ending: Ending | None = None
    odds: float = 1.0
    kept: Kept = field(default_factory=Kept)

    def sound(self, params: Tensor) -> Audio:
        """What params (starts, P) sound like, as long as the target."""
        return self._renderer(self.target.shape[-1])(params)

    def _renderer(self, samples: int) -> Callable[[Tensor], Audio]:
        """Renders params; it does not hold on to the candidate: what a GPU has recorded is freed with it."""
        return partial(render, self.plugin, samples=samples, sample_rate=self.sample_rate, seed=self.seed)

    @property
    def price(self) -> float:
        """What its losses count for beside another plugin's: more, for a voice of many numbers, or an unlikely one."""
        return price(self.plugin, self.odds, _TRUST)

    @property
    def notes(self) -> list[str]:
        """That it was slower than it might have been, and why."""
        said = []
        if self.target.device.type == "cpu" and (reason := self.plugin.no_engine_reason):
            said.append(f"{self.plugin.name} was rendered by its formula, several times as slowly: {reason}")
        if isinstance(self.objective, CudaGraphObjective) and self.objective.failure:
            said.append(f"the GPU could not record a step, and was asked for each operation: {self.objective.failure}")
        return said

    @cached_property
    def objective(self) -> Objective:
        """Losses of params against the target, whose transforms are done once, and against its ending."""
        distance, ending, compared = distance_to(self.target, self.sample_rate), self.ending, self.target.shape[-1]
        rendered = self._renderer(compared if ending is None else ending.samples)

        def losses(params: Tensor) -> Tensor:
            sounds = rendered(params)
            if ending is None:
                return distance(sounds)
            return distance(sounds[..., :compared]) + ending(sounds)

        return CudaGraphObjective(losses) if self.target.device.type == "cuda" else losses

    def starts(self, count: int) -> Tensor:
        """The best of what analysis proposes and of variations of it, out of pitch's traps, (starts, P).

        Beside them, suggestions that begin nearer, and variations of these: they do not take the place of what analysis
        proposes, which may still lead farther.
        """
        signal = self.target[0, 0].cpu().double().numpy()
        peak, table = float(np.abs(signal).max()), self.plugin.table
        scaled = signal * (_ANALYSIS_PEAK / peak)
        readings = propose(self.plugin, scaled, self.sample_rate, peak / _ANALYSIS_PEAK)
        proposed = self._put(torch.stack([table.normalise(values) for values in readings]).to(self.target))
        if not tells_level(table):
            with torch.no_grad():
                proposed = self._put(levelled(self.plugin, proposed, self.sound(proposed), self.target)[0])
        best, loss = self._screened(proposed.cpu().double(), count)
        if self.suggested_params is not None:
            rows, suggested_loss = self._screened(self.suggested_params, count)
            if suggested_loss < loss:
                best = torch.cat([best[:1], rows[:1], best[1:], rows[1:]])
        return best if self.enough() else escape_octave_minima(best, self.plugin, self.objective, self.held)

    @cached_property
    def suggested_params(self) -> Tensor | None:
        """What is suggested, (starts, P)."""
        rows = [resize(each, self.plugin).params() for each in self.suggested if each.plugin == self.plugin.name]
        return self._put(torch.stack(rows)) if rows else None

    @cached_property
    def held(self) -> Tensor:
        """Which entries of the params stay as they are, (P,)."""
        return self.kept.held(self.plugin.table)

    def _put(self, params: Tensor) -> Tensor:
        return self.kept.put(self.plugin.table, Box(self.plugin.table, self.held, params).inside(params))

    def is_hopeless(self, reached: float) -> bool:
        """Whether what is suggested lies far above the loss that another candidate has reached."""
        return self.suggested_params is not None and self._screened(self.suggested_params, 1)[1] > _HOPELESS * reached

    def _screened(self, proposed: Tensor, count: int) -> tuple[Tensor, float]:
        """The best of what is proposed (starts, P), and of variations where more than one is wanted; the least loss."""
        rows = vary(
            proposed,
            len(proposed) + _VARIATIONS * (count - 1),
            _SPREAD * torch.from_numpy(self.plugin.table.search_steps()).masked_fill(self.held, 0.0),
            torch.Generator().manual_seed(self.seed),
        ).to(self.target.device, torch.float32)
        with torch.no_grad():
            losses = torch.cat([self.objective(some) for some in torch.split(rows, _SCREENED_AT_ONCE)])
        losses = torch.where(losses.isfinite(), losses, torch.inf)
        return rows[losses.argsort()[:count]], float(losses.min())

    def polished(self, params: Tensor) -> Tensor:
        """What a second-order polish makes of params (P,), and then of what they suggest, (starts, P).

        No starts, (0, P), for a plugin of many parameters.
        """
        table = self.plugin.table
        if table.size > MOST_PARAMS:
            return params.new_empty(0, table.size)
        near = self._polish(params)
        if self.enough():
            return near.unsqueeze(0)
        others = refine(self.plugin, table.denormalise(near.double()), self.target, self._wave, self.sample_rate)
        return torch.stack([near, *(self._polish(self._put(table.normalise(values).to(near))) for values in others)])

    def _polish(self, params: Tensor) -> Tensor:
        table = self.plugin.table
        return polish(params, self.sound, self.target, table, _POLISH_ITERATIONS, self.enough, self.held)

    def _wave(self, values: Start) -> Audio:
        params = self.plugin.table.normalise(values).to(self.target)
        with torch.no_grad():
            return self.sound(params.unsqueeze(0))

    def descended(self, first: Tensor, steps: int) -> SearchState:
        """Where a few steps from the first of these starts lead."""
        state = begin(first[:_STARTS_TRIED])
        for each in descend(state, self.objective, self.plugin.table, steps, held=self.held):
            state = each
            if self.enough():
                break
        return state


def price(plugin: Plugin, odds: float, trust: float) -> float:
    """What losses count for beside another instrument's, by the size, and by the odds to the power of trust."""
    return max(1.0, plugin.table.size / _SMALL) ** 0.5 * max(odds, _LEAST_ODDS) ** -trust


def choose(candidates: Sequence[Candidate], starts: int, steps: int) -> tuple[Candidate, Tensor, list[str]]:
    """The candidate nearest for its size and odds after a few steps, its starts from there, and how near each came.

    One that is too unlikely, or too large, to come nearest is not tried, nor one for which something is suggested that
    lies far above what another has reached.

    Args:
        candidates: at least one; nothing is said of a single one.
        starts: of each.
        steps: of the whole search, of which a trial takes a quarter at most.
    """
    tried = max(1, min(_STEPS_TRIED, steps // 4))
    begun: list[tuple[Candidate, Tensor]] = []
    losses: list[float] = []
    said = []
    least = math.inf
    for each in candidates:
        if losses and each.price * least > _ADVANTAGE * min(losses):
            said.append(f"{each.plugin.name} too unlikely, and not tried")
            continue
        if losses and each.is_hopeless(min(losses)):
            said.append(f"{each.plugin.name} far off by what was suggested, and not analysed")
            continue
        first = each.starts(starts)
        begun.append((each, first))
        if len(candidates) == 1 or (each.enough() and not losses):
            return each, first, []
        reached = each.descended(first, tried)
        begun[-1] = each, torch.cat([reached.best_params.unsqueeze(0), first[1:]])
        least = min(least, reached.best_loss)
        losses.append(each.price * reached.best_loss)
        said.append(f"{each.plugin.name} {losses[-1]:.2f}")
        if each.enough():
            break
    chosen, first = begun[losses.index(min(losses))]
    if len(said) == 1:
        return chosen, first, []
    nearest = f"{chosen.plugin.name}, which came nearest at first for its size and its odds"
    return chosen, first, [f"auto chose {nearest} (loss: {', '.join(said)})"]


def better_plugins(others: Sequence[Candidate], chosen: Plugin, found: SearchState) -> list[str]:
    """A note on each candidate that gets nearer in a few steps than the chosen plugin did in all of its own."""
    losses = [
        (each.plugin.name, each.descended(each.starts(_STARTS_TRIED), _STEPS_TRIED).best_loss)
        for each in others
        if not each.enough()
    ]
    return [
        f"{name} suits this sound better: nearer after {_STEPS_TRIED} steps than {chosen.name} after {found.step} "
        f"(loss: {name} {loss:.2f}, {chosen.name} {found.best_loss:.2f})"
        for name, loss in losses
        if loss < found.best_loss
    ]
