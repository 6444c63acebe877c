"""Programs run by PyTorch: what defines the engine, and the way to a GPU, to float64 and to `torch.func`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from backbeat.dsp import arithmetic
from backbeat.dsp.arithmetic import shared_shape
from backbeat.dsp.constants import constant
from backbeat.dsp.fir import half_taps
from backbeat.dsp.grid import Grid
from backbeat.dsp.operation import find_operation
from backbeat.dsp.tape import POINTWISE
from backbeat.errors import ProgramError
from backbeat.program.document import Program


def run(program: Program, grid: Grid, controls: Mapping[str, Tensor]) -> Tensor:
    """Render physical controls, (batch, size) each, to (batch, samples).

    Controls are computed in float64, and signals in the grid's dtype.

    Raises:
        ProgramError: at a step that there is no formula for.
    """
    names, limits, last = list(program.parameters), _limits(program, grid), _last_uses(program)
    values: list[Any] = []
    for number, node in enumerate(program.nodes):
        inputs: list[Any] = [None if each is None else values[each] for each in node.inputs]
        if node.operation == "parameter":
            values.append(controls[names[node.attributes["index"]]].double())
        elif node.operation == "constant":
            values.append(constant(tuple(node.attributes["values"]), torch.float64, grid.device).unsqueeze(0))
        elif node.operation == "sample_rate":
            values.append(constant((float(grid.sample_rate),), torch.float64, grid.device).unsqueeze(0))
        elif node.is_signal and node.operation in POINTWISE:
            values.append(_pointwise(node.operation, inputs, limits[number], grid.dtype))
        elif node.is_signal:
            values.append(_operation(node.operation, replace(grid, samples=limits[number]), inputs, node.attributes))
        else:
            values.append(_function(node.operation, inputs, node.attributes))
        for each in node.inputs:
            if each is not None and last[each] == number:
                values[each] = None  # a signal takes memory
    sound: Tensor = values[program.output][..., : grid.samples]
    return sound


def _last_uses(program: Program) -> dict[int, int]:
    """The last node that reads each node's value."""
    found = {program.output: len(program.nodes)}
    for number, node in enumerate(program.nodes):
        found |= {each: number for each in node.inputs if each is not None and each != program.output}
    return found


def _limits(program: Program, grid: Grid) -> dict[int, int]:
    """How many samples of each signal are wanted: a filter that looks ahead needs more of its input."""
    found = {program.output: grid.samples}
    for number in range(program.output, -1, -1):
        node = program.nodes[number]
        if number not in found or not node.is_signal:
            continue
        wanted = found[number]
        if "seconds" in node.attributes:
            wanted += half_taps(node.attributes["seconds"], grid.sample_rate)
        for each in node.inputs:
            if each is not None and program.nodes[each].is_signal:
                found[each] = max(found.get(each, 0), wanted)
    return found


def _pointwise(name: str, inputs: list[Tensor], samples: int, dtype: Any) -> Tensor:
    """A function of signals, and of controls of one entry."""
    operands = [each.to(dtype) if each.shape[-1] == 1 else each[..., :samples] for each in inputs]
    return _function(name, operands, {})


def _operation(name: str, grid: Grid, inputs: list[Any], attributes: Mapping[str, Any]) -> Tensor:
    found = find_operation(name)
    if found is None:
        raise ProgramError(f"program: found operation {name!r}, which this version has not")
    return found.by_formula(grid, inputs, dict(attributes))


def _function(name: str, inputs: list[Tensor], attributes: Mapping[str, Any]) -> Tensor:
    match name:
        case "add":
            return inputs[0] + inputs[1]
        case "subtract":
            return inputs[0] - inputs[1]
        case "multiply":
            return inputs[0] * inputs[1]
        case "divide":
            return inputs[0] / inputs[1]
        case "concatenate":
            return _joined(inputs)
        case "slice":
            return inputs[0][..., attributes["start"] : attributes["stop"]]
        case "sum":
            return inputs[0].sum(-1, keepdim=True)
    found: Tensor = arithmetic.apply(name, *inputs)
    return found


def _joined(inputs: list[Tensor]) -> Tensor:
    lead = shared_shape(*(each.shape[:-1] for each in inputs))
    return torch.cat([each.expand(*lead, each.shape[-1]) for each in inputs], dim=-1)
