"""Compiled code that calls the engine by name, against eager code.

`test_processes.py` runs this in a process of its own: no compiler can follow the checks of annotations that tests have.
"""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from backbeat import dsp, plugins
from backbeat.dsp import Grid
from backbeat.kernels.library import library
from backbeat.synth import Synth

pytestmark = pytest.mark.skipif(library() is None, reason="no kernels here")


@pytest.fixture(autouse=True)
def nothing_compiled() -> None:
    torch.compiler.reset()


def synth(name: str) -> Synth:
    return Synth(name, seconds=0.05)


def at_random(*shape: int) -> Tensor:
    return 0.1 + 0.8 * torch.rand(shape, generator=torch.Generator().manual_seed(1))


def grid() -> Grid:
    return Grid(8000.0, 300, torch.tensor([3, 4]))


def sound_and_gradients(render: Callable[..., Tensor], *given: Tensor) -> list[Tensor]:
    leaves = [each.clone().requires_grad_() for each in given]
    sound = render(*leaves)
    return [sound.detach(), *torch.autograd.grad(sound.square().sum(), leaves)]


def programs_in(render: Callable[..., Tensor], *given: Tensor) -> int:
    """How many programs the engine runs in compiled code, in which nothing breaks the graph."""
    graphs: list[torch.fx.GraphModule] = []

    def noting(graph: torch.fx.GraphModule, _: list[Tensor]) -> Any:
        graphs.append(graph)
        return graph.forward

    torch.compile(render, backend=noting, fullgraph=True)(*given)
    return sum(node.target is torch.ops.backbeat.render.default for node in graphs[0].graph.nodes)


def check_compiled(render: Callable[..., Tensor], *given: Tensor) -> None:
    """Equal bits of sound and gradient."""
    compiled = torch.compile(render, backend="aot_eager", fullgraph=True)
    for ours, theirs in zip(sound_and_gradients(compiled, *given), sound_and_gradients(render, *given), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("name", plugins.names())
def test_a_compiled_synth_has_the_engines_bits(name):
    params = at_random(2, synth(name).num_params)
    assert programs_in(synth(name), params) == 1
    check_compiled(synth(name), params)


def test_compiled_code_takes_a_batch_of_any_size():
    compiled = torch.compile(synth("kick"), backend="aot_eager", fullgraph=True, dynamic=True)
    for items in (2, 5, 1):
        params = at_random(items, synth("kick").num_params)
        assert torch.equal(compiled(params, torch.arange(items)), synth("kick")(params, torch.arange(items)))


def voice(hz: Tensor, cutoff_hz: Tensor, drive_db: Tensor) -> Tensor:
    tones = dsp.modal(grid(), hz, 0.1 + 0.0001 * hz, dsp.stack(0.3, drive_db / 24.0, 0.2))
    sound = tones + dsp.noise(grid(), stream=1) * dsp.decay(grid(), 0.1)
    return dsp.soft_clip(grid(), dsp.lowpass_fir(grid(), sound, cutoff_hz), drive_db, 0.0)


def test_operations_composed_freely_are_the_kernels_too():
    given = 1000.0 * at_random(2, 3), 2000.0 * at_random(2, 1), 12.0 * at_random(2, 1)
    assert programs_in(voice, *given) == 5
    check_compiled(voice, *given)


def test_banks_of_other_sizes_are_other_programs():
    def tones(hz: Tensor) -> Tensor:
        return dsp.modal(grid(), hz, 0.1 + 0.0001 * hz, hz / 2000.0)

    compiled = torch.compile(tones, backend="aot_eager", fullgraph=True, dynamic=True)
    for size in (2, 3, 5):
        hz = 1000.0 * at_random(2, size)
        assert torch.equal(compiled(hz), tones(hz))


def test_a_transform_within_compiled_code_takes_the_formula():
    kick = synth("kick")
    params = at_random(2, kick.num_params)
    each = torch.func.vmap(lambda some: kick(some[None], 2)[0])
    assert programs_in(each, params) == 0
    compiled = torch.compile(each, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(params), kick(params, 2), atol=1e-4, rtol=0.0)
