"""The kinds of control: one constructor per unit, each with the scale that suits it.

A default that is a sequence makes a bank: one parameter with as many entries.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from backbeat.parameters.parameter import Parameter
from backbeat.parameters.roles import Role

_PITCH_STEP_OCT = 0.0015
_INTERVAL_STEP_ST = 0.1
_SWEEP_STEP = 0.0015


def hz(
    low: float,
    high: float,
    *,
    default: float | Sequence[float],
    help: str,
    musical: tuple[float, float] | None = None,
    role: Role | None = None,
) -> Parameter:
    """A frequency, on a log scale."""
    return _number("log", low, high, default, "Hz", help, musical, role)


def pitch(
    low: float,
    high: float,
    *,
    default: float | Sequence[float],
    help: str,
    musical: tuple[float, float] | None = None,
    matched: tuple[float, float] | None = None,
    role: Role | None = None,
) -> Parameter:
    """A frequency that is heard as a pitch: as `hz`, but searched in steps of a cent or two."""
    return replace(_finely(hz(low, high, default=default, help=help, musical=musical, role=role)), matched=matched)


def multiple(
    low: float,
    high: float,
    *,
    default: float | Sequence[float],
    help: str,
    musical: tuple[float, float] | None = None,
    role: Role | None = None,
) -> Parameter:
    """A multiple of a pitch, on a log scale, searched in steps of a cent or two."""
    return _finely(shape(low, high, default=default, help=help, musical=musical, role=role))


def _finely(found: Parameter) -> Parameter:
    """The parameter searched in steps of a cent or two."""
    return replace(found, search_step=_PITCH_STEP_OCT / math.log2(found.high / found.low))


def seconds(
    low: float,
    high: float,
    *,
    default: float | Sequence[float],
    help: str,
    musical: tuple[float, float] | None = None,
    matched: tuple[float, float] | None = None,
    role: Role | None = None,
) -> Parameter:
    """A time: on a log scale, or on a linear one where it may be zero."""
    found = _number("log" if low > 0.0 else "linear", low, high, default, "s", help, musical, role)
    return replace(found, matched=matched)


def sweep_seconds(
    low: float,
    high: float,
    *,
    default: float,
    help: str,
    musical: tuple[float, float] | None = None,
    role: Role | None = None,
) -> Parameter:
    """How long a pitch moves: as `seconds`, but searched in fine steps, since every phase after it depends on it."""
    return replace(seconds(low, high, default=default, help=help, musical=musical, role=role), search_step=_SWEEP_STEP)


def semitones(
    low: float,
    high: float,
    *,
    default: float,
    help: str,
    musical: tuple[float, float] | None = None,
    role: Role | None = None,
) -> Parameter:
    """An interval of pitch, on a linear scale, searched in steps of a tenth of a semitone."""
    number = _number("linear", low, high, default, "st", help, musical, role)
    return replace(number, search_step=_INTERVAL_STEP_ST / (high - low))


def cents(
    low: float,
    high: float,
    *,
    default: float,
    help: str,
    musical: tuple[float, float] | None = None,
    role: Role | None = None,
) -> Parameter:
    """A small interval of pitch, on a linear scale."""
    return _number("linear", low, high, default, "cents", help, musical, role)


def octaves(
    low: float,
    high: float,
    *,
    default: float,
    help: str,
    musical: tuple[float, float] | None = None,
    role: Role | None = None,
) -> Parameter:
    """A bandwidth, on a linear scale."""
    return _number("linear", low, high, default, "oct", help, musical, role)


def decibels(
    low: float,
    high: float,
    *,
    default: float | Sequence[float],
    help: str,
    musical: tuple[float, float] | None = None,
    matched: tuple[float, float] | None = None,
    role: Role | None = None,
) -> Parameter:
    """A level or a drive, linear in dB."""
    return replace(_number("linear", low, high, default, "dB", help, musical, role), matched=matched)


def cycles(*, default: float | Sequence[float], help: str, role: Role | None = None) -> Parameter:
    """A start phase, from 0 to 1 cycle."""
    return _number("linear", 0.0, 1.0, default, "cycles", help, None, role)


def amount(
    *,
    default: float,
    help: str,
    high: float = 1.0,
    musical: tuple[float, float] | None = None,
    role: Role | None = None,
) -> Parameter:
    """A plain amount from 0 up."""
    return _number("linear", 0.0, high, default, "", help, musical, role)


def shape(
    low: float,
    high: float,
    *,
    default: float | Sequence[float],
    help: str,
    musical: tuple[float, float] | None = None,
    role: Role | None = None,
) -> Parameter:
    """The shape of a curve, on a log scale; 1 is plain."""
    return _number("log", low, high, default, "", help, musical, role)


def choice(*options: str, default: str, help: str, role: Role | None = None) -> Parameter:
    """One of several options; it enters the signal chain as one weight per option, which sum to 1."""
    return Parameter(
        scale="choice",
        low=0.0,
        high=1.0,
        default=tuple(float(option == default) for option in options),
        unit="",
        help=help,
        musical=(0.0, 1.0),
        options=options,
        role=role,
    )


def _number(
    scale: Literal["linear", "log"],
    low: float,
    high: float,
    default: float | Sequence[float],
    unit: str,
    help: str,
    musical: tuple[float, float] | None,
    role: Role | None,
) -> Parameter:
    entries = (default,) if isinstance(default, int | float) else tuple(default)
    values = tuple(float(entry) for entry in entries)
    return Parameter(scale, low, high, values, unit, help, musical or (low, high), role=role)
