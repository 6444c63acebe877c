"""Which patches there are in a dataset: params as a function of an item's index."""

from functools import lru_cache
from typing import Literal, TypeAlias, get_args

import torch
from jaxtyping import Int64
from torch import Tensor

from backbeat.datasets.draws import normal, uniform
from backbeat.datasets.origins import played, preset_patches
from backbeat.errors import DatasetError
from backbeat.plugins import Plugin
from backbeat.types import Params

Distribution: TypeAlias = Literal["uniform", "musical", "played"]
"""`uniform`: all of the box of params. `musical`: one half within the musical ranges, one half around presets.
`played`: one third within the musical ranges, the others around presets and mixes of two, whose macros are turned."""

DISTRIBUTIONS: tuple[Distribution, ...] = get_args(Distribution)

_WIDEST_STEP = {"musical": 0.2, "played": 0.16}
"""Standard deviation of the params around an origin, at most."""
_AROUND = {"musical": 0.5, "played": 0.65}
"""Share of the items that lie around an origin, where there are any."""
_VALUES, _OPTIONS, _STEPS, _ORIGIN = range(4)


def check(distribution: str) -> None:
    """Refuse what is no distribution.

    Raises:
        DatasetError: listing those there are.
    """
    if distribution not in DISTRIBUTIONS:
        raise DatasetError(f"distribution: found {distribution!r}; must be one of {', '.join(DISTRIBUTIONS)}")


def params(plugin: Plugin, distribution: Distribution, seed: int, indices: Int64[Tensor, " batch"]) -> Params:
    """The params of items, (batch, P), float32, on the device of the indices; a choice has one option.

    Raises:
        DatasetError: where there is no such distribution.
    """
    check(distribution)
    device, table = indices.device, plugin.table
    values = uniform(indices, seed, _VALUES, table.size)
    if distribution != "uniform":
        low, high = (torch.from_numpy(end).to(device, torch.float32) for end in table.musical())
        values = low + (high - low) * values
    values = _with_options(plugin, values, uniform(indices, seed, _OPTIONS, len(table)))
    origins = _origins(plugin, distribution)
    if not len(origins):
        return values
    around, which, width = uniform(indices, seed, _ORIGIN, 3).unsqueeze(-1).unbind(1)
    origin = origins.to(device)[(which.squeeze(-1) * len(origins)).long().clamp(max=len(origins) - 1)]
    steps = _WIDEST_STEP[distribution] * width * normal(indices, seed, _STEPS, table.size)
    steps = torch.where(torch.from_numpy(table.choices()).to(device), torch.zeros_like(steps), steps)
    return torch.where(around < _AROUND[distribution], (origin + steps).clamp(0.0, 1.0), values)


def _with_options(plugin: Plugin, values: Params, draws: Tensor) -> Params:
    """The values, with one option of each choice."""
    values = values.clone()
    for number, (name, parameter) in enumerate(plugin.table.items()):
        if parameter.options:
            chosen = (draws[:, number] * parameter.size).long().clamp(max=parameter.size - 1)
            values[:, plugin.table.slice(name)] = torch.nn.functional.one_hot(chosen, parameter.size).to(values.dtype)
    return values


@lru_cache(maxsize=32)
def _origins(plugin: Plugin, distribution: Distribution) -> Params:
    """The params that items lie around, (origins, P)."""
    patches = {"musical": preset_patches, "played": played}
    rows = [each.params().float() for each in patches[distribution](plugin)] if distribution in patches else []
    return torch.stack(rows) if rows else torch.zeros(0, plugin.table.size)
