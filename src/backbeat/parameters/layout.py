"""A plugin's parameters in order: the one flat vector in [0, 1] to named physical controls, and back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from backbeat.errors import ParameterError
from backbeat.parameters.parameter import Parameter, Value, numbers
from backbeat.parameters.roles import EXTRA, Role

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from backbeat.types import Control, Params

_LEAST_WEIGHT = 1e-6


class Layout(Mapping[str, Parameter]):
    """Named parameters in a fixed order.

    A linear parameter is `low (1 - x) + high x`, a log one `low (high / low)^x`, a choice its weights over their sum,
    equal ones where that is zero.
    Each map and its inverse are exact at both ends.
    """

    def __init__(self, **parameters: Parameter) -> None:
        self._parameters = parameters
        self._slices: dict[str, slice] = {}
        self._roles: dict[Role, list[str]] = {}
        start = 0
        for name, parameter in parameters.items():
            self._slices[name] = slice(start, start + parameter.size)
            start += parameter.size
            if parameter.role is not None:
                self._roles.setdefault(parameter.role, []).append(name)
        for role, named in self._roles.items():
            if len(named) > 1 and not isinstance(role, EXTRA):
                raise ParameterError(f"{named[1]}: found role {role.value}, which {named[0]} has already")
        self.size = start
        each = self._of_each_entry()
        self._low, self._high = tuple(p.low for p in each), tuple(p.high for p in each)
        self._log = tuple(p.scale == "log" for p in each)

    def __getitem__(self, name: str) -> Parameter:
        return self._parameters[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __len__(self) -> int:
        return len(self._parameters)

    def slice(self, name: str) -> slice:
        """Where a parameter lies in the flat vector."""
        return self._slices[name]

    def with_role(self, role: Role) -> str | None:
        """The name of the parameter that has a role, if one has."""
        return next(iter(self._roles.get(role, ())), None)

    def by_name(self, values: Mapping[Role, Value]) -> dict[str, Value]:
        """Values of roles as values of the parameters that have them; those of other roles are left out."""
        return {name: value for role, value in values.items() for name in self._roles.get(role, ())}

    def entries(self) -> list[str]:
        """The name of every entry of the flat vector: `pitch_hz`, `tone_hz[3]`, `shell_filter[lowpass]`."""
        names: list[str] = []
        for name, parameter in self.items():
            if parameter.options:
                names += [f"{name}[{option}]" for option in parameter.options]
            elif parameter.size > 1:
                names += [f"{name}[{k}]" for k in range(parameter.size)]
            else:
                names.append(name)
        return names

    def search_steps(self) -> NDArray[np.float64]:
        """How far a search moves each entry of the flat vector in one coarse step, (P,)."""
        return np.array([parameter.search_step for parameter in self._of_each_entry()])

    def phases(self) -> NDArray[np.bool_]:
        """Which entries of the flat vector are phases, that wrap around, (P,)."""
        return np.array([parameter.unit == "cycles" for parameter in self._of_each_entry()])

    def choices(self) -> NDArray[np.bool_]:
        """Which entries of the flat vector are weights of a choice's options, (P,)."""
        return np.array([bool(parameter.options) for parameter in self._of_each_entry()])

    def matched(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Ends of where matches look for every entry, each (P,), from 0 to 1."""
        ends = [
            tuple(_to_unit(each, end) for end in each.matched) if each.matched else (0.0, 1.0)
            for each in self._of_each_entry()
        ]
        low, high = np.array(ends).reshape(-1, 2).T
        return low, high

    def musical(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Ends of every entry's musical range, each (P,); those of a choice are of no meaning."""
        ends = []
        for end in (0, 1):
            values: dict[str, Value] = {
                name: p.options[0] if p.options else p.musical[end] if p.size == 1 else (p.musical[end],) * p.size
                for name, p in self.items()
            }
            ends.append(self.to_unit(values))
        return ends[0], ends[1]

    def controls(self, params: Params) -> dict[str, Control]:
        """Physical controls by name, each (batch, size), of params (batch, P) in [0, 1]."""
        values = self.physical(params)
        return {name: values[..., entries] for name, entries in self._slices.items()}

    def physical(self, params: Params) -> Float[Tensor, "... entries"]:
        """Physical values of all entries, (batch, P), of params (batch, P) in [0, 1]."""
        import torch

        low, high, log = self._bounds(params)
        log_low = torch.where(log, low, torch.ones_like(low))
        span = torch.log(torch.where(log, high, torch.ones_like(high)) / log_low)
        curved = log_low * torch.exp(params * span)
        # Rounding leaves the top end a hair off; put it right without touching the gradient.
        curved = curved + torch.where(params == 1.0, high - curved, torch.zeros_like(curved)).detach()
        straight = low * (1.0 - params) + high * params
        values = torch.where(log, curved, straight)
        parts, end = [], 0
        for name, parameter in self.items():
            if parameter.options:
                entries = self._slices[name]
                parts += [values[..., end : entries.start], _shares(values[..., entries])]
                end = entries.stop
        return torch.cat([*parts, values[..., end:]], dim=-1) if parts else values

    def from_logits(self, logits: Params) -> Params:
        """Params in (0, 1) of an unconstrained vector: the logistic sigmoid, `(1 + tanh(z / 2)) / 2`."""
        return 0.5 * (1.0 + (0.5 * logits).tanh())

    def to_logits(self, params: Params, *, margin: float = 1e-4) -> Params:
        """Inverse of `from_logits`, with params first moved at least `margin` into (0, 1)."""
        return params.logit(eps=margin)

    def normalise(self, values: Mapping[str, Value]) -> Tensor:
        """`to_unit` as a tensor, (P,), float64."""
        import torch

        return torch.from_numpy(self.to_unit(values))

    def to_unit(self, values: Mapping[str, Value]) -> NDArray[np.float64]:
        """Positions in [0, 1], (P,), of a full set of physical values.

        Raises:
            ParameterError: at an unknown or missing name, or a value out of range.
        """
        found: list[float] = []
        for name, value in self.check(values).items():
            parameter = self[name]
            if isinstance(value, str):
                found += parameter.weights(value)
            else:
                found += [_to_unit(parameter, entry) for entry in numbers(value)]
        return np.array(found)

    def flat(self, values: Mapping[str, Value]) -> NDArray[np.float64]:
        """A full set of physical values as one vector, (P,), options as weights.

        Raises:
            ParameterError: at an unknown or missing name, or a value out of range.
        """
        found: list[float] = []
        for name, value in self.check(values).items():
            found += self[name].weights(value) if isinstance(value, str) else numbers(value)
        return np.array(found)

    def denormalise(self, params: Tensor) -> dict[str, Value]:
        """`from_unit` of a tensor, (P,)."""
        return self.from_unit(params.detach().double().cpu().numpy())

    def from_unit(self, positions: NDArray[np.float64]) -> dict[str, Value]:
        """Physical values of positions (P,), clipped to each range.

        Raises:
            ParameterError: at a shape other than (P,), or an entry that is not a number in [0, 1].
        """
        if positions.shape != (self.size,):
            raise ParameterError(f"params: found shape {tuple(positions.shape)}; must be ({self.size},)")
        outside = ~((positions >= 0.0) & (positions <= 1.0))
        if outside.any():
            bad = int(np.flatnonzero(outside)[0])
            raise ParameterError(f"{self.entries()[bad]}: found {positions[bad]:g}; params must be numbers from 0 to 1")
        values: dict[str, Value] = {}
        for name, parameter in self.items():
            own = positions[self._slices[name]]
            if parameter.options:
                weights = tuple(_weights(own).tolist())
                values[name] = parameter.options[weights.index(1.0)] if 1.0 in weights else weights
                continue
            entries = tuple(_from_unit(parameter, each) for each in own.tolist())
            values[name] = entries[0] if parameter.size == 1 else entries
        return values

    def defaults(self) -> dict[str, Value]:
        """The default values."""
        return {
            name: p.options[p.default.index(1.0)] if p.options else p.default[0] if p.size == 1 else p.default
            for name, p in self.items()
        }

    def check(self, values: Mapping[str, object]) -> dict[str, Value]:
        """A full set of values, in the table's order and of the right types.

        Raises:
            ParameterError: at an unknown or missing name, or a value that is not allowed.
        """
        for name in values:
            self.require(name)
        missing = [name for name in self if name not in values]
        if missing:
            raise ParameterError(f"{missing[0]}: no value; every parameter needs one ({len(missing)} missing)")
        return {name: parameter.check(name, values[name]) for name, parameter in self.items()}

    def within(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Values clipped to each parameter's range."""
        return {name: self[name].within(value) for name, value in values.items()}

    def require(self, name: str) -> Parameter:
        """The parameter of that name.

        Raises:
            ParameterError: listing the names there are.
        """
        if name not in self._parameters:
            raise ParameterError(f"{name}: no such parameter; there are {', '.join(self)}")
        return self._parameters[name]

    def _of_each_entry(self) -> list[Parameter]:
        return [parameter for parameter in self.values() for _ in range(parameter.size)]

    def _bounds(self, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Low and high end of every entry, and whether its scale is log."""
        import torch

        from backbeat.dsp.constants import constant

        low, high = (constant(ends, like.dtype, like.device) for ends in (self._low, self._high))
        return low, high, constant(self._log, torch.bool, like.device)


def _shares(weights: Tensor) -> Tensor:
    """Weights of options as shares of their sum; equal where there is none."""
    import torch

    total = weights.sum(-1, keepdim=True)
    chosen = total > _LEAST_WEIGHT
    equal = torch.full_like(weights, 1.0 / weights.shape[-1])
    return torch.where(chosen, weights / torch.where(chosen, total, torch.ones_like(total)), equal)


def _weights(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """`_shares` of one item."""
    total = float(weights.sum())
    return weights / total if total > _LEAST_WEIGHT else np.full_like(weights, 1.0 / len(weights))


def _from_unit(parameter: Parameter, position: float) -> float:
    """The value of a position in [0, 1]; exact at both ends."""
    low, high = parameter.low, parameter.high
    if parameter.scale == "log":
        value = high if position == 1.0 else low * math.exp(position * math.log(high / low))
    else:
        value = low * (1.0 - position) + high * position
    return min(max(value, low), high)


def _to_unit(parameter: Parameter, value: float) -> float:
    """Position in [0, 1] of a physical value."""
    if parameter.scale == "log":
        return math.log(value / parameter.low) / math.log(parameter.high / parameter.low)
    return (value - parameter.low) / (parameter.high - parameter.low)
