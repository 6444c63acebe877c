"""Operations called with tensors, outside a program: by their kernels where these can take them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from backbeat.dsp.arithmetic import shared_shape
from backbeat.dsp.grid import Grid
from backbeat.dsp.operation import as_tensor
from backbeat.dsp.tape import Tape
from backbeat.errors import KernelError
from backbeat.kernels.library import Compiled, library

if TYPE_CHECKING:
    from backbeat.dsp.operation import Operation


def kernel_takes(operation: Operation, given: dict[str, Any]) -> bool:
    """Whether all is float32 on a CPU, with no other hand in it than autograd's first derivative."""
    grid: Grid = given["grid"]
    tensors = [given[name] for name in operation.inputs if isinstance(given[name], Tensor)]
    if grid.dtype != torch.float32 or grid.device.type != "cpu":
        return False
    if any(each.device.type != "cpu" for each in tensors):
        return False
    if any(given[name].dtype != torch.float32 for name in operation.signals):
        return False
    return is_plain() and library() is not None


def is_plain() -> bool:
    """Whether no compiler, export or transform looks on."""
    if torch.compiler.is_compiling() or torch.compiler.is_exporting():
        return False
    return not torch._C._are_functorch_transforms_active() and torch._C._get_dispatch_mode(_FAKE) is None


_FAKE = torch._C._TorchDispatchModeKey.FAKE


def run_kernel(operation: Operation, given: dict[str, Any]) -> Tensor:
    """The operation as a program of one step."""
    grid: Grid = given["grid"]
    controls = {name: as_tensor(given[name], grid) for name in operation.controls if given[name] is not None}
    signals = [given[name] for name in operation.signals]
    sizes = tuple(controls[name].shape[-1] if name in controls else 0 for name in operation.controls)
    attributes = tuple((name, given[name]) for name in operation.attributes)
    compiled = _compiled(operation.name, sizes, attributes, len(signals))
    shapes = [each.shape[:-1] for each in (*controls.values(), *signals)]
    seeds = grid.seeds if "stream" in operation.attributes else grid.seeds[:1]
    lead = shared_shape(*shapes, *([seeds.shape] if "stream" in operation.attributes else []))
    items = lead.numel()
    columns = [each.double().expand(*lead, each.shape[-1]).reshape(items, -1) for each in controls.values()]
    values = torch.cat(columns, dim=-1) if columns else torch.zeros(items, 0, dtype=torch.float64)
    samples = max([grid.samples, *(each.shape[-1] for each in signals)])
    sounds = [
        torch.nn.functional.pad(each, (0, samples - each.shape[-1])).expand(*lead, samples).reshape(items, samples)
        for each in signals
    ]
    inputs = torch.stack(sounds, dim=1) if sounds else None
    if len(seeds) > 1:
        seeds = seeds.expand(lead).reshape(-1)

    def formula(values: Tensor, inputs: Tensor | None = None) -> Tensor:
        columns = iter(torch.split(values, [each.shape[-1] for each in controls.values()], dim=-1))
        sounds = [] if inputs is None else list(inputs.unbind(1))
        numbered = [next(columns) if name in controls else None for name in operation.controls]
        longer = replace(grid, samples=samples, seeds=seeds)
        return operation.by_formula(longer, [*sounds, *numbered], dict(attributes))

    audio = run_compiled(compiled, values, seeds, samples, float(grid.sample_rate), inputs, formula)
    return audio.reshape(*lead, samples)[..., : grid.samples]


def run_compiled(
    compiled: Compiled,
    given: Tensor,
    seeds: Tensor,
    samples: int,
    sample_rate: float,
    inputs: Tensor | None = None,
    formula: Callable[..., Tensor] | None = None,
) -> Tensor:
    """Render (items, samples) of params, float32, or values, float64, (items, entries), with their gradient.

    Args:
        compiled: the program.
        given: params or values.
        seeds: of the noise, (items,) or (1,).
        samples: length.
        sample_rate: in Hz.
        inputs: signals that the program asks for, (items, inputs, samples).
        formula: the same of what is given and the inputs, for derivatives of the gradient.
    """
    run: Any = _Run.apply
    audio: Tensor = run(given, inputs, seeds, compiled, samples, sample_rate, formula)
    return audio


class _Run(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        given: Tensor,
        inputs: Tensor | None,
        seeds: Tensor,
        compiled: Compiled,
        samples: int,
        sample_rate: float,
        formula: Callable[..., Tensor] | None,
    ) -> Tensor:
        arrays = given.detach().numpy(), seeds.to("cpu", torch.int64).numpy()
        others = None if inputs is None else inputs.detach().numpy()
        audio = torch.from_numpy(compiled.render(*arrays, samples, sample_rate, torch.get_num_threads(), others))
        ctx.save_for_backward(audio, given, *(() if inputs is None else (inputs,)))
        ctx.rest = arrays[1], compiled, sample_rate, formula
        return audio

    @staticmethod
    def backward(ctx: Any, grad_audio: Tensor) -> tuple[Tensor | None, ...]:
        audio, given, *inputs = ctx.saved_tensors
        seeds, compiled, sample_rate, formula = ctx.rest
        nothing = (None,) * 5
        if torch.is_grad_enabled():  # the gradient is to have one itself
            return *_differentiable(formula, given, inputs, grad_audio), *nothing
        arrays = (each.detach().numpy() for each in (audio, grad_audio, given))
        others = (each.detach().numpy() for each in inputs)
        by_given, by_inputs = compiled.differentiate(*arrays, seeds, sample_rate, torch.get_num_threads(), *others)
        grad_given = torch.from_numpy(by_given).to(given.dtype)
        return grad_given, None if by_inputs is None else torch.from_numpy(by_inputs), *nothing


def _differentiable(
    formula: Callable[..., Tensor] | None, given: Tensor, inputs: list[Tensor], grad_audio: Tensor
) -> tuple[Tensor | None, Tensor | None]:
    """Gradients by PyTorch's own operations."""
    if formula is None:
        raise KernelError("kernels: found a second derivative of a program without a formula")
    wanted = [each for each in (given, *inputs) if each.requires_grad]
    found = iter(torch.autograd.grad(formula(given, *inputs), wanted, grad_audio, create_graph=True))
    by = [next(found) if each.requires_grad else None for each in (given, *inputs)]
    return by[0], by[1] if inputs else None


@lru_cache(maxsize=256)
def _compiled(name: str, sizes: tuple[int, ...], attributes: tuple[tuple[str, float], ...], signals: int) -> Compiled:
    """A program of one operation, whose parameters are its controls."""
    tape = Tape()
    numbers: list[int | None] = [tape.signal("input", index=index).number for index in range(signals)]
    parameters: list[dict[str, Any]] = []
    for size in sizes:
        if not size:
            numbers.append(None)
            continue
        numbers.append(tape.control("parameter", size=size, index=len(parameters)).number)
        parameters.append({"name": f"control{len(parameters)}", "size": size, "scale": "physical"})
    output = tape.signal(name, tuple(numbers), **dict(attributes)).number
    document = {
        "schema": 1,
        "parameters": parameters,
        "inputs": signals,
        "nodes": nodes_as_json(tape),
        "output": output,
    }
    return Compiled(json.dumps(document))


def nodes_as_json(tape: Tape) -> list[dict[str, Any]]:
    """The steps of a tape as a program document has them."""
    found = []
    for node in tape.nodes:
        each: dict[str, Any] = {"operation": node.operation}
        if node.inputs:
            each["inputs"] = list(node.inputs)
        found.append({**each, **node.attributes})
    return found
