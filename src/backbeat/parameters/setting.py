"""One value by the name that a person gives it: a parameter, or one entry of a bank, `mode_hz[2]`."""

from collections.abc import Mapping

from backbeat.errors import ParameterError
from backbeat.parameters.layout import Layout
from backbeat.parameters.parameter import Value


def with_value(table: Layout, values: Mapping[str, Value], target: str, value: object) -> dict[str, Value]:
    """Values of which one has been set.

    Args:
        table: of the parameters.
        values: of all of them.
        target: a parameter's name, or `name[k]`.
        value: for it, in its unit; one per entry where a whole bank is named.

    Raises:
        ParameterError: at a name or an entry that there is not, or a value that is not allowed.
    """
    name, index = _named(target)
    parameter = table.require(name)
    if index is not None:
        entries = values[name]
        if not isinstance(entries, tuple):
            raise ParameterError(f"{name}: found {target!r}; {name} is a single value, without an index")
        if not index.isdecimal() or int(index) >= len(entries):
            raise ParameterError(f"{name}: found {target!r}; must be from {name}[0] to {name}[{len(entries) - 1}]")
        value = (*entries[: int(index)], value, *entries[int(index) + 1 :])
    return {**values, name: parameter.check(name, value)}


def place_of(table: Layout, target: str) -> slice:
    """Where a parameter, or an entry of a bank, lies in the flat vector; `with_value` takes the same names."""
    name, index = _named(target)
    whole = table.slice(name)
    return whole if index is None else slice(whole.start + int(index), whole.start + int(index) + 1)


def _named(target: str) -> tuple[str, str | None]:
    """The name, and what stands in brackets behind it."""
    name, bracket, rest = target.partition("[")
    if bracket and not rest.endswith("]"):
        raise ParameterError(f"found {target!r}; must be the name of a parameter, or of an entry, such as tone_hz[0]")
    return name, rest[:-1] if bracket else None
