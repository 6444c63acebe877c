"""Operations: one piece of signal processing each, with a formula in PyTorch and a kernel of the same name in C++.

    @operation
    def comb(grid: Grid, signal: Signal, frequency_hz: Control, …) -> Signal:
        '''What it is, with its equation, shapes and units.'''

    @comb.formula
    def _(grid: Grid, signal: Tensor, frequency_hz: Tensor, …) -> Tensor:
        …

Called while an instrument's chain is recorded, an operation becomes a node of a program. Called with float32 tensors
on a CPU, it is its kernel, in compiled code too. With any others, within a transform of `torch.func` or an export, or
where there are no kernels, it is its formula. On a GPU, in float32, another formula may stand in for that, by
`@comb.gpu_kernel`, which calls what is written in Triton.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import update_wrapper
from typing import TYPE_CHECKING, Any

from backbeat.dsp.tape import Control, Handle, Signal, Tape, as_handle
from backbeat.errors import PluginError

if TYPE_CHECKING:
    from torch import Tensor

Formula = Callable[..., Any]

_OPERATIONS: dict[str, Operation] = {}


def operation(declared: Callable[..., Any]) -> Operation:
    """An operation, declared by its signature: the grid, then signals, controls, and numbers that are attributes."""
    made = Operation(declared)
    _OPERATIONS[made.name] = made
    return made


def operations() -> list[Operation]:
    """All there are."""
    return list(_OPERATIONS.values())


def find_operation(name: str) -> Operation | None:
    """The operation of that name, if there is one."""
    return _OPERATIONS.get(name)


class Operation:
    """A function of a grid, signals and controls."""

    def __init__(self, declared: Callable[..., Any]) -> None:
        update_wrapper(self, declared)
        self.name = declared.__name__
        self.signature = inspect.signature(declared)
        self._formula: Formula | None = None
        self._gpu_kernel: Formula | None = None
        _, *others = self.signature.parameters.values()
        self.signals = [each.name for each in others if each.annotation in ("Signal", Signal)]
        self.controls = [each.name for each in others if "Control" in str(each.annotation)]
        self.inputs = [*self.signals, *self.controls]
        self.attributes = [each.name for each in others if each.annotation in ("int", "float", int, float)]

    def formula(self, formula: Formula) -> Formula:
        """Define the operation by PyTorch."""
        self._formula = formula
        return formula

    def gpu_kernel(self, formula: Formula) -> Formula:
        """Define the operation once more, with what is written for a GPU; used there, in float32."""
        self._gpu_kernel = formula
        return formula

    def __call__(self, grid: Any, *args: Any, **kwargs: Any) -> Any:
        """Record it, or compute it."""
        bound = self.signature.bind(grid, *args, **kwargs)
        bound.apply_defaults()
        given = bound.arguments
        handles = [each for each in given.values() if isinstance(each, Handle)]
        tape = getattr(grid, "tape", None) or next((each.tape for each in handles), None)
        if isinstance(tape, Tape):
            return self._record(tape, given)
        return self._compute(given)

    def _record(self, tape: Tape, given: dict[str, Any]) -> Signal:
        numbers: list[int | None] = []
        for name in self.inputs:
            value = given[name]
            if value is None:
                numbers.append(None)
                continue
            handle = as_handle(tape, value, f"{self.name}'s {name}")
            wanted = Signal if name in self.signals else Control
            if not isinstance(handle, wanted):
                raise PluginError(
                    f"recording: found a {type(handle).__name__.lower()} for {self.name}'s {name}; "
                    f"must be a {wanted.__name__.lower()}"
                )
            numbers.append(handle.number)
        attributes = {name: _number(self.name, name, given[name]) for name in self.attributes}
        return tape.signal(self.name, tuple(numbers), **attributes)

    def _compute(self, given: dict[str, Any]) -> Tensor:
        from backbeat.dsp.eager import kernel_takes, run_kernel

        if kernel_takes(self, given):
            return run_kernel(self, given)
        numbers = {name: as_tensor(given[name], given["grid"]) for name in self.controls}
        return self._by_tensors({**given, **numbers})

    def by_formula(self, grid: Any, inputs: list[Any], attributes: dict[str, Any]) -> Tensor:
        """The formula of tensors in the order of a node's inputs."""
        numbers = {name: attributes[name] for name in self.attributes}
        return self._by_tensors({"grid": grid, **dict(zip(self.inputs, inputs, strict=True)), **numbers})

    def _by_tensors(self, given: dict[str, Any]) -> Tensor:
        """The formula or, on a GPU, what stands in for it there."""
        formula = self._formula
        if self._gpu_kernel is not None:
            from backbeat.dsp.gpu import takes_gpu_kernels

            formula = self._gpu_kernel if takes_gpu_kernels(given["grid"]) else formula
        if formula is None:
            raise NotImplementedError(self.name)
        found: Tensor = formula(**given)
        return found


def _number(operation: str, name: str, value: object) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PluginError(
            f"recording: found {type(value).__name__} for {operation}'s {name}; must be a number that no control moves"
        )
    return value


def as_tensor(control: Any, grid: Any) -> Any:
    """A control as it is, and a number as one, float64."""
    if isinstance(control, bool) or not isinstance(control, int | float):
        return control
    import torch

    return torch.tensor([float(control)], dtype=torch.float64, device=grid.device)
