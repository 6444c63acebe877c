"""The inverter: from a sound's features to a distribution over patches.

One sound has many patches that make it: a shell or modes, a detuned pair or a vibrato. A network that predicts one
patch would predict the mean of them, which sounds like none. So it predicts a mixture: each of a few components has a
mean and a width for every number, and odds for the options of every choice; a number that does not matter gets a great
width.
Unlike a flow, a mixture tells its modes at once, and these are the proposals to render.

Entries of a bank that may change places without changing the sound, such as modes, are sorted by their frequency.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import one_hot

from backbeat.inversion.features import (
    ATTACK_FRAMES,
    ATTACK_ROWS,
    FACTS,
    FRAMES,
    WHOLE_ROWS,
    Features,
)
from backbeat.parameters import Layout
from backbeat.plugins import Plugin
from backbeat.types import Params

_NARROWEST, _WIDEST = 0.002, 1.0
_LEAST_ODDS = 1e-6


@dataclass(frozen=True)
class Size:
    """Of the network.

    Attributes:
        channels: of the convolutions.
        hidden: of the layers after them.
        components: of the mixture.
    """

    channels: int = 160
    hidden: int = 384
    components: int = 6


@dataclass(frozen=True)
class Mixture:
    """A distribution over patches, of each item.

    Attributes:
        log_odds: of the components, (batch, components).
        places: means of the numbers and odds of the options, (batch, components, P).
        widths: standard deviations of the numbers, (batch, components, P).
        table: whose params they are.
    """

    log_odds: Float[Tensor, "batch components"]
    places: Float[Tensor, "batch components parameters"]
    widths: Float[Tensor, "batch components parameters"]
    table: Layout

    def log_likelihood(self, params: Params) -> Float[Tensor, " batch"]:
        """Of params whose choices have one option each."""
        wanted = params.unsqueeze(1)
        away = (wanted - self.places) / self.widths
        numbers = -0.5 * away.square() - torch.log(self.widths) - 0.5 * math.log(2.0 * math.pi)
        options = wanted * torch.log(self.places.clamp(min=_LEAST_ODDS))
        each = torch.where(torch.from_numpy(self.table.choices()).to(params.device), options, numbers).sum(-1)
        return torch.logsumexp(self.log_odds + each, dim=-1)

    def proposals(self, count: int) -> Float[Tensor, "batch count parameters"]:
        """The most likely components' places, most likely first, each choice's likeliest option chosen."""
        best = self.log_odds.topk(min(count, self.log_odds.shape[-1]), dim=-1).indices
        found = self.places.gather(1, best.unsqueeze(-1).expand(-1, -1, self.places.shape[-1]))
        return _decided(self.table, found)

    def sample(
        self, count: int, generator: torch.Generator, width: float = 1.0
    ) -> Float[Tensor, "batch count parameters"]:
        """Patches drawn from the distribution; their choices are the likeliest of the component drawn.

        Args:
            count: of each item.
            generator: on the CPU.
            width: what the components' widths are multiplied by.
        """
        chosen = torch.multinomial(self.log_odds.exp(), count, replacement=True, generator=generator)
        chosen = chosen.unsqueeze(-1).expand(-1, -1, self.places.shape[-1])
        places, widths = self.places.gather(1, chosen), self.widths.gather(1, chosen)
        steps = torch.randn(places.shape, generator=generator).to(places)
        drawn = torch.where(
            torch.from_numpy(self.table.choices()).to(places.device), places, places + width * widths * steps
        )
        return _decided(self.table, drawn.clamp(0.0, 1.0))


class Inverter(nn.Module):
    """Features to a `Mixture` over a plugin's params.

    Args:
        plugin: whose patches it names.
        size: of the network.
    """

    def __init__(self, plugin: Plugin, size: Size | None = None) -> None:
        super().__init__()
        self.plugin, self.size = plugin, size or Size()
        width, hidden = self.size.channels, self.size.hidden
        self.whole = _listener(WHOLE_ROWS, width)
        self.attack = _listener(ATTACK_ROWS, width // 2)
        inputs = width // 2 * -(-FRAMES // 8) + width // 4 * -(-ATTACK_FRAMES // 8) + FACTS
        self.think = nn.Sequential(nn.Linear(inputs, hidden), nn.GELU(), _Residual(hidden), _Residual(hidden))
        entries = plugin.table.size
        self.odds = nn.Linear(hidden, self.size.components)
        self.places = nn.Linear(hidden + FACTS, self.size.components * entries)
        self.widths = nn.Linear(hidden, self.size.components * entries)

    def encode(self, features: Features) -> Mixture:
        """The patches that may have made these sounds."""
        log_odds, places, widths = self(features)
        return Mixture(log_odds, places, widths, self.plugin.table)

    def forward(self, features: Features) -> tuple[Tensor, Tensor, Tensor]:
        """Log odds, places and widths of a `Mixture`."""
        seen = torch.cat([self.whole(features.whole), self.attack(features.attack), features.facts], dim=-1)
        thought = self.think(seen)
        shape = (-1, self.size.components, self.plugin.table.size)
        places = self.places(torch.cat([thought, features.facts], dim=-1)).reshape(shape)
        widths = torch.sigmoid(self.widths(thought).reshape(shape) - 1.0)
        return (
            torch.log_softmax(self.odds(thought), dim=-1),
            _odds_of_options(self.plugin.table, places),
            _NARROWEST + (_WIDEST - _NARROWEST) * widths,
        )


def sorted_banks(plugin: Plugin, params: Params) -> Params:
    """Params whose interchangeable entries are in the order of the first parameter of their bank."""
    params = params.clone()
    for bank in plugin.banks:
        order = params[:, plugin.table.slice(bank[0])].argsort(dim=-1)
        for name in bank:
            where = plugin.table.slice(name)
            params[:, where] = params[:, where].gather(-1, order)
    return params


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


def _odds_of_options(table: Layout, values: Tensor) -> Tensor:
    """Numbers as they are, and of each choice the odds."""
    return _of_choices(table, values, lambda part: torch.softmax(part, dim=-1))


def _decided(table: Layout, places: Tensor) -> Tensor:
    """Params in [0, 1] with the likeliest option of each choice."""
    return _of_choices(table, places.clamp(0.0, 1.0), lambda part: one_hot(part.argmax(-1), part.shape[-1]).to(part))


def _of_choices(table: Layout, values: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """Numbers as they are, and the entries of each choice changed together."""
    parts = torch.split(values, [parameter.size for parameter in table.values()], dim=-1)
    changed = [change(part) if p.options else part for part, p in zip(parts, table.values(), strict=True)]
    return torch.cat(changed, dim=-1)
