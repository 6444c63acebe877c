"""What a sound meets on its way around a comb resonator, at every bin of an FFT.

From bin to bin only the delay's phase moves fast, and in a row of bins it is one turn of the row and one of the bin.
The filter is smooth: a polynomial through a few nodes of the row, or near DC, where it is not, all its bins. So what
depends on the bin is a product of short tables.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from backbeat.dsp.fourier import fast_length
from backbeat.dsp.linear import matmul
from backbeat.types import Control

_SMEAR_S = 0.2
_SILENCE = 1e-20
_QUIETEST_LOG = -60.0
_NODES = 6
_SPAN = 256
"""Bins in a row that a polynomial through `_NODES` nodes describes."""
_BINS_AT_A_TIME = 1 << 19
"""Of all items, so that what is computed per bin stays in cache."""
_ROWS_NEAR_DC = 341
"""Of `_NODES` bins, each a node: up to bin 2,046, which is 16 half-spans from the filter's poles."""

Pair: TypeAlias = tuple[Tensor, Tensor]
"""Real and imaginary part: PyTorch's complex products round differently in a tensor's body and in its tail."""


@dataclass(frozen=True)
class Loop:
    """A delay and its filter, `g F z^-D`.

    Attributes:
        sample_rate: in Hz.
        samples: of the sound.
        length: of the FFT, in samples.
        endless: whether it rings so briefly that the series of its echoes need not be cut off.
        frequency_hz: one period is one way around, (..., 1, 1), Hz, float64.
        feedback: g, (..., 1, 1).
        low_damping_hz: cutoff of the high-pass, (..., 1, 1), Hz.
        high_damping_hz: cutoff of the low-pass, (..., 1, 1), Hz.
    """

    sample_rate: float
    samples: int
    length: int
    endless: bool
    frequency_hz: Tensor
    feedback: Tensor
    low_damping_hz: Tensor
    high_damping_hz: Tensor

    @classmethod
    def of(cls, controls: tuple[Control, ...], sample_rate: float, samples: int, length: int | None = None) -> "Loop":
        """The loop of `comb`'s controls, endless on an FFT of that length, or else cut off."""
        frequency_hz, *others = (control.unsqueeze(-1) for control in controls)
        full = length or full_length(sample_rate, samples)
        return cls(sample_rate, samples, full, length is not None, frequency_hz.double(), *others)

    @property
    def delay(self) -> Float[Tensor, "... 1 1"]:
        """D, in samples."""
        return self.sample_rate / self.frequency_hz

    @property
    def echoes(self) -> Float[Tensor, "... 1 1"]:
        """M, how often the sound comes around before the end."""
        return torch.floor((self.samples - 1) / self.delay) + 1.0

    @property
    def unattenuated(self) -> "Loop":
        """The same with a feedback of 1."""
        return replace(self, feedback=torch.ones_like(self.feedback))

    @property
    def radians_per_hertz(self) -> float:
        """What a hertz of a pole's cutoff turns a sample by; negative, as the pole's exponent is."""
        return -2.0 * math.pi / self.sample_rate

    def filter(self, bins: Float[Tensor, "rows nodes"]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Spectrum of `g F`, but for a quarter cycle and half a sample: real, imaginary, log magnitude, lag in cycles.

        Args:
            bins: where, float64.
        """
        half_sine, sine = (torch.sin(turns * math.pi / self.length * bins) for turns in (1.0, 2.0))
        rise = 2.0 * half_sine**2, sine  # 1 - z^-1
        rise_squared = rise[0] ** 2 - rise[1] ** 2, 2.0 * rise[0] * rise[1]
        half_sine, *powers = (table.to(self.feedback.dtype) for table in (half_sine, *rise, *rise_squared))
        low, high = (self.radians_per_hertz * cutoff for cutoff in (self.low_damping_hz, self.high_damping_hz))
        low_pole, low_rest = torch.exp(low), -torch.expm1(low)
        high_pole, high_rest = torch.exp(high), -torch.expm1(high)
        # The poles' (1 - p z^-1) (1 - q z^-1), in powers of 1 - z^-1: near DC, powers of z^-1 would cancel.
        linear, square = low_pole * high_rest + high_pole * low_rest, low_pole * high_pole
        real = low_rest * high_rest + linear * powers[0] + square * powers[2]
        imag = linear * powers[1] + square * powers[3]
        power = real * real + imag * imag
        # The zero's 1 - z^-1 is 2 sin(ω/2), a quarter cycle ahead and half a sample late.
        zero = self.feedback * high_rest * (1.0 + low_pole) * half_sine
        # The angle of a + jb is 2 atan(b / (|a + jb| + a)).
        lag = torch.atan(imag / (torch.sqrt(power) + real)) / math.pi
        return zero * real / power, -zero * imag / power, 0.5 * torch.log(zero * zero / power + _SILENCE), lag

    def pieces(self) -> Iterator["Piece"]:
        """All bins of the FFT, from DC up, a piece at a time."""
        bins, near_dc = self.length // 2 + 1, _ROWS_NEAR_DC * _NODES
        yield _piece(self, 0, min(bins, near_dc), _NODES, self._positions(_NODES))
        if bins <= near_dc:
            return
        above = _piece(self, near_dc, bins - near_dc, _SPAN, self._chebyshev_nodes())
        if self.frequency_hz.device.type != "cpu":  # where there is no such cache, and each piece is so many calls
            yield above
            return
        rows = max(1, _BINS_AT_A_TIME // (_SPAN * self.frequency_hz.numel()))
        for row in range(0, len(above.nodes), rows):
            yield above.rows(row, row + rows)

    def _positions(self, count: int) -> Float[Tensor, " count"]:
        return torch.arange(count, device=self.frequency_hz.device, dtype=torch.float64)

    def _chebyshev_nodes(self) -> Float[Tensor, " nodes"]:
        """Where polynomials through a row of `_SPAN` bins do not swing, in bins."""
        return 0.5 * (_SPAN - 1) * (1.0 - torch.cos(math.pi * (self._positions(_NODES) + 0.5) / _NODES))


@dataclass(frozen=True)
class Piece:
    """Bins in rows, and tables whose products are functions of them.

    Attributes:
        first: bin of the first row.
        bins: how many, of which the last row may have fewer.
        nodes: where in the rows the filter is evaluated, in bins, (rows, nodes), float64.
        weights: how much of each node's value a bin takes, (nodes, span).
        before: tables of the rows, of the real and the imaginary part of `1 - g F z^-D` and, where the series is cut
            off, of the logarithm and the angle of `-(g F z^-D)^M`.
        after: the tables of the bins that go with them.
    """

    first: int
    bins: int
    nodes: Tensor
    weights: Tensor
    before: tuple[Tensor, ...]
    after: tuple[Tensor, ...]

    def rows(self, start: int, stop: int) -> "Piece":
        """Some of the rows."""
        span = self.weights.shape[-1]
        return replace(
            self,
            first=self.first + start * span,
            bins=min(self.bins, stop * span) - start * span,
            nodes=self.nodes[start:stop],
            before=tuple(table[..., start:stop, :] for table in self.before),
        )

    def series(self) -> tuple[Pair, Pair | None]:
        """`1 - g F z^-D` and, where the series is cut off, `-(g F z^-D)^M`, (..., bins)."""
        products = (matmul(rows, columns) for rows, columns in zip(self.before, self.after, strict=True))
        real, imag, *last = (product.flatten(-2)[..., : self.bins] for product in products)
        if not last:
            return (real, imag), None
        level, angle = torch.exp(last[0]), last[1]
        return (real, imag), (level * torch.cos(angle), level * torch.sin(angle))

    def at_nodes(self, values: Tensor) -> Float[Tensor, "... rows nodes"]:
        """What a sum over bins of values times a smooth function takes of the function at each node."""
        rows, span = len(self.nodes), self.weights.shape[-1]
        in_rows = pad(values, (0, rows * span - self.bins)).reshape(*values.shape[:-1], rows, span)
        return matmul(in_rows, self.weights.mT)


def full_length(sample_rate: float, samples: int) -> int:
    """Of an FFT for a sound, and for what of echoes that start before its end would wrap around to its start."""
    # The loop's filter smears each echo: a fifth of a second more keeps the last ones from wrapping around.
    return fast_length(2 * samples + math.ceil(_SMEAR_S * sample_rate))


def _piece(loop: Loop, first: int, bins: int, span: int, nodes: Float[Tensor, " nodes"]) -> Piece:
    """The piece of so many bins in rows of `span`, from the first on, with nodes at these places of each row."""
    dtype = loop.feedback.dtype
    steps = torch.arange(span, device=nodes.device, dtype=torch.float64)
    firsts = first + span * torch.arange(-(-bins // span), device=nodes.device, dtype=torch.float64).unsqueeze(-1)
    late, echoes = (loop.delay + 0.5) / loop.length, loop.echoes
    row_cycles, step_cycles = 0.25 - late * firsts, -late * steps
    real, imag, level, lag = loop.filter(firsts + nodes)
    weights = _lagrange(nodes, steps).to(dtype).expand(*late.shape[:-2], -1, -1)

    # 1 - g F z^-D: the filter at the nodes, turned by the row; of each node what a bin takes, turned by the bin.
    cosine, sine = _turn(row_cycles, dtype)
    ones, zeros = torch.ones_like(cosine), torch.zeros_like(cosine)
    real, imag = cosine * real - sine * imag, sine * real + cosine * imag
    cosine, sine = _turn(step_cycles, dtype)
    columns = torch.cat([torch.ones_like(cosine), cosine * weights, sine * weights], dim=-2)
    before, after = [torch.cat([ones, -real, imag], dim=-1), torch.cat([zeros, -imag, -real], dim=-1)], [columns] * 2

    if not loop.endless:
        # -(g F z^-D)^M, by the logarithm of its level, and by its angle.
        many = echoes.to(dtype)
        lag = many * lag
        turns = [_fraction(0.5 + echoes * row_cycles).to(dtype), ones, torch.floor(lag[..., :1]) - lag]
        columns = torch.cat([torch.ones_like(cosine), _fraction(echoes * step_cycles).to(dtype), weights], dim=-2)
        before += [(many * level).clamp(min=_QUIETEST_LOG), 2.0 * math.pi * torch.cat(turns, dim=-1)]
        after += [weights, columns]
    return Piece(first, bins, firsts + nodes, weights, tuple(before), tuple(after))


def _lagrange(nodes: Float[Tensor, " nodes"], positions: Float[Tensor, " span"]) -> Float[Tensor, "nodes span"]:
    """How much of each node's value a polynomial through all of them takes at some positions."""
    same = torch.eye(len(nodes), device=nodes.device, dtype=torch.bool)
    apart = (nodes.unsqueeze(-1) - nodes).masked_fill(same, 1.0)
    factors = (positions - nodes.unsqueeze(-1)).masked_fill(same.unsqueeze(-1), 1.0) / apart.unsqueeze(-1)
    return factors.prod(dim=1)


def _turn(cycles: Tensor, dtype: torch.dtype) -> Pair:
    """Cosine and sine of an angle in cycles, float64."""
    angle = (2.0 * math.pi * _fraction(cycles)).to(dtype)
    return torch.cos(angle), torch.sin(angle)


def _fraction(cycles: Tensor) -> Tensor:
    return cycles - torch.floor(cycles)
