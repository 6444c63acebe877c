"""A parameter table for people: as rows, as text and as Markdown."""

from collections.abc import Mapping
from decimal import Decimal

from backbeat.parameters.layout import Layout
from backbeat.parameters.parameter import Parameter, Value, numbers
from backbeat.parameters.quantities import digits, hertz_text, note_text, seconds_text
from backbeat.parameters.roles import BODY

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
    """Name, value as a musician writes it, and help of every parameter of one patch."""
    return [(name, musical_text(p, values[name]), p.help) for name, p in table.items()]


def musical_text(parameter: Parameter, value: Value) -> str:
    """A value as a musician writes it: ms, per cent, degrees; the pitch of a body as a note too."""
    if parameter.options or isinstance(value, str):
        return value_text(parameter, value)
    entries = [_musical(parameter, entry) for entry in numbers(value)]
    units = {entry.partition(" ")[2] for entry in entries}
    if len(units) == 1:  # said once
        text = f"{', '.join(entry.partition(' ')[0] for entry in entries)} {units.pop()}".rstrip()
    else:
        text = ", ".join(entries)
    return f"{text} ({note_text(numbers(value)[0])})" if parameter.role is BODY.pitch_hz else text


def _musical(parameter: Parameter, number: float) -> str:
    if parameter.unit == "s":
        return seconds_text(number)
    if parameter.unit == "Hz":
        return hertz_text(number, 4)
    if parameter.unit == "cycles":
        return f"{digits(360.0 * number, 3)}°"
    if parameter.unit in ("dB", "st"):
        return f"{digits(round(number, 1), 4)} {parameter.unit}"
    if not parameter.unit and (parameter.scale, parameter.low, parameter.high) == ("linear", 0.0, 1.0):
        return f"{digits(round(100.0 * number, 1), 4)} %"
    return f"{_digits(number)} {parameter.unit}".rstrip()


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
