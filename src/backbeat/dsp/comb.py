"""A comb resonator: a delay that feeds itself through a filter, as a tube or a shell does."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from backbeat.dsp.fourier import fast_length, irfft, rfft
from backbeat.dsp.grid import Grid
from backbeat.dsp.known import known
from backbeat.dsp.linear import matmul
from backbeat.types import Control, Mono

_SMEAR_S = 0.2
_BRIEF_S = 0.18
"""Three in four resonators of random patches ring for less, in a second of sound."""
_SILENCE = 1e-20
_QUIETEST_LOG = -60.0
_NODES = 6
_SPAN = 256
"""Bins in a row that a polynomial through `_NODES` nodes describes."""
_ROWS_AT_A_TIME = 32
"""So that what is computed per bin stays in cache."""
_ROWS_NEAR_DC = 341
"""Of `_NODES` bins, each a node: up to bin 2,046, which is 16 half-spans from the filter's poles."""

_Product: TypeAlias = tuple[Tensor, Tensor]
"""Rows and columns whose matrix product is some function of the bins, row after row."""


def comb(
    grid: Grid,
    signal: Mono,
    frequency_hz: Control,
    feedback: Control,
    low_damping_hz: Control,
    high_damping_hz: Control,
) -> Mono:
    """Resonator: `y = x + g F z^-D y`, D one period of the frequency, F a one-pole high-pass and low-pass.

    Solved as the truncated geometric series `Y = X (1 - (g F z^-D)^M) / (1 - g F z^-D)` with M echoes, the last that
    starts before the end, on an FFT grid of twice the length: exact for the rendered span. D need not be an integer:
    a fraction of a sample is a linear phase, so the frequency has a gradient. Of items that are found to ring briefly,
    M is endless and the grid shorter: that is the same for whole samples, and within -100 dB for a fraction of one,
    whose phase depends on the grid.

    From bin to bin only the delay's phase moves fast, and in a row of bins it is one turn of the row and one of the
    bin. F is smooth: a polynomial through a few nodes of the row, or near DC, where it is not, all its bins. So what
    depends on the bin is a product of short tables.

    Args:
        grid: where to render.
        signal: x, (..., samples).
        frequency_hz: of the lowest resonance, (..., 1), Hz; its overtones are harmonic but for F's phase.
        feedback: g, (..., 1), in [0, 1).
        low_damping_hz: cutoff of the loop's high-pass, (..., 1), Hz.
        high_damping_hz: cutoff of the loop's low-pass, (..., 1), Hz.
    """
    controls = (frequency_hz, feedback, low_damping_hz, high_damping_hz)
    brief = _rings_briefly(grid, frequency_hz, feedback) if signal.ndim == 2 else None
    if brief is None or not any(brief):
        return _resonant(grid, signal, controls, brief=False)
    if all(brief):
        return _resonant(grid, signal, controls, brief=True)
    signal, sounds, items = signal.expand(len(brief), -1), [], []
    for wanted in (True, False):
        rows = [item for item, found in enumerate(brief) if found == wanted]
        sounds.append(_resonant(grid, signal[rows], tuple(control[rows] for control in controls), brief=wanted))
        items += rows
    return torch.cat(sounds).index_select(0, torch.tensor(items, device=signal.device).argsort())


def _rings_briefly(grid: Grid, frequency_hz: Control, feedback: Control) -> list[bool] | None:
    """Of which items the resonator falls below rounding in a time so short that it pays; none where that is unknown."""
    if _length(grid, brief=True) >= _length(grid, brief=False):
        return None
    echoes = math.log(torch.finfo(grid.dtype).eps) / torch.log(feedback)
    seconds = known(echoes / frequency_hz)
    return None if seconds is None else [each < _BRIEF_S for each in seconds]


def _length(grid: Grid, *, brief: bool) -> int:
    """Of the FFT: the sound, and what would wrap around to its start."""
    ringing = math.ceil(_BRIEF_S * grid.sample_rate) if brief else grid.samples
    # The loop's filter smears each echo: a fifth of a second more keeps the last ones from wrapping around.
    return fast_length(grid.samples + ringing + math.ceil(_SMEAR_S * grid.sample_rate))


def _resonant(grid: Grid, signal: Mono, controls: tuple[Control, ...], *, brief: bool) -> Mono:
    """`comb` of items that all ring briefly or do not; the series of those that do has no end to be cut off."""
    length, (frequency_hz, *rest) = _length(grid, brief=brief), controls
    loop = _Loop(grid, length, brief, *(control.unsqueeze(-1) for control in (frequency_hz.double(), *rest)))
    spectrum = rfft(signal, length)
    resonant, first = [], 0
    for products, bins in _pieces(loop, spectrum.shape[-1]):
        resonant.append(_resonate(spectrum[..., first : first + bins], products))
        first += bins
    return irfft(torch.cat(resonant, dim=-1), length)[..., : grid.samples]


@dataclass(frozen=True)
class _Loop:
    """What a sound meets on its way around.

    Attributes:
        grid: where to render.
        length: of the FFT, in samples.
        brief: whether it rings so briefly that the series may be taken as endless.
        frequency_hz: one period is one way around, (..., 1, 1), Hz, float64.
        feedback: g, (..., 1, 1).
        low_damping_hz: cutoff of the high-pass, (..., 1, 1), Hz.
        high_damping_hz: cutoff of the low-pass, (..., 1, 1), Hz.
    """

    grid: Grid
    length: int
    brief: bool
    frequency_hz: Tensor
    feedback: Tensor
    low_damping_hz: Tensor
    high_damping_hz: Tensor

    @property
    def delay(self) -> Float[Tensor, "... 1 1"]:
        """D, in samples."""
        return self.grid.sample_rate / self.frequency_hz

    @property
    def echoes(self) -> Float[Tensor, "... 1 1"]:
        """M, how often the sound comes around before the end."""
        return torch.floor((self.grid.samples - 1) / self.delay) + 1.0

    def filter(self, bins: Float[Tensor, "rows nodes"]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Spectrum of `g F`, but for a quarter cycle and half a sample: real, imaginary, log magnitude, lag in cycles.

        Args:
            bins: where, float64.
        """
        half_sine, sine = (torch.sin(turns * math.pi / self.length * bins) for turns in (1.0, 2.0))
        rise = 2.0 * half_sine**2, sine  # 1 - z^-1
        rise_squared = rise[0] ** 2 - rise[1] ** 2, 2.0 * rise[0] * rise[1]
        half_sine, *powers = (table.to(self.grid.dtype) for table in (half_sine, *rise, *rise_squared))
        step = -2.0 * math.pi / self.grid.sample_rate
        low_pole, low_rest = torch.exp(step * self.low_damping_hz), -torch.expm1(step * self.low_damping_hz)
        high_pole, high_rest = torch.exp(step * self.high_damping_hz), -torch.expm1(step * self.high_damping_hz)
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


def _pieces(loop: _Loop, bins: int) -> Iterator[tuple[list[_Product], int]]:
    """What `_resonate` takes for each piece of the spectrum, from DC up, and how many bins are in the piece."""
    every_bin = torch.arange(_NODES, device=loop.grid.device, dtype=torch.float64)
    near_dc = _ROWS_NEAR_DC * _NODES
    yield _series(loop, 0, _ROWS_NEAR_DC, _NODES, every_bin), min(bins, near_dc)
    rows = max(0, -(-(bins - near_dc) // _SPAN))
    above = _series(loop, near_dc, rows, _SPAN, _chebyshev_nodes(loop.grid))
    for row in range(0, rows, _ROWS_AT_A_TIME):
        some = [(table[..., row : row + _ROWS_AT_A_TIME, :], columns) for table, columns in above]
        yield some, min(bins - near_dc - row * _SPAN, _ROWS_AT_A_TIME * _SPAN)


def _series(loop: _Loop, first: int, rows: int, span: int, nodes: Float[Tensor, " nodes"]) -> list[_Product]:
    """What the truncated series is made of at some bins: for `_resonate`.

    Args:
        loop: what is in the series.
        first: bin of the first row.
        rows: of bins.
        span: bins in a row.
        nodes: where in a row the filter is evaluated, in bins, float64.
    """
    dtype = loop.grid.dtype
    steps = torch.arange(span, device=nodes.device, dtype=torch.float64)
    firsts = first + span * torch.arange(rows, device=nodes.device, dtype=torch.float64).unsqueeze(-1)
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
    rest_re = torch.cat([ones, -real, imag], dim=-1), columns
    rest_im = torch.cat([zeros, -imag, -real], dim=-1), columns

    if loop.brief:
        return [rest_re, rest_im]

    # -(g F z^-D)^M, by the logarithm of its level, and by its angle.
    many = echoes.to(dtype)
    last_log = (many * level).clamp(min=_QUIETEST_LOG), weights
    lag = many * lag
    turns = [_fraction(0.5 + echoes * row_cycles).to(dtype), ones, torch.floor(lag[..., :1]) - lag]
    columns = torch.cat([torch.ones_like(cosine), _fraction(echoes * step_cycles).to(dtype), weights], dim=-2)
    last_angle = 2.0 * math.pi * torch.cat(turns, dim=-1), columns
    return [rest_re, rest_im, last_log, last_angle]


def _resonate(spectrum: Complex[Tensor, "... bins"], products: list[_Product]) -> Complex[Tensor, "... bins"]:
    """`X (1 - (g F z^-D)^M) / (1 - g F z^-D)`, of the products that `_series` returns, M endless if it is brief.

    In real numbers: PyTorch's complex products round differently in a tensor's body and in its tail.
    """
    c, d, *last = (matmul(rows, columns) for rows, columns in products)
    power = torch.addcmul(c * c, d, d)
    if last:
        level, angle = torch.exp(last[0]), last[1]
        a, b = 1.0 + level * torch.cos(angle), level * torch.sin(angle)
        gain = torch.addcmul(a * c, b, d) / power, torch.addcmul(b * c, a, d, value=-1.0) / power
    else:
        gain = c / power, -d / power
    real, imag = (plane.flatten(-2)[..., : spectrum.shape[-1]] for plane in gain)
    x, y = spectrum.real, spectrum.imag
    return torch.complex(torch.addcmul(x * real, y, imag, value=-1.0), torch.addcmul(x * imag, y, real))


def _chebyshev_nodes(grid: Grid) -> Float[Tensor, " nodes"]:
    """Where polynomials through a row of `_SPAN` bins do not swing, in bins."""
    order = torch.arange(_NODES, device=grid.device, dtype=torch.float64)
    return 0.5 * (_SPAN - 1) * (1.0 - torch.cos(math.pi * (order + 0.5) / _NODES))


def _lagrange(nodes: Float[Tensor, " nodes"], positions: Float[Tensor, " span"]) -> Float[Tensor, "nodes span"]:
    """How much of each node's value a polynomial through all of them takes at some positions."""
    same = torch.eye(len(nodes), device=nodes.device, dtype=torch.bool)
    apart = (nodes.unsqueeze(-1) - nodes).masked_fill(same, 1.0)
    factors = (positions - nodes.unsqueeze(-1)).masked_fill(same.unsqueeze(-1), 1.0) / apart.unsqueeze(-1)
    return factors.prod(dim=1)


def _turn(cycles: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Cosine and sine of an angle in cycles, float64."""
    angle = (2.0 * math.pi * _fraction(cycles)).to(dtype)
    return torch.cos(angle), torch.sin(angle)


def _fraction(cycles: Tensor) -> Tensor:
    return cycles - torch.floor(cycles)
