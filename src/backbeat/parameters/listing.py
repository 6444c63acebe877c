"""A parameter table for people: as rows, as text and as Markdown."""

from collections.abc import Mapping
from decimal import Decimal

from backbeat.parameters.layout import Layout
from backbeat.parameters.parameter import Parameter, Value

_TINY = 1e-6
_HEADINGS = ("parameter", "range", "default", "scale", "what it does")


def rows(table: Layout) -> list[tuple[str, str, str, str, str]]:
    """Name, range, default, scale and help of every parameter."""
    defaults = table.defaults()
    return [(_title(name, p), _range(p), value_text(p, defaults[name]), p.scale, p.help) for name, p in table.items()]


def text(table: Layout) -> str:
    """The table in aligned columns."""
    lines = [_HEADINGS, *rows(table)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def markdown(table: Layout) -> str:
    """The table in Markdown."""
    head = [_line(_HEADINGS), _line(tuple("---" for _ in _HEADINGS))]
    return "\n".join(head + [_line((f"`{name}`", *cells)) for name, *cells in rows(table)])


def value_rows(table: Layout, values: Mapping[str, Value]) -> list[tuple[str, str, str]]:
    """Name, value with its unit, and help of every parameter of one patch."""
    return [(name, value_text(p, values[name]), p.help) for name, p in table.items()]


def value_text(parameter: Parameter, value: Value) -> str:
    """A value with its unit."""
    if isinstance(value, str):
        return value
    if parameter.options and isinstance(value, tuple):
        total = sum(value)
        shares = zip(parameter.options, value, strict=True)
        return " + ".join(f"{round(100 * weight / total)} % {option}" for option, weight in shares if weight > 0.0)
    entries = value if isinstance(value, tuple) else (value,)
    return f"{', '.join(_digits(entry) for entry in entries)} {parameter.unit}".rstrip()


def _digits(number: float) -> str:
    """A number to four digits, never with an exponent."""
    return format(Decimal(f"{number:.4g}"), "f") if abs(number) >= _TINY else "0"


def _title(name: str, parameter: Parameter) -> str:
    return name if parameter.size == 1 or parameter.options else f"{name} × {parameter.size}"


def _range(parameter: Parameter) -> str:
    if parameter.options:
        return ", ".join(parameter.options)
    return f"{parameter.low:g} … {parameter.high:g} {parameter.unit}".rstrip()


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def records(table: Layout) -> list[dict[str, object]]:
    """Every parameter as plain data, for JSON."""
    defaults = table.defaults()
    return [
        {
            "name": name,
            "unit": p.unit,
            "scale": p.scale,
            "low": p.low,
            "high": p.high,
            "size": p.size,
            "default": defaults[name],
            "options": list(p.options),
            "help": p.help,
        }
        for name, p in table.items()
    ]
