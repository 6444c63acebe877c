"""The inverter: from a sound's features to an instrument, and to a distribution over patches of each.

One encoder hears a sound for all instruments. Of each instrument there is a head: the mixture over its patches. Its
layer before the last is narrow, so that ten heads have no more weights than the encoder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from backbeat import plugins
from backbeat.encoder.features import (
    ATTACK_FRAMES,
    ATTACK_ROWS,
    FACTS,
    FRAMES,
    WHOLE_ROWS,
    Features,
)
from backbeat.encoder.mixture import Mixture, odds_of_options
from backbeat.errors import InverterError
from backbeat.plugins import Plugin

_NARROWEST, _WIDEST = 0.002, 1.0

_Numbers: TypeAlias = tuple[Tensor, Tensor, Tensor]
"""Log odds, means and widths of a `Mixture`."""
Rows: TypeAlias = Int64[Tensor, " rows"]
"""Which items of a batch."""


@dataclass(frozen=True)
class Size:
    """Of the network.

    Attributes:
        channels: of the convolutions.
        hidden: of the encoder's layers after them.
        head: of each head's own layer.
        components: of the mixtures.
    """

    channels: int = 160
    hidden: int = 512
    head: int = 160
    components: int = 6


class Answer(NamedTuple):
    """Of a batch of sounds.

    Attributes:
        log_odds: of the instruments, (batch, instruments).
        mixtures: by instrument, of the items that its head was asked about.
    """

    log_odds: Float[Tensor, "batch instruments"]
    mixtures: dict[str, Mixture]


class Inverter(nn.Module):
    """Features to the odds of instruments, and to a `Mixture` over the params of each.

    Args:
        instruments: their plugins, at least one and each once.
        size: of the network.
        left_out: why a head that the weights have is not there, by the name of its instrument.

    Raises:
        InverterError: where there is no instrument, or one twice.
    """

    def __init__(
        self, instruments: Sequence[Plugin], size: Size | None = None, left_out: Mapping[str, str] | None = None
    ) -> None:
        super().__init__()
        self.plugins = {each.name: each for each in instruments}
        if not instruments or len(self.plugins) < len(instruments):
            found = ", ".join(each.name for each in instruments) or "none"
            raise InverterError(f"instruments: found {found}; must be one or more, each once")
        self.size, self.left_out = size or Size(), dict(left_out or {})
        self.encoder = _Encoder(self.size)
        self.instruments = nn.Linear(self.size.hidden, len(instruments))
        self.heads = nn.ModuleDict({name: _Head(plugin, self.size) for name, plugin in self.plugins.items()})

    def require(self, plugin: str) -> None:
        """Refuse a plugin that it has no head for.

        Raises:
            PluginError: where there is no such plugin.
            InverterError: where there is, but no head that fits it.
        """
        if plugin in self.plugins:
            return
        plugins.get(plugin)
        reason = self.left_out.get(plugin) or f"there are heads for {', '.join(self.plugins)}"
        raise InverterError(f"plugin: found {plugin!r}; {reason}")

    def answer(self, features: Features, names: Sequence[str] | None = None) -> Answer:
        """The odds of all instruments, and the patches of some, or of all, that may have made these sounds."""
        every = torch.arange(len(features.facts), device=features.facts.device)
        return self.mixed(*self(features, dict.fromkeys(self.plugins if names is None else names, every)))

    def mixed(self, log_odds: Tensor, numbers: Mapping[str, _Numbers]) -> Answer:
        """What `forward` gave, as mixtures."""
        return Answer(log_odds, {name: Mixture(*each, self.plugins[name].table) for name, each in numbers.items()})

    def instrument_odds(self, features: Features) -> Float[Tensor, "batch instruments"]:
        """Log odds of the instruments alone."""
        return torch.log_softmax(self.instruments(self.encoder(features)), dim=-1)

    def forward(self, features: Features, rows: Mapping[str, Rows]) -> tuple[Tensor, dict[str, _Numbers]]:
        """Log odds of the instruments, and by instrument log odds, means and widths of a `Mixture`.

        Args:
            features: of the sounds.
            rows: which of them each head is asked about.
        """
        encoded = self.encoder(features)
        numbers = {name: self.heads[name](encoded[which], features.facts[which]) for name, which in rows.items()}
        return torch.log_softmax(self.instruments(encoded), dim=-1), numbers


class _Encoder(nn.Module):
    """Features to what all heads go by, (batch, hidden)."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        width, hidden = size.channels, size.hidden
        self.whole = _listener(WHOLE_ROWS, width)
        self.attack = _listener(ATTACK_ROWS, width // 2)
        inputs = width // 2 * -(-FRAMES // 8) + width // 4 * -(-ATTACK_FRAMES // 8) + FACTS
        self.trunk = nn.Sequential(nn.Linear(inputs, hidden), nn.GELU(), _Residual(hidden), _Residual(hidden))

    def forward(self, features: Features) -> Tensor:
        seen = torch.cat([self.whole(features.whole), self.attack(features.attack), features.facts], dim=-1)
        encoded: Tensor = self.trunk(seen)
        return encoded


class _Head(nn.Module):
    """Log odds, means and widths of a `Mixture` over one instrument's params."""

    def __init__(self, plugin: Plugin, size: Size) -> None:
        super().__init__()
        self._table, self._shape = plugin.table, (size.components, plugin.table.size)
        entries = size.components * plugin.table.size
        self.own = nn.Sequential(nn.LayerNorm(size.hidden), nn.Linear(size.hidden, size.head), nn.GELU())
        self.odds = nn.Linear(size.head, size.components)
        self.means = nn.Linear(size.head + FACTS, entries)
        self.widths = nn.Linear(size.head, entries)
        nn.init.uniform_(self.means.bias, 0.3, 0.7)

    def forward(self, encoded: Tensor, facts: Tensor) -> _Numbers:
        own = self.own(encoded)
        means = self.means(torch.cat([own, facts], dim=-1)).unflatten(-1, self._shape)
        widths = torch.sigmoid(self.widths(own).unflatten(-1, self._shape) - 1.0)
        return (
            torch.log_softmax(self.odds(own), dim=-1),
            odds_of_options(self._table, means),
            _NARROWEST + (_WIDEST - _NARROWEST) * widths,
        )


class _Residual(nn.Module):
    """`x + W₂ gelu(W₁ norm(x))`."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))

    def forward(self, values: Tensor) -> Tensor:
        more: Tensor = self.layers(values)
        return values + more


def _listener(rows: int, width: int) -> nn.Sequential:
    """Convolutions over time, which keep one frame in eight and half of their channels, side by side."""
    layers: list[nn.Module] = []
    for before, after in ((rows, width), (width, width), (width, width)):
        layers += [nn.Conv1d(before, after, 5, stride=2, padding=2), nn.GroupNorm(8, after), nn.GELU()]
    return nn.Sequential(*layers, nn.Conv1d(width, width // 2, 1), nn.GELU(), nn.Flatten())
