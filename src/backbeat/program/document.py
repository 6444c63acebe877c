"""A signal chain as data: recorded once, written as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from backbeat.dsp.grid import RecordingGrid
from backbeat.dsp.tape import Node, Signal, Tape
from backbeat.errors import PluginError
from backbeat.kernels.library import Compiled, read_program
from backbeat.parameters import Parameter

SCHEMA = 1

_PLACES = {"velocity": None, "humanize": None, "detail": None}
"""Fields that no program has yet: how it answers to velocity, how hits differ, and how detailed it is."""


@dataclass(frozen=True, eq=False)
class Program:
    """What an instrument's `render` does.

    Attributes:
        parameters: by name, in order; their entries are the program's.
        nodes: steps in an order in which they can be run.
        output: number of the step that is the sound.
        facts: what else its document says, such as the instrument's name.
    """

    parameters: Mapping[str, Parameter]
    nodes: tuple[Node, ...]
    output: int
    facts: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The document; docs/programs.md says what is in it."""
        return {
            "schema": SCHEMA,
            **self.facts,
            "parameters": [
                {
                    "name": name,
                    "unit": each.unit,
                    "scale": each.scale,
                    "low": each.low,
                    "high": each.high,
                    "size": each.size,
                    "default": list(each.default),
                    "options": list(each.options),
                }
                for name, each in self.parameters.items()
            ],
            "nodes": [_node_as_json(each) for each in self.nodes],
            "output": self.output,
            **_PLACES,
        }

    @cached_property
    def json(self) -> str:
        """The document, written."""
        return json.dumps(self.as_json())

    @cached_property
    def compiled(self) -> Compiled:
        """As the kernels have read it."""
        return read_program(self.json)


def record(
    render: Callable[..., Any], parameters: Mapping[str, Parameter], facts: Mapping[str, Any] | None = None
) -> Program:
    """The program of a signal chain, which is called with a grid and a control for each parameter.

    Raises:
        PluginError: where the chain does what no program can, reads a parameter nowhere, or gives no signal.
    """
    tape = Tape()
    numbers = {
        name: tape.control("parameter", size=each.size, index=index)
        for index, (name, each) in enumerate(parameters.items())
    }
    found = render(RecordingGrid(tape), numbers)
    if not isinstance(found, Signal):
        raise PluginError(f"recording: found {type(found).__name__} from render; must be a signal")
    used = _used(tape.nodes, found.number)
    for name, control in numbers.items():
        if control.number not in used:
            raise PluginError(f"parameter {name} is in its table, and read nowhere in render")
    return _without_unused(Program(parameters, tuple(tape.nodes), found.number, facts or {}), used)


def _used(nodes: list[Node], output: int) -> set[int]:
    found = {output}
    for number in range(output, -1, -1):
        if number in found:
            found.update(each for each in nodes[number].inputs if each is not None)
    return found


def _without_unused(program: Program, used: set[int]) -> Program:
    numbers = {old: new for new, old in enumerate(sorted(used))}
    nodes = tuple(
        Node(
            each.operation,
            tuple(None if number is None else numbers[number] for number in each.inputs),
            each.attributes,
            each.size,
            each.is_signal,
        )
        for old, each in enumerate(program.nodes)
        if old in used
    )
    return Program(program.parameters, nodes, numbers[program.output], program.facts)


def _node_as_json(node: Node) -> dict[str, Any]:
    found: dict[str, Any] = {"operation": node.operation}
    if node.inputs:
        found["inputs"] = list(node.inputs)
    return {**found, **node.attributes}
