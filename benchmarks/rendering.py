"""A plugin as each benchmark renders it: by the engine, or by its formula, eager or compiled."""

from typing import Any

import torch
from torch import Tensor

from backbeat import plugins
from backbeat.dsp import Grid
from backbeat.plugins import Plugin
from backbeat.program import formula
from backbeat.synth import Synth

ENGINE, FORMULA, COMPILED = "engine", "formula", "compiled"


def codes(device: str) -> tuple[str, ...]:
    """What is worth measuring there: on a CPU the engine, elsewhere the formula, eager and compiled."""
    return (ENGINE,) if device == "cpu" else (FORMULA, COMPILED)


class Rendering:
    """A plugin at one sample rate and length, by one code; compiled code compiles when it is first called."""

    def __init__(self, plugin: str | Plugin, code: str, sample_rate: float, seconds: float) -> None:
        self.plugin = plugins.get(plugin) if isinstance(plugin, str) else plugin
        self.samples, self.num_params = round(seconds * sample_rate), self.plugin.table.size
        self._synth: Any = Synth(self.plugin, sample_rate, seconds)
        self._sample_rate, self._code = sample_rate, code
        self._run: Any = torch.compile(self._by_formula, fullgraph=True) if code == COMPILED else self._by_formula

    def __call__(self, params: Tensor, seed: int | Tensor = 0) -> Tensor:
        """Render params (batch, P) to (batch, 1, samples)."""
        if self._code == ENGINE:
            return self._synth(params, seed)
        seeds = torch.tensor([seed], device=params.device) if isinstance(seed, int) else seed
        return self._run(params, seeds)

    def _by_formula(self, params: Tensor, seeds: Tensor) -> Tensor:
        assert self.plugin.program is not None
        grid = Grid(self._sample_rate, self.samples, seeds, params.dtype)
        return formula.run(self.plugin.program, grid, self.plugin.table.controls(params.double())).unsqueeze(1)
