"""The engine as an operation of PyTorch's: every program that it runs is what it says it is."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from backbeat import dsp, plugins
from backbeat.dsp import Grid
from backbeat.dsp.eager import run_program
from backbeat.dsp.operation import operations
from backbeat.kernels.library import library
from backbeat.synth import Synth
from kernels.cases import CASES, draw

pytestmark = pytest.mark.skipif(library() is None, reason="no kernels here")


def at_random(*shape: int) -> Tensor:
    return 0.1 + 0.8 * torch.rand(shape, generator=torch.Generator().manual_seed(1))


def rendered(name: str) -> Tensor:
    synth = Synth(name, seconds=0.05)
    return synth(at_random(2, synth.num_params))


def grid() -> Grid:
    return Grid(8000.0, 300, torch.tensor([3, 4]))


CALLS: dict[str, Callable[[], Tensor]] = {
    **{name: partial(draw(name, 3, 300, 8000.0), torch.float32) for name in CASES},
    "squares": lambda: dsp.squares(grid(), 1000.0 * at_random(2, 3), at_random(2, 3)),
    "biquad": lambda: dsp.biquad(grid(), at_random(2, 300), at_random(2, 3), 0.5 * at_random(2, 2)),
    **{f"a {name}": partial(rendered, name) for name in plugins.names()},
}


def test_every_operation_is_called():
    assert {each.name for each in operations()} <= set(CALLS)


@pytest.fixture
def programs(monkeypatch) -> list[tuple[Any, ...]]:
    """What the engine is given, in the order of the operation's arguments."""
    found = []

    def noting(program, given, seeds, samples, rate, inputs=None, formula=None) -> Tensor:
        leaves = [None if each is None else each.detach().requires_grad_() for each in (given, inputs)]
        found.append((*leaves, seeds, program, samples, rate))
        return run_program(program, given, seeds, samples, rate, inputs, formula)

    for module in ("dsp.eager", "synth"):
        monkeypatch.setattr(f"backbeat.{module}.run_program", noting)
    return found


SLOW = {f"a {name}" for name in plugins.names()} - {"a drum", "a kick"}


@pytest.mark.parametrize("name", [pytest.param(each, marks=pytest.mark.slow if each in SLOW else ()) for each in CALLS])
def test_it_is_what_it_says_it_is(name, programs):
    """To PyTorch: what it takes, gives and leaves alone, its gradient, and its shapes before they are known."""
    expected = CALLS[name]().detach()
    ((given, inputs, seeds, program, _, rate),) = programs
    torch.library.opcheck(torch.ops.backbeat.render.default, programs[0])
    audio = torch.ops.backbeat.render(*programs[0]).detach()
    assert torch.equal(audio, expected.flatten(0, -2))
    with torch.no_grad():
        backward = torch.ones_like(audio), audio, given, inputs, seeds, program, rate
        torch.library.opcheck(torch.ops.backbeat.render_backward.default, backward)
