"""What a plugin is: a name, a parameter table and a signal chain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Literal, TypeAlias

from backbeat.errors import PluginError, RecordingError
from backbeat.kernels.library import library
from backbeat.parameters import BODY, MODES, OUTPUT, Layout, Table, Value, numbers
from backbeat.program import Program, record

Render: TypeAlias = Callable[[Any, Any], Any]
"""`render(grid, c) -> Signal`, with the table's controls as fields of `c`."""

Migration: TypeAlias = Callable[[dict[str, Value]], dict[str, Value]]
"""Values of one version of a plugin to values of the next that sound the same."""


MOST_MACROS = 8
TUNE, LENGTH, BRIGHTNESS, NOISINESS = "tune", "length", "brightness", "noise"
"""Macros that mean the same in every instrument that has them."""
_CLIP = "soft_clip"
_SOFT_HIT = {
    (BRIGHTNESS, "dB/oct"): -4.0,
    (BRIGHTNESS, "st"): -9.0,
    ("snap", "dB"): -6.0,
    ("sweep", "%"): -40.0,
    ("drive", "dB"): -6.0,
}
"""How macros stand in the softest hit of an instrument that does not say so itself, by their units."""


@dataclass(frozen=True)
class Macro:
    """A knob that turns several parameters at once, on any patch; 0 changes nothing.

    By its unit an amount x means: `%`, times `1 + x / 100`; `st`, times `2^(x / 12)`; `dB`, or none of a plain amount,
    plus x; `dB/oct`, louder by `x log2(f / p)` dB, entry by entry of a level, at the frequencies f that
    `frequencies_hz` gives.

    A macro in dB/oct changes the balance alone, where the plugin has a `clipper`. Its output level is moved until the
    whole sound has the K-weighted energy that it had. The pivot p is the frequency that `pivot` names, of a part that
    has no level and stays as it is; without one it is where what goes into the clipper keeps its energy, so that the
    sound is driven as hard as it was. A value that stops at the end of its range leaves more to the others, and to the
    output level; where that stops too, the loudness falls short.

    Attributes:
        unit: of the amount.
        parameters: what it turns.
        help: one sentence for a musician.
        frequencies_hz: of the entries of a parameter, from a patch's values and the parameter's name; for dB/oct.
        pivot: the parameter with the frequency about which levels are tilted, if that is given.
        inverse: what it divides where it multiplies the others: sweep times, for a macro in st, so that a sweep at
            another pitch has as many cycles.
    """

    unit: Literal["%", "st", "dB", "dB/oct", ""]
    parameters: tuple[str, ...]
    help: str
    frequencies_hz: Callable[[Mapping[str, Value], str], Sequence[float]] | None = None
    pivot: str | None = None
    inverse: tuple[str, ...] = ()

    def amount_text(self, amount: float, space: str = " ") -> str:
        """How far it is turned, such as `+3 st`."""
        return f"{amount:+g}{space}{self.unit}" if self.unit else f"{amount:+g}"

    @property
    def of_unit(self) -> str:
        """The unit after a number's noun, as in "a number of st"; nothing for a plain amount."""
        return f" of {self.unit}" if self.unit else ""


def frequencies_beside(values: Mapping[str, Value], name: str) -> tuple[float, ...]:
    """Frequencies of the entries of a level, by its name: of `band_db`, `band_hz`."""
    return numbers(values[f"{name.partition('_')[0]}_hz"])


@dataclass(frozen=True, eq=False)
class Plugin:
    """One instrument.

    Attributes:
        name: as in patches and on the command line.
        controls: its parameters.
        render: its signal chain.
        summary: one sentence for a musician.
        version: raised when the table or the sound changes.
        options: what shaped the table, such as the number of tones.
        match_options: options of the size that matches real sounds best; those of a plugin of one size are none.
        migrations: by the version they start from.
        macros: knobs that turn several parameters at once, eight at most.
        soft_hit: how its macros stand in a hit at velocity 0; none is what macros of these names and units usually do,
            see `softest`.
        voice: the instrument without its detail layer, where it has one.
        banks: parameters whose entries belong together, such as frequencies and levels, and may change places without
            changing the sound. The first says where an entry lies; what is in dB, if anything is, is its level.

    Raises:
        PluginError: where the chain reads one of its parameters nowhere, or a macro or a bank names one that is not
            there.
    """

    name: str
    controls: type[Table]
    render: Render
    summary: str
    version: int = 1
    options: Mapping[str, int] = field(default_factory=dict)
    match_options: Mapping[str, int] = field(default_factory=dict)
    migrations: Mapping[int, Migration] = field(default_factory=dict)
    macros: Mapping[str, Macro] = field(default_factory=dict)
    banks: tuple[tuple[str, ...], ...] = ()
    voice: Plugin | None = None
    soft_hit: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        if len(self.macros) > MOST_MACROS:
            raise PluginError(f"plugin {self.name}: found {len(self.macros)} macros; must be at most {MOST_MACROS}")
        for macro, turned in self.macros.items():
            for name in (*turned.parameters, *turned.inverse, *([turned.pivot] if turned.pivot else [])):
                if name not in self.table:
                    raise PluginError(f"plugin {self.name}: macro {macro} turns {name}, which is not in its table")
        for macro in self.soft_hit or {}:
            if macro not in self.macros:
                raise PluginError(f"plugin {self.name}: soft_hit has {macro}, which is none of its macros")
        for bank in self.banks:
            sizes = {self.table[name].size if name in self.table else None for name in bank}
            if None in sizes or len(sizes) != 1:
                raise PluginError(f"plugin {self.name}: bank {', '.join(bank)} is not of one size in its table")
        if self.program is not None:
            _ = self.program.json  # which a compiler could read later, but not write

    def __reduce__(self) -> str | tuple[Any, ...]:
        """One that is registered is known by its name in every process."""
        from backbeat import plugins

        try:
            if plugins.get(self.name, **self.options) is self:
                return _registered, (self.name, dict(self.options))
        except PluginError:
            pass
        return type(self), tuple(getattr(self, each.name) for each in fields(self))

    @cached_property
    def table(self) -> Layout:
        """Its parameters in order, and where each lies in the flat vector."""
        return self.controls.layout()

    @property
    def program(self) -> Program | None:
        """Its signal chain as data; none of a formula plugin, whose chain does what no program can."""
        return self._recorded[0]

    @cached_property
    def pitched(self) -> tuple[str, ...]:
        """Parameters that have a pitch, the sound's own first: what its macro `tune` turns, or else by their roles."""
        if TUNE in self.macros:
            return self.macros[TUNE].parameters
        named = (self.table.with_role(role) for role in (BODY.pitch_hz, MODES.hz))
        return tuple(name for name in named if name)

    @cached_property
    def clipper(self) -> tuple[str, str] | None:
        """Drive and output level of the `dsp.soft_clip` that its chain ends in, if it does; by their roles."""
        drive, level = self.table.with_role(OUTPUT.drive_db), self.table.with_role(OUTPUT.level_db)
        ends_in = self.program and self.program.nodes[self.program.output].operation
        return (drive, level) if drive and level and ends_in == _CLIP else None

    @property
    def softest(self) -> Mapping[str, float]:
        """How its macros stand in a hit at velocity 0: `soft_hit`, or what suits the macros that it has."""
        if self.soft_hit is not None:
            return self.soft_hit
        usual = {name: _SOFT_HIT.get((name, macro.unit)) for name, macro in self.macros.items()}
        return {name: amount for name, amount in usual.items() if amount is not None}

    @property
    def formula_reason(self) -> str | None:
        """Why it is a formula plugin: slower, and not to be exported."""
        return self._recorded[1]

    @property
    def no_engine_reason(self) -> str | None:
        """Why it is rendered by its formula even in float32 on a CPU; none where the engine renders it."""
        return self.formula_reason or (None if library() else "this installation has no kernels")

    @cached_property
    def _recorded(self) -> tuple[Program | None, str | None]:
        facts = {"plugin": self.name, "version": self.version, "options": dict(self.options)}
        try:
            return record(lambda grid, handles: self.render(grid, self.controls(handles)), self.table, facts), None
        except RecordingError as error:
            return None, str(error)
        except PluginError as error:
            raise PluginError(f"plugin {self.name}: {error}") from None


def _registered(name: str, options: Mapping[str, int]) -> Plugin:
    from backbeat import plugins

    return plugins.get(name, **options)
