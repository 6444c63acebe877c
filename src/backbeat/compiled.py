"""A plugin as compiled code: its loops fused into few, for one sample rate and length, at any batch."""

import warnings
from typing import Any

import torch

from backbeat.dsp import Grid
from backbeat.plugins import Plugin
from backbeat.types import Mono, Params, Seeds


class CompiledRender:
    """Renders as the plugin does, by `torch.compile`.

    The first call compiles, for a minute or so, and another time for gradients, or for one seed each; what was
    compiled is kept on disk by PyTorch for other processes. Where there is no compiler, a warning says so, and all is
    rendered as without one.

    Args:
        plugin: the instrument.
        sample_rate: in Hz.
        samples: length.
    """

    def __init__(self, plugin: Plugin, sample_rate: float, samples: int) -> None:
        import torch._dynamo  # a second to read in, which those who do not compile are spared

        self._made_of = (plugin, sample_rate, samples)

        def eager(params: Params, seeds: Seeds) -> Mono:
            grid = Grid(sample_rate, samples, seeds, params.dtype)
            with torch.autocast(params.device.type, enabled=False):
                return plugin.render(grid, **plugin.table.controls(params))

        # What is compiled is kept with a function's code, and only so many versions of it: each needs its own.
        eager.__code__ = eager.__code__.replace(co_name=f"render_{plugin.name}")
        self._eager = eager
        self._compiled = torch.compile(eager, fullgraph=True)

    def __call__(self, params: Params, seeds: Seeds) -> Mono:
        """Render params (batch, P) with seeds (batch,) or (1,) to (batch, samples)."""
        if len(params) == 1:  # which would be compiled apart
            return self(params.expand(2, -1), seeds)[:1]
        params, seeds = params.clone(), seeds.clone()  # marked, and so not the caller's own
        for batched in (params, seeds):
            if len(batched) > 1:
                torch._dynamo.maybe_mark_dynamic(batched, 0)  # if not, for this size alone
        try:
            return self._compiled(params, seeds)
        except torch._dynamo.exc.BackendCompilerFailed as error:
            reason = str(error.inner_exception).splitlines()[0]
            warnings.warn(f"compile: rendering as without it, since no compiler works here ({reason})", stacklevel=2)
            self._compiled = self._eager
            return self._eager(params, seeds)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._made_of
