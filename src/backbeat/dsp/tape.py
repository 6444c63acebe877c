"""Handles that stand for controls and signals while an instrument's signal chain is recorded.

A handle has no value: what is done with it becomes a node of a program. So a chain has no control flow that depends on
values, and whoever asks a handle for its value is told so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NoReturn

from backbeat.errors import PluginError, RecordingError


@dataclass(frozen=True)
class Node:
    """One step of a program.

    Attributes:
        operation: its name: a function of controls, or an operation of `dsp`.
        inputs: numbers of earlier nodes; none where an optional one is left out.
        attributes: numbers that are part of the program.
        size: entries of a control, 1 of a signal.
        is_signal: whether it is a signal.
    """

    operation: str
    inputs: tuple[int | None, ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict)
    size: int = 1
    is_signal: bool = False


class Tape:
    """What is recorded: nodes in an order in which they can be run. The same step is recorded once."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._numbers: dict[tuple[object, ...], int] = {}

    def control(
        self, operation: str, inputs: tuple[int | None, ...] = (), size: int = 1, **attributes: object
    ) -> Control:
        """Record a step that gives a control."""
        return Control(self, self._add(Node(operation, inputs, attributes, size)))

    def signal(self, operation: str, inputs: tuple[int | None, ...] = (), **attributes: object) -> Signal:
        """Record a step that gives a signal."""
        return Signal(self, self._add(Node(operation, inputs, attributes, is_signal=True)))

    def constant(self, *values: float) -> Control:
        """Record numbers."""
        return self.control("constant", size=len(values), values=[float(value) for value in values])

    def _add(self, node: Node) -> int:
        key = (node.operation, node.inputs, repr(sorted(node.attributes.items())), node.size, node.is_signal)
        if key not in self._numbers:
            self._numbers[key] = len(self.nodes)
            self.nodes.append(node)
        return self._numbers[key]


class Handle:
    """A control or a signal of a tape."""

    __slots__ = ("number", "tape")
    __array_priority__ = 1000

    def __init__(self, tape: Tape, number: int) -> None:
        self.tape = tape
        self.number = number

    @property
    def node(self) -> Node:
        """The step that gives it."""
        return self.tape.nodes[self.number]

    def _refuse(self, what: str) -> NoReturn:
        kind = "signal" if self.node.is_signal else "control"
        raise RecordingError(
            f"recording: found {what} of a {kind} ({self.node.operation}), which has no value yet; "
            "a signal chain may use +, -, *, / and the functions of backbeat.dsp"
        )

    def _compared(self, _: object) -> NoReturn:
        raise PluginError(
            f"recording: found a comparison of a {'signal' if self.node.is_signal else 'control'} "
            f"({self.node.operation}), which has no value yet; choose by a parameter of kind choice, or by "
            "dsp.maximum, dsp.minimum and dsp.clamp"
        )

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _compared
    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        self._refuse("the truth")

    def __float__(self) -> float:
        self._refuse("the number")

    def __int__(self) -> int:
        self._refuse("the number")

    def __len__(self) -> int:
        self._refuse("the length")

    def __iter__(self) -> NoReturn:
        self._refuse("the entries")

    def __array__(self, *_: object, **__: object) -> NoReturn:
        self._refuse("the array")

    @classmethod
    def __torch_function__(cls, function: Any, *_: object, **__: object) -> NoReturn:
        name = getattr(function, "__name__", function)
        raise RecordingError(
            f"recording: found torch.{name}; a signal chain may use +, -, *, / and the functions of backbeat.dsp"
        )

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse(f"the attribute {name!r}")


class Control(Handle):
    """Physical values of one parameter, or what is computed of them: one entry, or one for each of a bank's."""

    __slots__ = ()

    @property
    def size(self) -> int:
        """How many entries it has."""
        return self.node.size

    def __getitem__(self, entries: int | slice) -> Control:
        picked = range(self.size)[entries] if isinstance(entries, slice) else range(self.size)[entries:][:1]
        if not picked or picked.step != 1:
            raise PluginError(f"recording: found entries {entries} of a control of {self.size}; must be within them")
        return self.tape.control("slice", (self.number,), len(picked), start=picked.start, stop=picked.stop)

    def __truediv__(self, other: object) -> Control:
        return function("divide", self, other)

    def __rtruediv__(self, other: object) -> Control:
        return function("divide", other, self)

    def __add__(self, other: object) -> Any:
        return function("add", self, other)

    def __radd__(self, other: object) -> Any:
        return function("add", other, self)

    def __sub__(self, other: object) -> Any:
        return function("subtract", self, other)

    def __rsub__(self, other: object) -> Any:
        return function("subtract", other, self)

    def __mul__(self, other: object) -> Any:
        return function("multiply", self, other)

    def __rmul__(self, other: object) -> Any:
        return function("multiply", other, self)

    def __neg__(self) -> Control:
        return function("negate", self)

    def __abs__(self) -> Control:
        return function("absolute", self)

    def __pow__(self, other: object) -> Control:
        return function("power", self, other)

    def __rpow__(self, other: object) -> Control:
        return function("power", other, self)


class Signal(Handle):
    """A sound, or an envelope: one value a sample."""

    __slots__ = ()

    def __add__(self, other: object) -> Signal:
        return function("add", self, other)

    def __radd__(self, other: object) -> Signal:
        return function("add", other, self)

    def __sub__(self, other: object) -> Signal:
        return function("subtract", self, other)

    def __rsub__(self, other: object) -> Signal:
        return function("subtract", other, self)

    def __mul__(self, other: object) -> Signal:
        return function("multiply", self, other)

    def __rmul__(self, other: object) -> Signal:
        return function("multiply", other, self)

    def __neg__(self) -> Signal:
        return function("negate", self)


POINTWISE = ("add", "subtract", "multiply", "negate")
"""Functions that signals have too."""


def function(name: str, *operands: object) -> Any:
    """Record a function of controls, entry by entry, or of signals, sample by sample.

    Raises:
        PluginError: at operands that do not go together.
    """
    tape = next(each.tape for each in operands if isinstance(each, Handle))
    handles = [as_handle(tape, each, name) for each in operands]
    numbers = tuple(each.number for each in handles)
    if any(isinstance(each, Signal) for each in handles):
        if name not in POINTWISE:
            raise PluginError(f"recording: found {name} of a signal; signals have {', '.join(POINTWISE)}")
        wide = [each for each in handles if isinstance(each, Control) and each.size > 1]
        if wide:
            raise PluginError(f"recording: found {name} of a signal and a control of {wide[0].size} entries; must be 1")
        return tape.signal(name, numbers)
    sizes = {each.size for each in handles if isinstance(each, Control)} - {1}
    if len(sizes) > 1:
        raise PluginError(f"recording: found {name} of controls of {sorted(sizes)} entries; must be as many, or one")
    return tape.control(name, numbers, *sizes)


def as_handle(tape: Tape, value: object, where: str) -> Control | Signal:
    """A handle of this tape, or a number as one.

    Raises:
        PluginError: at anything else.
    """
    if isinstance(value, Control | Signal):
        if value.tape is not tape:
            raise PluginError(f"recording: found a value of another recording in {where}")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PluginError(
            f"recording: found {type(value).__name__} in {where}; must be a number, a control or a signal"
        )
    return tape.constant(value)
