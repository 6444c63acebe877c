"""One control of an instrument: its unit, range, scale and default."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, overload

from backbeat.errors import ParameterError
from backbeat.parameters.roles import Role

Value: TypeAlias = float | tuple[float, ...] | str
"""A parameter's value in a patch: a number, one number per entry of a bank, or the name of an option."""


def numbers(value: Value) -> tuple[float, ...]:
    """The numbers of a value that is not an option: one, or one per entry of a bank."""
    return value if isinstance(value, tuple) else (float(value),)


@dataclass(frozen=True)
class Parameter:
    """A named control, without its name.

    Attributes:
        scale: how [0, 1] maps to [low, high]; a `choice` is a weight per option.
        low: least value, in `unit`.
        high: greatest value, in `unit`.
        default: value of a new patch, one per entry.
        unit: as written after a number.
        help: one sentence for a musician.
        musical: where random patches stay, within [low, high].
        matched: where matches look, within [low, high]; none is anywhere.
        search_step: how far a search moves it at a time, as a share of its range.
        options: names of a choice's options, in order.
        role: what it is to analysis, if that is to find a start value for it.
    """

    scale: Literal["linear", "log", "choice"]
    low: float
    high: float
    default: tuple[float, ...]
    unit: str
    help: str
    musical: tuple[float, float]
    matched: tuple[float, float] | None = None
    search_step: float = 0.05
    options: tuple[str, ...] = ()
    role: Role | None = None
    name: str = field(default="", compare=False, repr=False)

    def __set_name__(self, owner: type, name: str) -> None:
        object.__setattr__(self, "name", name)

    @overload
    def __get__(self, instance: None, owner: type) -> "Parameter": ...

    @overload
    def __get__(self, instance: Any, owner: type) -> Any: ...

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else instance.control(self.name)

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ParameterError(f"range: low {self.low:g} must be below high {self.high:g}")
        if self.scale == "log" and self.low <= 0.0:
            raise ParameterError(f"range: low {self.low:g} must be above 0 on a log scale")
        for value in (*self.default, *self.musical, *(self.matched or ())):
            if not self.low <= value <= self.high:
                raise ParameterError(
                    f"range: {value:g} must be within {self.low:g} … {self.high:g} {self.unit}".rstrip()
                )

    @property
    def size(self) -> int:
        """Entries in the flat vector of params."""
        return len(self.default)

    def within(self, value: Value) -> Value:
        """A value of its entries clipped to the range, as a patch holds it; the name of an option as it is."""
        if isinstance(value, str):
            return value
        entries = tuple(min(max(entry, self.low), self.high) for entry in numbers(value))
        return entries if self.size > 1 else entries[0]

    def weights(self, option: str) -> tuple[float, ...]:
        """A choice's weights when one option is chosen."""
        return tuple(float(option == name) for name in self.options)

    def check(self, name: str, value: object) -> Value:
        """Return the value as a patch holds it.

        Raises:
            ParameterError: naming the parameter, the value and what is allowed.
        """
        if self.scale == "choice":
            return self._check_choice(name, value)
        if self.size == 1:
            return self._check_number(name, value)
        if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != self.size:
            raise ParameterError(f"{name}: found {value!r}; must be a list of {self.size} numbers")
        return tuple(self._check_number(f"{name}[{k}]", entry) for k, entry in enumerate(value))

    def _check_number(self, name: str, value: object) -> float:
        allowed = f"must be a number from {self.low:g} to {self.high:g} {self.unit}".rstrip()
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            raise ParameterError(f"{name}: found {value!r}; {allowed}")
        return float(value)

    def _check_choice(self, name: str, value: object) -> Value:
        allowed = f"must be one of {', '.join(self.options)}, or a weight from 0 to 1 for each, not all 0"
        if isinstance(value, str):
            if value not in self.options:
                raise ParameterError(f"{name}: found {value!r}; {allowed}")
            return value
        if not isinstance(value, Sequence) or len(value) != self.size:
            raise ParameterError(f"{name}: found {value!r}; {allowed}")
        weights = tuple(self._check_number(f"{name}[{k}]", entry) for k, entry in enumerate(value))
        if sum(weights) <= 0.0:
            raise ParameterError(f"{name}: found {value!r}; {allowed}")
        return weights
