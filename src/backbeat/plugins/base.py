"""What a plugin is: a name, a parameter table and a pure render function."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from backbeat.errors import PluginError
from backbeat.parameters import Table, Value
from backbeat.types import Mono

Render: TypeAlias = Callable[..., Mono]
"""`render(grid, *, name: Control, …) -> (batch, samples)`, with one keyword per parameter."""

Migration: TypeAlias = Callable[[dict[str, Value]], dict[str, Value]]
"""Values of one version of a plugin to values of the next that sound the same."""


MOST_MACROS = 8


@dataclass(frozen=True)
class Macro:
    """A knob that turns several parameters at once, on any patch; 0 changes nothing.

    By its unit an amount x means: `%`, times `1 + x / 100`; `st`, times `2^(x / 12)`; `dB`, plus x; `dB/oct`, louder by
    `x log2(f / p)` dB, entry by entry of a level, at the frequencies f that `frequencies_hz` gives.

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
    """

    unit: Literal["%", "st", "dB", "dB/oct"]
    parameters: tuple[str, ...]
    help: str
    frequencies_hz: Callable[[Mapping[str, Value], str], Sequence[float]] | None = None
    pivot: str | None = None


@dataclass(frozen=True, eq=False)
class Plugin:
    """One instrument.

    Attributes:
        name: as in patches and on the command line.
        table: its parameters.
        render: its signal chain.
        summary: one sentence for a musician.
        version: raised when the table or the sound changes.
        options: what shaped the table, such as the number of tones.
        match_options: options of the size that matches real sounds best; those of a plugin of one size are none.
        migrations: by the version they start from.
        macros: knobs that turn several parameters at once, eight at most.
        banks: parameters whose entries belong together, such as frequencies and levels, and may change places without
            changing the sound. The first says where an entry lies; what is in dB, if anything is, is its level.
        clipper: drive and output level of the `dsp.soft_clip` that its chain ends in, if it does.
        native: the source of `backbeat.native` that renders the same, where there is one.

    Raises:
        PluginError: where the table and the signature of `render` name different parameters, or a macro, a bank or
            the clipper names one that is not there.
    """

    name: str
    table: Table
    render: Render
    summary: str
    version: int = 1
    options: Mapping[str, int] = field(default_factory=dict)
    match_options: Mapping[str, int] = field(default_factory=dict)
    migrations: Mapping[int, Migration] = field(default_factory=dict)
    macros: Mapping[str, Macro] = field(default_factory=dict)
    banks: tuple[tuple[str, ...], ...] = ()
    clipper: tuple[str, str] | None = None
    native: str | None = None

    def __post_init__(self) -> None:
        parameters = inspect.signature(self.render).parameters.values()
        heard = {p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}
        for name in sorted(heard ^ set(self.table)):
            side = "in its table but not in the signature of" if name in self.table else "missing from its table but in"
            raise PluginError(f"plugin {self.name}: parameter {name} is {side} render")
        if len(self.macros) > MOST_MACROS:
            raise PluginError(f"plugin {self.name}: found {len(self.macros)} macros; must be at most {MOST_MACROS}")
        for macro, turned in self.macros.items():
            for name in (*turned.parameters, *([turned.pivot] if turned.pivot else [])):
                if name not in self.table:
                    raise PluginError(f"plugin {self.name}: macro {macro} turns {name}, which is not in its table")
        for name in self.clipper or ():
            if name not in self.table:
                raise PluginError(f"plugin {self.name}: its clipper has {name}, which is not in its table")
        for bank in self.banks:
            sizes = {self.table[name].size if name in self.table else None for name in bank}
            if None in sizes or len(sizes) != 1:
                raise PluginError(f"plugin {self.name}: bank {', '.join(bank)} is not of one size in its table")
