"""What a match is measured against: the same synth and loss, without analysis or without descent."""

import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import backbeat
from backbeat import plugins
from backbeat.matching.candidate import Candidate
from backbeat.matching.search import begin, descend

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


def _random(task: Candidate) -> Tensor:
    return torch.rand(1, task.plugin.table.size, generator=torch.Generator().manual_seed(task.seed))


def _found(task: Candidate, params: Tensor, began: float) -> Found:
    seconds = time.perf_counter() - began
    with torch.no_grad():
        distances = backbeat.distances(task.sound(params.float().reshape(1, -1)), task.target, task.sample_rate)
    return Found(distances.mel_db, distances.mrstft, seconds)


def random_adam(task: Candidate) -> Found:
    """What the field does: one random start and 1,000 steps of PyTorch's Adam, one learning rate for all."""
    began = time.perf_counter()
    objective = task.objective
    params = _random(task).requires_grad_()
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
    return _found(task, best, began)


def random_descent(task: Candidate) -> Found:
    """The same start and steps with a match's own descent: a step size for each parameter, warmed up and lowered."""
    began = time.perf_counter()
    *_, last = descend(begin(_random(task)), task.objective, task.plugin.table, ADAM_STEPS)
    return _found(task, last.best_params, began)


def cma_es(task: Candidate) -> Found:
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
    search = cma.CMAEvolutionStrategy(_random(task)[0].double().numpy(), _SPREAD, options)
    objective = task.objective
    with torch.no_grad():
        while not search.stop():
            population = search.ask()
            losses = objective(torch.from_numpy(np.asarray(population, np.float32)))
            search.tell(population, losses.nan_to_num(1e9).tolist())
    return _found(task, torch.from_numpy(search.result.xbest), began)


def analysis_alone(task: Candidate) -> Found:
    """The best start that analysis proposes, without a step."""
    began = time.perf_counter()
    return _found(task, task.starts(1)[0], began)


BASELINES = {
    "random_adam": random_adam,
    "random_descent": random_descent,
    "cma_es": cma_es,
    "analysis_alone": analysis_alone,
}


def task_of(path: Path, plugin: plugins.Plugin, seed: int) -> Candidate:
    """The file as a task for a plugin of a given size."""
    recording = backbeat.read(path)
    return Candidate(plugin, recording.audio, recording.sample_rate, seed)
