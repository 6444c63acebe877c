"""What a match is measured against: the same synth and loss, without analysis or without descent."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import backbeat
from backbeat import plugins
from backbeat.matching import one_shot
from backbeat.matching.search import begin, descend
from backbeat.synth import render

ADAM_STEPS = 1000
RENDERS_PER_STEP = 3
"""A step's forward and backward pass cost about as much as three renders."""
_LEARNING_RATE = 0.01
_POPULATION = 16
_SPREAD = 0.2


@dataclass(frozen=True)
class Found:
    """Where a baseline ended."""

    mel_db: float
    mrstft: float
    seconds: float


@dataclass(frozen=True)
class _Task:
    """A target, and the losses of params against it."""

    plugin: plugins.Plugin
    target: Tensor
    sample_rate: int
    seed: int

    def sound(self, params: Tensor) -> Tensor:
        return render(self.plugin, params, samples=self.target.shape[-1], sample_rate=self.sample_rate, seed=self.seed)

    def objective(self) -> Callable[[Tensor], Tensor]:
        loss = backbeat.DrumLoss()
        prepared = loss.prepare(self.target, self.sample_rate)
        return lambda params: loss(prepared, self.sound(params))

    def random(self) -> Tensor:
        return torch.rand(1, self.plugin.table.size, generator=torch.Generator().manual_seed(self.seed))

    def found(self, params: Tensor, began: float) -> Found:
        seconds = time.perf_counter() - began
        with torch.no_grad():
            distances = backbeat.distances(self.sound(params.float().reshape(1, -1)), self.target, self.sample_rate)
        return Found(distances.mel_db, distances.mrstft, seconds)


def random_adam(task: _Task) -> Found:
    """What the field does: one random start and 1,000 steps of PyTorch's Adam, one learning rate for all."""
    began = time.perf_counter()
    objective = task.objective()
    params = task.random().requires_grad_()
    optimiser = torch.optim.Adam([params], lr=_LEARNING_RATE)
    best, least = params.detach().clone(), math.inf
    for _ in range(ADAM_STEPS):
        optimiser.zero_grad()
        loss = objective(params)[0]
        loss.backward()  # type: ignore[no-untyped-call]
        if loss.item() < least:
            best, least = params.detach().clone(), loss.item()
        optimiser.step()
        params.data.clamp_(0.0, 1.0)
    return task.found(best, began)


def random_descent(task: _Task) -> Found:
    """The same start and steps with a match's own descent: a step size for each parameter, warmed up and lowered."""
    began = time.perf_counter()
    *_, last = descend(begin(task.random()), task.objective(), task.plugin.table, ADAM_STEPS)
    return task.found(last.best_params, began)


def cma_es(task: _Task) -> Found:
    """CMA-ES from the same random start, with a diagonal covariance, for as many renders as Adam's steps cost."""
    import cma

    began = time.perf_counter()
    options = {
        "bounds": [0.0, 1.0],
        "popsize": _POPULATION,
        "CMA_diagonal": True,
        "maxfevals": ADAM_STEPS * RENDERS_PER_STEP,
        "seed": task.seed + 1,
        "verbose": -9,
    }
    search = cma.CMAEvolutionStrategy(task.random()[0].double().numpy(), _SPREAD, options)
    objective = task.objective()
    with torch.no_grad():
        while not search.stop():
            population = search.ask()
            losses = objective(torch.from_numpy(np.asarray(population, np.float32)))
            search.tell(population, losses.nan_to_num(1e9).tolist())
    return task.found(torch.from_numpy(search.result.xbest), began)


def analysis_alone(task: _Task) -> Found:
    """The best start that analysis proposes, without a step."""
    began = time.perf_counter()
    objective = task.objective()
    first = one_shot._starts(task.plugin, task.target, task.sample_rate, objective, 1, task.seed)
    return task.found(first[0], began)


BASELINES = {
    "random_adam": random_adam,
    "random_descent": random_descent,
    "cma_es": cma_es,
    "analysis_alone": analysis_alone,
}


def task_of(path: Path, plugin: plugins.Plugin, seed: int) -> _Task:
    """The file as a task for a plugin of a given size."""
    recording = backbeat.read(path)
    return _Task(plugin, recording.audio, recording.sample_rate, seed)
