"""Params to audio: the plain function, and an `nn.Module` for those who compose networks."""

from contextlib import nullcontext
from typing import TypeAlias

import torch
from jaxtyping import Int
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from backbeat import plugins
from backbeat.dsp import Grid
from backbeat.dsp.bank import Bank
from backbeat.dsp.eager import run_program, takes_kernels
from backbeat.errors import ParameterError, RenderError
from backbeat.memory import batch_chunks, chunk_seeds, concat, is_out_of_memory
from backbeat.plugins import Plugin
from backbeat.program import formula
from backbeat.program.engine import LAST_SEED
from backbeat.types import Audio, Mono, Params, Seeds

_Seeds: TypeAlias = Int[Tensor, " seeds"]
"""One for all, or one for each."""


def render(
    plugin: Plugin, params: Params, *, samples: int, sample_rate: float = 44100.0, seed: int | Seeds = 0
) -> Audio:
    """Render a batch.

    Args:
        plugin: the instrument.
        params: (batch, P) in [0, 1], in the order of the plugin's table; gives device and dtype, float32 at least,
            within `torch.autocast` too.
        samples: length.
        sample_rate: in Hz.
        seed: of the noise, for all or (batch,).

    Returns:
        (batch, 1, samples).

    Raises:
        ParameterError: where the shape of `params` or `seed` does not fit, or nothing is to be rendered.
    """
    if samples < 1 or sample_rate <= 0.0:
        raise ParameterError(f"found {samples} samples at {sample_rate:g} Hz; must be at least 1 at a rate above 0")
    seeds = _seeds(plugin, params, seed)
    params = _precise(params)
    if _takes_engine(plugin, params):
        return run_engine(plugin, params, seeds, samples, sample_rate)
    return _by_formula(plugin, params, seeds, samples, sample_rate).unsqueeze(1)


def run_engine(plugin: Plugin, given: Tensor, seeds: _Seeds, samples: int, sample_rate: float) -> Audio:
    """Render by the engine, of params in [0, 1], float32, or physical values, float64: (batch, 1, samples)."""
    assert plugin.program is not None

    def by_formula(params: Tensor) -> Tensor:
        return _by_formula(plugin, params, seeds, samples, sample_rate)

    return run_program(plugin.program.json, given, seeds, samples, sample_rate, formula=by_formula).unsqueeze(1)


def _takes_engine(plugin: Plugin, params: Params) -> bool:
    """Whether the engine can render: float32 on a CPU, where nothing but autograd or a compiler looks on."""
    on_cpu = params.device.type == "cpu" and params.dtype == torch.float32
    return on_cpu and plugin.formula_reason is None and takes_kernels()


def _by_formula(plugin: Plugin, params: Params, seeds: _Seeds, samples: int, sample_rate: float) -> Mono:
    """Render by PyTorch, (batch, samples)."""
    sounds = []
    # An export, which no autocast reaches later, would write the context down and could not be loaded.
    with nullcontext() if torch.compiler.is_exporting() else torch.autocast(params.device.type, enabled=False):
        for some in batch_chunks(params, samples):
            grid = Grid(sample_rate, samples, chunk_seeds(seeds, some), params.dtype)
            controls = plugin.table.controls(params[some].double())
            if plugin.program is None:
                controls = {name: each.to(params.dtype).as_subclass(Bank) for name, each in controls.items()}
                sounds.append(plugin.render(grid, plugin.controls(controls)))
            else:
                sounds.append(formula.run(plugin.program, grid, controls))
    return concat(sounds)


def _precise(params: Params) -> Params:
    """Params in float32 or float64: a phase of half precision would be off by whole turns."""
    return params if params.dtype in (torch.float32, torch.float64) else params.float()


def _seeds(plugin: Plugin, params: Params, seed: int | Seeds) -> _Seeds:
    """One seed or (batch,), if they and the params fit the plugin."""
    if params.ndim != 2 or params.shape[0] == 0 or params.shape[1] != plugin.table.size:
        raise ParameterError(
            f"params: found shape {tuple(params.shape)}; must be (batch, {plugin.table.size}), not empty"
        )
    if isinstance(seed, int):
        if not 0 <= seed <= LAST_SEED:
            raise ParameterError(f"seed: found {seed}; must be from 0 to {LAST_SEED}")
        return torch.full((1,), seed, device=params.device, dtype=torch.int64)
    if seed.ndim != 1 or seed.shape[0] != params.shape[0]:
        raise ParameterError(f"seed: found shape {tuple(seed.shape)}; must be ({params.shape[0]},)")
    return seed


class Synth(nn.Module):
    """A plugin at one sample rate and length.

    It holds no weights: params come from whoever calls it. `backbeat.LearnablePatch` keeps them as weights.

    Args:
        plugin: an instrument, or the name of one.
        sample_rate: in Hz.
        seconds: length of what it renders.
        items_at_a_time: render so many of a batch at once, and keep nothing but their params for the gradient: what it
            needs is computed again on the way back. Memory is then that of so many, for a third more time. None
            renders the batch as a whole.

    Raises:
        PluginError: where there is no plugin of that name.
        ParameterError: where rate, length or `items_at_a_time` is not above zero.
    """

    def __init__(
        self,
        plugin: Plugin | str,
        sample_rate: float = 44100.0,
        seconds: float = 1.0,
        *,
        items_at_a_time: int | None = None,
    ) -> None:
        super().__init__()
        self.plugin = plugins.get(plugin) if isinstance(plugin, str) else plugin
        self.sample_rate = sample_rate
        self.samples = round(seconds * sample_rate)
        if sample_rate <= 0.0 or self.samples < 1:
            raise ParameterError(
                f"synth: found {seconds:g} s at {sample_rate:g} Hz; must be at least one sample at a rate above 0"
            )
        if items_at_a_time is not None and items_at_a_time < 1:
            raise ParameterError(f"items_at_a_time: found {items_at_a_time}; must be at least 1")
        self.items_at_a_time = items_at_a_time

    @property
    def num_params(self) -> int:
        """P, the length of one item's params."""
        return self.plugin.table.size

    def forward(self, params: Params, seed: int | Seeds = 0) -> Audio:
        """Render params (batch, P) in [0, 1] to (batch, 1, samples).

        Raises:
            ParameterError: where the shape of `params` or `seed` does not fit.
            RenderError: where memory does not suffice for the batch; says how many would fit.
        """
        try:
            return self._in_parts(params, seed)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        # Here the error no longer holds on to what it was out of memory for.
        raise RenderError(
            f"out of memory for a batch of {len(params)} × {self.samples} samples; {self._fitting(params)}"
        )

    def _in_parts(self, params: Params, seed: int | Seeds) -> Audio:
        count = self.items_at_a_time
        if count is None or params.shape[0] <= count:
            return self._whole(params, seed)
        rows = torch.split(params, count)
        seeds: list[int | Seeds] = [seed] * len(rows)
        if isinstance(seed, Tensor):
            seeds = list(torch.split(seed, count))
        if not (torch.is_grad_enabled() and params.requires_grad):
            return torch.cat([self._whole(some, own) for some, own in zip(rows, seeds, strict=True)])
        sounds = [
            checkpoint(self._whole, some, own, use_reentrant=False, preserve_rng_state=False)
            for some, own in zip(rows, seeds, strict=True)
        ]
        return torch.cat(sounds)

    def _fitting(self, params: Params) -> str:
        """How many items of a batch that does not fit would, by trial."""
        count = len(params) // 2
        while count:
            try:
                self._whole(params[:count], 0)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                count //= 2
            else:
                return f"{count} would fit: render with items_at_a_time={count}, or fewer where gradients are kept"
        return "not even one would fit"

    def _whole(self, params: Params, seed: int | Seeds) -> Audio:
        return render(self.plugin, params, samples=self.samples, sample_rate=self.sample_rate, seed=seed)

    def from_logits(self, logits: Tensor, seed: int | Seeds = 0) -> Audio:
        """Render an unconstrained (batch, P), squashed into [0, 1] by a sigmoid: for the output of a network."""
        return self(self.plugin.table.from_logits(logits), seed)
