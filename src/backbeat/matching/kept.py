"""Values that a match holds where they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

import torch
from jaxtyping import Bool
from torch import Tensor

from backbeat.errors import MatchError, ParameterError
from backbeat.parameters import Layout, Value, place_of, with_value
from backbeat.patch import Patch
from backbeat.plugins import Plugin

_MACRO = "macro."
_ALIKE = 0.4
"""How much a name has in common with those that are told instead, from 0 to 1."""


@dataclass(frozen=True)
class Kept:
    """Values of parameters, or of entries of banks, that no step of a match moves.

    Attributes:
        values: by name or `name[k]`, in the parameter's unit.
    """

    values: Mapping[str, object] = field(default_factory=dict)

    def held(self, table: Layout) -> Bool[Tensor, " P"]:
        """Which entries of the flat vector stay, (P,)."""
        held = torch.zeros(table.size, dtype=torch.bool)
        for target in self.values:
            held[place_of(table, target)] = True
        return held

    def put(self, table: Layout, params: Tensor) -> Tensor:
        """Params (starts, P) with the values that are kept."""
        if not self.values:
            return params
        kept = table.normalise(self.set(table, table.defaults())).to(params)
        return torch.where(self.held(table).to(params.device), kept, params)

    def set(self, table: Layout, values: Mapping[str, Value]) -> dict[str, Value]:
        """Values with those that are kept.

        Raises:
            ParameterError: at a name or an entry that there is not, or a value that is not allowed.
        """
        found = dict(values)
        for target, value in self.values.items():
            found = with_value(table, found, target, value)
        return found

    def fits(self, table: Layout) -> bool:
        """Whether a table has all of the parameters, with the values in their ranges."""
        try:
            self.set(table, table.defaults())
        except ParameterError:
            return False
        return True

    def exactly(self, patch: Patch) -> Patch:
        """The patch with the very values: normalised, they are rounded."""
        return replace(patch, values=self.set(patch.instrument.table, patch.values))


def keeping(instruments: Sequence[Plugin], kept: Kept) -> list[Plugin]:
    """Those that have every parameter that is kept, in whose ranges the values lie.

    Raises:
        MatchError: where there is none.
    """
    able = [each for each in instruments if all(_name(target) in each.table for target in kept.values)]
    if not able:
        raise MatchError(_none_has(instruments, kept))
    found = [each for each in able if kept.fits(each.table)]
    if not found:
        try:
            kept.set(able[0].table, able[0].table.defaults())
        except ParameterError as error:
            raise MatchError(f"keep: {error}") from error
    return found


def _name(target: str) -> str:
    return target.partition("[")[0]


def _none_has(instruments: Sequence[Plugin], kept: Kept) -> str:
    """Why no instrument can keep these."""
    who = instruments[0].name if len(instruments) == 1 else "no instrument"
    has = "has no" if len(instruments) == 1 else "has a"
    known = dict.fromkeys(name for each in instruments for name in each.table)
    for name in map(_name, kept.values):
        if name in known:
            continue
        for each in instruments:
            if macro := each.macros.get(name.removeprefix(_MACRO)):
                turned = ", ".join(macro.parameters)
                return f"keep: found {name!r}; a macro cannot be kept, what it turns can: of {each.name} {turned}"
        nearest = get_close_matches(name, known, cutoff=_ALIKE) or list(known)
        return f"keep: found {name!r}; {who} {has} parameter of that name; the nearest are {', '.join(nearest)}"
    return f"keep: found {', '.join(kept.values)}; no instrument has all of them"
