"""Operations called with tensors, outside a program: by their kernels where these can take them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from operator import index
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from backbeat.dsp.arithmetic import shared_shape
from backbeat.dsp.grid import Grid
from backbeat.dsp.operation import as_tensor
from backbeat.dsp.tape import Tape
from backbeat.dsp.tracing import is_compiling, takes_operations
from backbeat.errors import KernelError
from backbeat.kernels.library import library, read_program

if TYPE_CHECKING:
    from backbeat.dsp.operation import Operation


def kernel_takes(operation: Operation, given: dict[str, Any]) -> bool:
    """Whether all is float32 on a CPU, where the kernels may be run."""
    grid: Grid = given["grid"]
    tensors = [given[name] for name in operation.inputs if isinstance(given[name], Tensor)]
    if grid.dtype != torch.float32 or grid.device.type != "cpu":
        return False
    if any(each.device.type != "cpu" for each in tensors):
        return False
    if any(given[name].dtype != torch.float32 for name in operation.signals):
        return False
    return takes_kernels()


def takes_kernels() -> bool:
    """Whether there are kernels, and no other hand in it than autograd's first derivative, or a compiler's."""
    if not is_compiling():
        return takes_operations() and has_kernels()
    from backbeat.dsp import compiling

    return takes_operations() and compiling.has_kernels()


def has_kernels() -> bool:
    """Whether this installation has any."""
    return library() is not None


def run_kernel(operation: Operation, given: dict[str, Any]) -> Tensor:
    """The operation as a program of one step."""
    grid: Grid = given["grid"]
    controls = {name: as_tensor(given[name], grid) for name in operation.controls if given[name] is not None}
    signals = [given[name] for name in operation.signals]
    # A compiler may not know how many entries there are, until asked.
    sizes = tuple(index(controls[name].shape[-1]) if name in controls else 0 for name in operation.controls)
    attributes = tuple((name, given[name]) for name in operation.attributes)
    described = operation.name, sizes, attributes, len(signals)
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

    if is_compiling():
        from backbeat.dsp import compiling

        program = compiling.one_step(*described)
    else:
        program = one_step(*described)
    audio = run_program(program, values, seeds, samples, float(grid.sample_rate), inputs, formula)
    return audio.reshape(*lead, samples)[..., : grid.samples]


def run_program(
    program: str,
    given: Tensor,
    seeds: Tensor,
    samples: int,
    sample_rate: float,
    inputs: Tensor | None = None,
    formula: Callable[..., Tensor] | None = None,
) -> Tensor:
    """Render (items, samples) of params, float32, or values, float64, (items, entries), with their gradient.

    To a compiler it is the operation `backbeat::render`. To be called by name takes 50 µs, and PyTorch reads in its
    compiler for it: so eager code does not.

    Args:
        program: as JSON.
        given: params or values.
        seeds: of the noise, (items,) or (1,).
        samples: length.
        sample_rate: in Hz.
        inputs: signals that the program asks for, (items, inputs, samples).
        formula: the same of what is given and the inputs, for derivatives of the gradient, which compiled code has not.
    """
    run: Any = _render if is_compiling() else partial(_Run.apply, formula)
    audio: Tensor = run(given, inputs, seeds, program, samples, sample_rate)
    return audio


def _rendered(
    given: Tensor, inputs: Tensor | None, seeds: Tensor, program: str, samples: int, sample_rate: float
) -> Tensor:
    arrays = given.detach().numpy(), seeds.to("cpu", torch.int64).numpy()
    others = None if inputs is None else inputs.detach().numpy()
    audio = read_program(program).render(*arrays, samples, sample_rate, torch.get_num_threads(), others)
    return torch.from_numpy(audio)


def _differentiated(
    grad_audio: Tensor,
    audio: Tensor,
    given: Tensor,
    inputs: Tensor | None,
    seeds: Tensor,
    program: str,
    sample_rate: float,
) -> tuple[Tensor, Tensor]:
    """Gradients of what was given, and of the inputs, of which there may be none."""
    others = None if inputs is None else inputs.detach().numpy()
    grad_given, grad_inputs = read_program(program).differentiate(
        audio.numpy(),
        grad_audio.detach().numpy(),
        given.detach().numpy(),
        seeds.to("cpu", torch.int64).numpy(),
        sample_rate,
        torch.get_num_threads(),
        others,
    )
    none = given.new_empty(0, dtype=torch.float32)
    return torch.from_numpy(grad_given).to(given.dtype), none if grad_inputs is None else torch.from_numpy(grad_inputs)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    given, signals, seeds, ctx.program, _, ctx.sample_rate = inputs
    ctx.save_for_backward(output, given, signals, seeds)


def _backward(differentiate: Callable[..., tuple[Tensor, Tensor]], ctx: Any, grad_audio: Tensor) -> tuple[Any, ...]:
    audio, given, inputs, seeds = ctx.saved_tensors
    grads = differentiate(grad_audio, audio, given, inputs, seeds, ctx.program, ctx.sample_rate)
    return grads[0], None if inputs is None else grads[1], None, None, None, None


_render = torch.library.custom_op(
    "backbeat::render",
    _rendered,
    mutates_args=(),
    schema="(Tensor given, Tensor? inputs, Tensor seeds, str program, SymInt samples, float sample_rate) -> Tensor",
)
_render_backward = torch.library.custom_op(
    "backbeat::render_backward",
    _differentiated,
    mutates_args=(),
    schema="(Tensor grad_audio, Tensor audio, Tensor given, Tensor? inputs, Tensor seeds, str program, "
    "float sample_rate) -> (Tensor, Tensor)",
)


@_render.register_fake
def _(given: Tensor, inputs: Tensor | None, seeds: Tensor, program: str, samples: int, sample_rate: float) -> Tensor:
    return given.new_empty(given.shape[0], samples, dtype=torch.float32)


@_render_backward.register_fake
def _(
    grad_audio: Tensor,
    audio: Tensor,
    given: Tensor,
    inputs: Tensor | None,
    seeds: Tensor,
    program: str,
    sample_rate: float,
) -> tuple[Tensor, Tensor]:
    return given.new_empty(given.shape), grad_audio.new_empty((0,) if inputs is None else inputs.shape)


_render.register_autograd(partial(_backward, _render_backward), setup_context=_setup)


class _Run(torch.autograd.Function):
    """`backbeat::render` without its name, and with a formula."""

    @staticmethod
    def forward(ctx: Any, formula: Callable[..., Tensor] | None, *arguments: Any) -> Tensor:
        audio = _rendered(*arguments)
        ctx.formula = formula
        _setup(ctx, arguments, audio)
        return audio

    @staticmethod
    def backward(ctx: Any, grad_audio: Tensor) -> tuple[Tensor | None, ...]:
        if not torch.is_grad_enabled():
            return None, *_backward(_differentiated, ctx, grad_audio)
        _, given, inputs, _ = ctx.saved_tensors  # the gradient is to have one itself
        return None, *_differentiable(ctx.formula, given, inputs, grad_audio), None, None, None, None


def _differentiable(
    formula: Callable[..., Tensor] | None, given: Tensor, inputs: Tensor | None, grad_audio: Tensor
) -> tuple[Tensor | None, Tensor | None]:
    """Gradients by PyTorch's own operations."""
    if formula is None:
        raise KernelError("kernels: found a second derivative of a program without a formula")
    leaves = [given] if inputs is None else [given, inputs]
    wanted = [each for each in leaves if each.requires_grad]
    found = iter(torch.autograd.grad(formula(*leaves), wanted, grad_audio, create_graph=True))
    grads = [next(found) if each.requires_grad else None for each in leaves]
    return grads[0], None if inputs is None else grads[1]


@lru_cache(maxsize=256)
def one_step(name: str, sizes: tuple[int, ...], attributes: tuple[tuple[str, float], ...], signals: int) -> str:
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
    return json.dumps(document)


def nodes_as_json(tape: Tape) -> list[dict[str, Any]]:
    """The steps of a tape as a program document has them."""
    found = []
    for node in tape.nodes:
        each: dict[str, Any] = {"operation": node.operation}
        if node.inputs:
            each["inputs"] = list(node.inputs)
        found.append({**each, **node.attributes})
    return found
