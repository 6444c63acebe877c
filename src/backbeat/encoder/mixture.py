"""A distribution over an instrument's patches, and the order of entries that may change places.

One sound has many patches that make it: a shell or modes, a detuned pair or a vibrato. A network that predicts one
patch would predict the mean of them, which sounds like none. So it predicts a mixture: each of a few components has a
mean and a width for every number, and odds for the options of every choice; a number that does not matter gets a great
width. Unlike a flow, a mixture tells its modes at once, and these are the proposals to render.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import one_hot

from backbeat.parameters import Layout
from backbeat.plugins import Plugin
from backbeat.types import Params

_LEAST_ODDS = 1e-6


@dataclass(frozen=True)
class Mixture:
    """A distribution over patches, of each item.

    Attributes:
        log_odds: of the components, (batch, components).
        means: of the numbers, and odds of the options, (batch, components, P).
        widths: standard deviations of the numbers, (batch, components, P).
        table: whose params they are.
    """

    log_odds: Float[Tensor, "batch components"]
    means: Float[Tensor, "batch components parameters"]
    widths: Float[Tensor, "batch components parameters"]
    table: Layout

    def log_likelihood(self, params: Params) -> Float[Tensor, " batch"]:
        """Of params whose choices have one option each."""
        wanted = params.unsqueeze(1)
        away = (wanted - self.means) / self.widths
        numbers = -0.5 * away.square() - torch.log(self.widths) - 0.5 * math.log(2.0 * math.pi)
        options = wanted * torch.log(self.means.clamp(min=_LEAST_ODDS))
        each = torch.where(torch.from_numpy(self.table.choices()).to(params.device), options, numbers).sum(-1)
        return torch.logsumexp(self.log_odds + each, dim=-1)

    def only(self, rows: Tensor | slice) -> "Mixture":
        """That of some items."""
        return Mixture(self.log_odds[rows], self.means[rows], self.widths[rows], self.table)

    def likeliest(self) -> Params:
        """The means of each item's likeliest component, as params in which choices still mix, (batch, P)."""
        chosen = self.log_odds.argmax(-1)
        return self.means[torch.arange(len(chosen), device=chosen.device), chosen].clamp(0.0, 1.0)

    def proposals(self, count: int) -> Float[Tensor, "batch count parameters"]:
        """The most likely components' means, most likely first, each choice's likeliest option chosen."""
        best = self.log_odds.topk(min(count, self.log_odds.shape[-1]), dim=-1).indices
        found = self.means.gather(1, best.unsqueeze(-1).expand(-1, -1, self.means.shape[-1]))
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
        chosen = chosen.unsqueeze(-1).expand(-1, -1, self.means.shape[-1])
        means, widths = self.means.gather(1, chosen), self.widths.gather(1, chosen)
        steps = torch.randn(means.shape, generator=generator).to(means)
        drawn = torch.where(
            torch.from_numpy(self.table.choices()).to(means.device), means, means + width * widths * steps
        )
        return _decided(self.table, drawn.clamp(0.0, 1.0))


def sorted_banks(plugin: Plugin, params: Params) -> Params:
    """Params whose interchangeable entries are in the order of the first parameter of their bank."""
    params = params.clone()
    for bank in plugin.banks:
        order = params[:, plugin.table.slice(bank[0])].argsort(dim=-1)
        for name in bank:
            where = plugin.table.slice(name)
            params[:, where] = params[:, where].gather(-1, order)
    return params


def odds_of_options(table: Layout, values: Tensor) -> Tensor:
    """Numbers as they are, and of each choice the odds."""
    return _of_choices(table, values, lambda part: torch.softmax(part, dim=-1))


def _decided(table: Layout, means: Tensor) -> Tensor:
    """Params in [0, 1] with the likeliest option of each choice."""
    return _of_choices(table, means.clamp(0.0, 1.0), lambda part: one_hot(part.argmax(-1), part.shape[-1]).to(part))


def _of_choices(table: Layout, values: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """Numbers as they are, and the entries of each choice changed together."""
    if not table.choices().any():
        return values
    parts = torch.split(values, [parameter.size for parameter in table.values()], dim=-1)
    changed = [change(part) if p.options else part for part, p in zip(parts, table.values(), strict=True)]
    return torch.cat(changed, dim=-1)
