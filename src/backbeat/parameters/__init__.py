"""Parameter tables: names, units, ranges and scales, and the flat vector that optimisers and networks see."""

from backbeat.parameters.kinds import (
    cents,
    choice,
    cycles,
    decibels,
    exponent,
    hz,
    octaves,
    pitch,
    seconds,
    semitones,
    share,
    sweep_seconds,
)
from backbeat.parameters.parameter import Parameter, Value, numbers
from backbeat.parameters.table import Table

__all__ = [
    "Parameter",
    "Table",
    "Value",
    "cents",
    "choice",
    "cycles",
    "decibels",
    "exponent",
    "hz",
    "numbers",
    "octaves",
    "pitch",
    "seconds",
    "semitones",
    "share",
    "sweep_seconds",
]
