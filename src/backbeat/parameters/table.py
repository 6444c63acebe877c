"""A parameter table as a class, whose fields are the parameters."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from backbeat.errors import PluginError
from backbeat.parameters.layout import Layout
from backbeat.parameters.parameter import Parameter


class Table:
    """Base class of parameter tables.

        class Controls(Table):
            pitch_hz = pitch(100.0, 420.0, default=186.0, help="Pitch the skin settles at.")

    Of the class, a field is its parameter; of an instance, which a signal chain is given, it is its control.
    """

    def __init__(self, controls: Mapping[str, Any]) -> None:
        self.read: set[str] = set()
        self._controls = controls

    @classmethod
    @cache
    def layout(cls) -> Layout:
        """Its parameters in order, and where each lies in the flat vector."""
        fields: dict[str, Parameter] = {}
        for base in reversed(cls.__mro__):
            fields |= {name: each for name, each in vars(base).items() if isinstance(each, Parameter)}
        return Layout(**fields)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise PluginError(f"found no parameter {name!r} in its table; there are {', '.join(type(self).layout())}")

    def control(self, name: str) -> Any:
        """The control of that name."""
        self.read.add(name)
        return self._controls[name]
