"""A plugin as compiled code, for one sample rate and length, at any batch."""

import warnings
from functools import cached_property
from typing import Any

import torch

from backbeat.dsp import Grid
from backbeat.errors import NativeError
from backbeat.memory import joined, of_each, pieces
from backbeat.native import NativeRender
from backbeat.plugins import Plugin
from backbeat.types import Mono, Params, Seeds


def native_render(plugin: Plugin, sample_rate: float, samples: int) -> NativeRender | None:
    """The plugin's C++, for float32 on a CPU; none where it has none.

    Raises:
        NativeError: where it cannot be compiled here.
    """
    if plugin.native is None or plugin.render.__module__ != f"backbeat.plugins.{plugin.native}":
        return None  # a plugin that was given another chain has lost its C++
    sizes = {name: each.size for name, each in plugin.table.items()}
    return NativeRender(plugin.native, sizes, sample_rate, samples)


class CompiledRender:
    """Renders as the plugin does, by C++ where the plugin has it and params are float32 on a CPU, else `torch.compile`.

    The first call compiles: C++ for some seconds, `torch.compile` for a minute or so, and another time for gradients,
    or for one seed each. What was compiled is kept on disk for other processes. Where there is no compiler, a warning
    says so, and all is rendered as without one.

    Args:
        plugin: the instrument.
        sample_rate: in Hz.
        samples: length.
    """

    def __init__(self, plugin: Plugin, sample_rate: float, samples: int) -> None:
        self._made_of = (plugin, sample_rate, samples)

        def eager(params: Params, seeds: Seeds) -> Mono:
            grid = Grid(sample_rate, samples, seeds, params.dtype)
            with torch.autocast(params.device.type, enabled=False):
                return plugin.render(grid, **plugin.table.controls(params))

        # What is compiled is kept with a function's code, and only so many versions of it: each needs its own.
        eager.__code__ = eager.__code__.replace(co_name=f"render_{plugin.name}")
        self._eager = eager

    def __call__(self, params: Params, seeds: Seeds) -> Mono:
        """Render params (batch, P) with seeds (batch,) or (1,) to (batch, samples)."""
        # Neither a transform of `torch.func` nor an export knows operations of our own.
        if torch._C._are_functorch_transforms_active() or torch.compiler.is_exporting():
            return self._eager(params, seeds)
        on_cpu = params.device.type == "cpu" and params.dtype == torch.float32
        if on_cpu and self._native is not None:
            return self._native(self._made_of[0].table.physical(params), seeds)
        return self._fused(params, seeds)

    @cached_property
    def _native(self) -> NativeRender | None:
        """The plugin's C++, where it has any that compiles here."""
        try:
            return native_render(*self._made_of)
        except NativeError as error:
            name = self._made_of[0].name
            warnings.warn(f"compile: {name} goes by torch.compile instead of C++ ({error})", stacklevel=3)
            return None

    def _fused(self, params: Params, seeds: Seeds) -> Mono:
        """Render by `torch.compile`."""
        samples = self._made_of[2]
        return joined([self._piece(params[some], of_each(seeds, some)) for some in pieces(params, samples)])

    def _piece(self, params: Params, seeds: Seeds) -> Mono:
        import torch._dynamo  # a second to read in, which those who have no use for it are spared

        if len(params) == 1:  # which would be compiled apart
            return self._piece(params.expand(2, -1), seeds)[:1]
        params, seeds = params.clone(), seeds.clone()  # marked, and so not the caller's own
        for batched in (params, seeds):
            if len(batched) > 1:
                torch._dynamo.maybe_mark_dynamic(batched, 0)  # if not, for this size alone
        try:
            return self._traced(params, seeds)
        except torch._dynamo.exc.BackendCompilerFailed as error:
            reason = str(error.inner_exception).splitlines()[0]
            warnings.warn(f"compile: rendering as without it, since no compiler works here ({reason})", stacklevel=2)
            self._traced = self._eager
            return self._eager(params, seeds)

    @cached_property
    def _traced(self) -> Any:
        return torch.compile(self._eager, fullgraph=True)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._made_of
