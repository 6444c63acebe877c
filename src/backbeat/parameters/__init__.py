"""Parameter tables: names, units, ranges and scales, and the flat vector that optimisers and networks see."""

from backbeat.parameters.kinds import (
    amount,
    cents,
    choice,
    cycles,
    decibels,
    hz,
    multiple,
    octaves,
    pitch,
    seconds,
    semitones,
    shape,
    sweep_seconds,
)
from backbeat.parameters.layout import Layout
from backbeat.parameters.parameter import Parameter, Value, numbers
from backbeat.parameters.roles import BODY, DETAIL, EXTRA, METAL, MODES, NOISE, OUTPUT, TRANSIENT, Role
from backbeat.parameters.setting import place_of, with_value
from backbeat.parameters.table import Table

__all__ = [
    "BODY",
    "DETAIL",
    "EXTRA",
    "METAL",
    "MODES",
    "NOISE",
    "OUTPUT",
    "TRANSIENT",
    "Layout",
    "Parameter",
    "Role",
    "Table",
    "Value",
    "amount",
    "cents",
    "choice",
    "cycles",
    "decibels",
    "hz",
    "multiple",
    "numbers",
    "octaves",
    "pitch",
    "place_of",
    "seconds",
    "semitones",
    "shape",
    "sweep_seconds",
    "with_value",
]
