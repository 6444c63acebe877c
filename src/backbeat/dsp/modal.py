"""Banks of damped sinusoids: the ringing of a struck body."""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from backbeat.dsp.envelopes import shaped_fall
from backbeat.dsp.gpu import takes_gpu_kernels
from backbeat.dsp.gpu.ringing import Tables, ringing, ringing_mode_by_mode
from backbeat.dsp.grid import BLOCK, LONG_BLOCK, Grid
from backbeat.dsp.kept import is_fusing
from backbeat.dsp.known import known
from backbeat.dsp.linear import matmul
from backbeat.dsp.own import shared_shape
from backbeat.dsp.units import semitones_to_ratio, t60_to_rate
from backbeat.types import Control, Mono

_FADE_BELOW_NYQUIST = 0.1
_FIRST_S = 1e-12
"""Stands for t = 0, where a power has no finite gradient."""
_MOST_FALLEN = -20.0
_CACHED = 1 << 16
"""Values that are worked on at a time, so that they stay in cache, but not fewer blocks than:"""
_FEWEST_BLOCKS = 16
_MOST_FUSED = 16
"""Modes that compiled code writes out one by one."""


def modal(
    grid: Grid, frequency_hz: Control, t60_s: Control, gain: Control, start_cycles: Control | None = None
) -> Mono:
    """Sum of damped sinusoids: `Σ_k g_k exp(-d_k t) sin 2π(f_k t + φ_k)`, with `d_k = ln 1000 / T60_k`.

    With n = aL + b, the term of mode k is `Im exp((jω_k - d_k) aL) exp((jω_k - d_k) b)`: two short tables and one
    matrix product instead of a sinusoid per mode and sample. A mode within a tenth of Nyquist fades out, and one
    above it is silent.

    Args:
        grid: where to render.
        frequency_hz: f, (..., modes), Hz.
        t60_s: (..., modes), seconds.
        gain: g, (..., modes).
        start_cycles: φ, (..., modes), cycles; none starts at a rising zero crossing.

    Returns:
        (..., samples).
    """
    frequency, rate = frequency_hz.double(), t60_to_rate(t60_s.double())
    phase = torch.zeros_like(frequency) if start_cycles is None else start_cycles.double()
    level = (gain * _below_nyquist(grid, frequency_hz)).unsqueeze(-2)

    def table(t: Tensor, offset_cycles: Tensor) -> tuple[Tensor, Tensor]:
        """Real and imaginary part of `exp((jω - d) t + 2πjφ)`, (..., times, modes)."""
        cycles = frequency.unsqueeze(-2) * t.unsqueeze(-1) + offset_cycles.unsqueeze(-2)
        angle = (2.0 * math.pi * (cycles - torch.floor(cycles))).to(grid.dtype)
        envelope = torch.exp(-rate.unsqueeze(-2) * t.unsqueeze(-1)).to(grid.dtype)
        return envelope * torch.cos(angle), envelope * torch.sin(angle)

    starts_re, starts_im = table(grid.block_starts_s(LONG_BLOCK).squeeze(-1), phase)
    steps_re, steps_im = table(grid.block_steps_s(LONG_BLOCK), torch.zeros_like(phase))
    starts = torch.cat([level * starts_re, level * starts_im], dim=-1)
    steps = torch.cat([steps_im, steps_re], dim=-1)
    return grid.join(matmul(starts, steps.mT))


def swept_modal(
    grid: Grid,
    frequency_hz: Control,
    t60_s: Control,
    gain: Control,
    start_cycles: Control,
    *,
    sweep_st: Control,
    sweep_s: Control,
    shape: Control | None = None,
) -> Mono:
    """Sum of damped sinusoids that share a pitch sweep: `Σ_k g_k exp(-ln 1000 (t / T60_k)^p_k) sin 2π(f_k θ(t) + φ_k)`.

    Time runs `θ(t) = t + D τ (1 - exp(-t / τ))` with `D = 2^(sweep / 12) - 1`. While θ bends, the sine is computed
    directly: of the phase at a block's start (float64, less its whole cycles) and the time since then, which all modes
    share. A GPU does that to the end, in a kernel of its own. On the CPU and not compiled, from where θ is nearly
    straight a block is a matrix product of short tables, in which the rest of the bend is there to first order, or to
    third where less is then left to be computed directly; what is left out is below the rounding of full scale. The
    envelope is a product of tables: exact where p = 1, and otherwise the exponential decay times what a straight line
    in every block makes of the rest. While the sweep lifts a mode to within a tenth of Nyquist it fades, and above
    Nyquist it is silent.

    Args:
        grid: where to render.
        frequency_hz: f, the frequency each mode settles at, (..., modes), Hz.
        t60_s: (..., modes), seconds.
        gain: g, (..., modes).
        start_cycles: φ, (..., modes), cycles.
        sweep_st: how far above its frequency each mode starts, (..., 1), semitones.
        sweep_s: T60 of the sweep, (..., 1), seconds.
        shape: p, (..., modes), as that of `shaped_decay`; none is 1.

    Returns:
        (..., samples).
    """
    controls = (frequency_hz, t60_s, gain, start_cycles, sweep_st, sweep_s)
    lead = shared_shape(*(each.shape[:-1] for each in controls))
    frequency_hz, t60_s, gain, start_cycles, sweep_st, sweep_s = (each.expand(*lead, -1) for each in controls)
    dtype, starts_s, steps_s = grid.dtype, grid.block_starts_s(), grid.block_steps_s()
    frequency = frequency_hz.unsqueeze(-2)
    sweep_rate = t60_to_rate(sweep_s.double()).unsqueeze(-1)
    excess = (semitones_to_ratio(sweep_st.double()) - 1.0).unsqueeze(-1)
    excess_now = excess * torch.exp(-sweep_rate * starts_s)
    cycles = frequency.double() * (starts_s + (excess - excess_now) / sweep_rate) + start_cycles.unsqueeze(-2)
    level = gain.unsqueeze(-2) * _below_nyquist(grid, frequency * (1.0 + excess_now).to(dtype))
    bank = _Bank(
        per_second=2.0 * math.pi * frequency_hz.unsqueeze(-1),
        start=(2.0 * math.pi * (cycles - torch.floor(cycles))).to(dtype),
        level=level.unsqueeze(-2) * _block_levels(grid, t60_s, shape),
        decay=torch.exp(-t60_to_rate(t60_s).unsqueeze(-1) * steps_s.to(dtype)),
        ahead_s=(excess_now / sweep_rate).to(dtype),
        caught_up=-torch.expm1(-sweep_rate * steps_s).to(dtype),
    )
    if takes_gpu_kernels(bank.start):
        return grid.join(ringing(bank.in_cycles(), grid.tick_s))
    if is_fusing() and frequency_hz.shape[-1] <= _MOST_FUSED:
        return grid.join(ringing_mode_by_mode(bank.in_cycles(), grid.tick_s))
    plans = _plans(bank)
    return grid.join(_direct(grid, bank) if plans is None else _planned(grid, bank, plans))


class _Bank(NamedTuple):
    """Tables of swept modes; within a block, a mode's phase is `start + per_second · (step + ahead_s · caught_up)`."""

    per_second: Tensor
    """Radians, (..., modes, 1)."""
    start: Tensor
    """Radians, (..., blocks, modes)."""
    level: Tensor
    """At the block's start and, with a shape, what is gained by its end, (..., blocks, 1 or 2, modes)."""
    decay: Tensor
    """(..., modes, block)."""
    ahead_s: Tensor
    """How far the sweep will still run ahead of time, (..., blocks, 1)."""
    caught_up: Tensor
    """Which share of that it does within the block, (..., 1, block)."""

    def blocks(self, first: int, last: int | None) -> "_Bank":
        """Some of the blocks."""
        some = slice(first, last)
        return self._replace(
            start=self.start[..., some, :], level=self.level[..., some, :, :], ahead_s=self.ahead_s[..., some, :]
        )

    def in_cycles(self) -> Tables:
        """The tables, with cycles instead of radians."""
        per_second, start, *others = self
        return per_second / (2.0 * math.pi), start / (2.0 * math.pi), *others


class _Plan(NamedTuple):
    """How an item is rendered: so many blocks by `_direct`, and the rest by `_settled`, to some order."""

    order: int
    head: int


_ORDERS = {1: 1, 3: 2}
"""What a block costs to each order."""
_DIRECT_COST = 10
"""What it costs where each sine is computed."""


def _plans(bank: _Bank) -> list[_Plan] | None:
    """The cheapest of each item; none where values cannot be looked at."""
    if torch.compiler.is_compiling() or bank.start.device.type != "cpu":
        return None
    blocks = bank.start.shape[-2]
    choices = []
    for order in _ORDERS:
        heads = known(_unsettled(bank, order))
        if heads is None:
            return None
        choices.append([_Plan(order, min(_rounded_up(int(head)), blocks)) for head in heads])

    def cost(plan: _Plan) -> int:
        return _DIRECT_COST * plan.head + _ORDERS[plan.order] * (blocks - plan.head)

    return [min(each, key=cost) for each in zip(*choices, strict=True)]


@torch.no_grad()
def _unsettled(bank: _Bank, order: int) -> Tensor:
    """How many blocks there are up to the last that `_settled` gets wrong by more than rounding, (...)."""
    lean = bank.per_second.mT * bank.ahead_s * bank.caught_up[..., -1:]
    error = (lean ** (order + 1) / math.factorial(order + 1) * bank.level.abs().sum(-2)).sum(-1)
    count = torch.arange(1, error.shape[-1] + 1, device=error.device)
    return torch.where(error > torch.finfo(error.dtype).eps, count, 0).amax(-1)


def _rounded_up(blocks: int) -> int:
    """To one of four numbers an octave, so that many items have the same and are rendered together."""
    step = max(1, (1 << (blocks - 1).bit_length()) // 8) if blocks else 1
    return -(-blocks // step) * step


def _planned(grid: Grid, bank: _Bank, plans: list[_Plan]) -> Tensor:
    """The sound of the bank, (..., blocks, block), each item by its plan, and those with the same one together."""
    if len(set(plans)) == 1:
        return _by_plan(grid, bank, plans[0])
    lead = bank.start.dim() - 2
    tables = [table.flatten(0, lead - 1) for table in bank]
    sounds: dict[int, Tensor] = {}
    for plan in set(plans):
        items = [item for item, each in enumerate(plans) if each == plan]
        some = _Bank(*(table[items] for table in tables))
        sounds.update(zip(items, _by_plan(grid, some, plan), strict=True))
    found = torch.stack([sounds[item] for item in range(len(plans))])
    return found.reshape(*bank.start.shape[:lead], *found.shape[1:])


def _by_plan(grid: Grid, bank: _Bank, plan: _Plan) -> Tensor:
    """The sound of the bank, all of it by one plan."""
    if not plan.head:
        return _settled(grid, bank, plan.order)
    if plan.head == bank.start.shape[-2]:
        return _direct(grid, bank)
    head, rest = bank.blocks(0, plan.head), bank.blocks(plan.head, None)
    return torch.cat([_direct(grid, head), _settled(grid, rest, plan.order)], dim=-2)


def _settled(grid: Grid, bank: _Bank, order: int) -> Tensor:
    """`_direct` as one matrix product: the sine of a sum, and the rest of the sweep to some order.

    `sin(a + b + c) ≈ Σ_n cⁿ / n! sin(a + b + n π/2)` for the phase a where the block begins, b without a sweep since
    then, and c what the sweep adds.
    """
    sine, cosine = torch.sin(bank.start), torch.cos(bank.start)
    angle = bank.per_second * grid.block_steps_s().to(grid.dtype)
    lean = bank.per_second * bank.caught_up
    rows, columns = [sine, cosine], [bank.decay * torch.cos(angle), bank.decay * torch.sin(angle)]
    for n in range(1, order + 1):
        sine, cosine = bank.ahead_s * cosine, -bank.ahead_s * sine
        rows += [sine, cosine]
        columns += [lean / n * column for column in columns[-2:]]
    before = (bank.level.unsqueeze(-2) * torch.stack(rows, dim=-2).unsqueeze(-3)).flatten(-3)
    after = torch.cat(columns, dim=-2)
    if bank.level.shape[-2] > 1:
        after = torch.cat([after, after * _rise(after)], dim=-2)
    return matmul(before, after)


def _direct(grid: Grid, bank: _Bank) -> Tensor:
    """The sound of the bank, (..., blocks, block), a sine for each mode and sample."""
    since_s = torch.addcmul(grid.block_steps_s().to(grid.dtype), bank.ahead_s, bank.caught_up).unsqueeze(-2)
    per_second, decay = bank.per_second.unsqueeze(-3), bank.decay.unsqueeze(-3)
    blocks = bank.start.shape[-2]
    piece = blocks if torch.compiler.is_compiling() else max(_FEWEST_BLOCKS, _CACHED // decay.numel())
    tables = zip(
        torch.split(since_s, piece, dim=-3),
        torch.split(bank.start.unsqueeze(-1), piece, dim=-3),
        torch.split(bank.level, piece, dim=-3),
        strict=True,
    )
    sounds = [_ringing(per_second, since, start, decay, level) for since, start, level in tables]
    if bank.level.shape[-2] > 1:
        sounds = [torch.addcmul(sound[..., :1, :], sound[..., 1:, :], _rise(sound)) for sound in sounds]
    return torch.cat(sounds, dim=-3).squeeze(-2)


def _rise(like: Tensor) -> Tensor:
    """From 0 at a block's start to 1 where the next one begins."""
    return torch.linspace(0.0, 1.0, BLOCK + 1, device=like.device, dtype=like.dtype)[:-1]


def _block_levels(grid: Grid, t60_s: Tensor, shape: Tensor | None) -> Tensor:
    """Level of each mode where each block begins and, with a shape, what it gains by its end over the plain decay.

    Returns:
        (..., blocks, 1 or 2, modes).
    """
    starts_s = grid.block_starts_s().to(grid.dtype)
    rate = t60_to_rate(t60_s).unsqueeze(-2)
    if shape is None:
        return torch.exp(-rate * starts_s).unsqueeze(-2)
    block_s = BLOCK / grid.sample_rate
    times_s = torch.cat([starts_s, starts_s[-1:] + block_s]).clamp(min=_FIRST_S)
    level = shaped_fall(times_s, t60_s.unsqueeze(-2), shape.unsqueeze(-2))
    # A mode whose plain decay would not leave anything within a block has no use for the rest.
    plain = torch.exp((-rate * block_s).clamp(min=_MOST_FALLEN))
    first, last = level[..., :-1, :], level[..., 1:, :] / plain
    return torch.stack([first, last - first], dim=-2)


def _below_nyquist(grid: Grid, frequency_hz: Tensor) -> Tensor:
    """1 well below Nyquist, 0 above it, a straight fade between."""
    nyquist_hz = 0.5 * grid.sample_rate
    return ((nyquist_hz - frequency_hz) / (_FADE_BELOW_NYQUIST * nyquist_hz)).clamp(0.0, 1.0)


def _ringing(*tables: Tensor) -> Tensor:
    sound: Tensor = _Ringing.apply(*tables)  # type: ignore[no-untyped-call]
    return sound


class _Ringing(torch.autograd.Function):
    """`Σ_k now_k decay_k sin(per_second_k · since + start_k)`, block by block.

    Its gradient is written out, and begins again from the tables: autograd would keep three values for each mode and
    sample. Shapes: per_second (..., 1, modes, 1), since (..., blocks, 1, block), start (..., blocks, modes, 1),
    decay (..., 1, modes, block), now (..., blocks, rows, modes); the result is (..., blocks, rows, block).
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(per_second: Tensor, since: Tensor, start: Tensor, decay: Tensor, now: Tensor) -> Tensor:
        # In place: fresh memory takes longer than the sine.
        return matmul(now, torch.addcmul(start, per_second, since).sin_().mul_(decay))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, ...]:
        inputs = per_second, since, start, decay, now = ctx.saved_tensors
        angle = torch.addcmul(start, per_second, since)
        sine, heard = torch.sin(angle), matmul(now.mT, slope)
        of_decay = (heard * sine).sum(-3, keepdim=True)
        of_now = matmul(slope, sine.mul_(decay).mT)
        turned = heard.mul_(decay).mul_(angle.cos_())  # into what has the slope's axes, vmap's among them
        slopes = (
            matmul(turned, since.mT).sum(-3, keepdim=True),
            matmul(per_second.mT, turned),
            turned.sum(-1, keepdim=True),
            of_decay,
            of_now,
        )
        return tuple(found.sum_to_size(wanted.shape) for found, wanted in zip(slopes, inputs, strict=True))
