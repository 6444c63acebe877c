"""A comb resonator: a delay that feeds itself through a filter, as a tube or a shell does.

On a CPU this is one operation to PyTorch, with a gradient that is written out: items that ring for different times take
FFTs of different lengths, and a compiler has neither those nor complex numbers.

With X the spectrum of the signal, S that of the slope and `H = (1 - L^M) / (1 - L)` of the loop `L = g U`, the slope of
X is `S H*`, and that of a control θ `Re Σ W ∂log U/∂θ` over the bins, with `W = S* X U ∂H/∂L`, times g but for g's own.
∂log U/∂θ is as smooth as the filter, so that W is needed at the nodes of `comb_loop` alone.
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from backbeat.dsp.comb_loop import Loop, Pair, Piece, full_length
from backbeat.dsp.fourier import fast_length, irfft, rfft
from backbeat.dsp.grid import Grid
from backbeat.dsp.own import differentiable_slopes, operation, shared_shape, takes_own_operations
from backbeat.types import Control, Mono

_LONGER = (1 / 9, 3 / 8, 2 / 3)
"""How much longer than the sound an FFT may be, where what rings after it wraps around; more takes a cut series."""


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
    M is endless and the grid shorter: that is the same for whole samples, and for a fraction of one, whose phase
    depends on the grid, within -100 dB for tones and within -80 dB for white noise in a loop that rings long.

    Args:
        grid: where to render.
        signal: x, (..., samples).
        frequency_hz: of the lowest resonance, (..., 1), Hz; its overtones are harmonic but for F's phase.
        feedback: g, (..., 1), in [0, 1).
        low_damping_hz: cutoff of the loop's high-pass, (..., 1), Hz.
        high_damping_hz: cutoff of the loop's low-pass, (..., 1), Hz.
    """
    controls = (frequency_hz, feedback, low_damping_hz, high_damping_hz)
    if signal.ndim == 2 and grid.device.type == "cpu" and takes_own_operations(frequency_hz):
        sound: Mono = _comb(signal, *controls, grid.sample_rate)
        return sound
    return _resonant(signal, Loop.of(controls, grid.sample_rate, grid.samples))


def _resonant(signal: Mono, loop: Loop) -> Mono:
    """`comb`, by operations that have gradients."""
    spectrum = rfft(signal, loop.length)
    resonant = [torch.complex(*_resonate(_parts(spectrum, piece), piece)) for piece in loop.pieces()]
    return irfft(torch.cat(resonant, dim=-1), loop.length)[..., : loop.samples]


def _resonate(spectrum: Pair, piece: Piece, out: Pair | None = None) -> Pair:
    """`X (1 - L^M) / (1 - L)`, of a loop L."""
    rest, last = piece.series()
    if last is not None:
        spectrum = _times(spectrum, (1.0 + last[0], last[1]))
    real, imag = _times(spectrum, _conjugate(rest))
    power = _power(rest)
    if out is None:
        return real / power, imag / power
    return torch.div(real, power, out=out[0]), torch.div(imag, power, out=out[1])


def _parts(spectrum: Tensor, piece: Piece) -> Pair:
    some = spectrum[..., piece.first : piece.first + piece.bins]
    return some.real, some.imag


def _times(first: Pair, second: Pair) -> Pair:
    (a, b), (c, d) = first, second
    return torch.addcmul(a * c, b, d, value=-1.0), torch.addcmul(a * d, b, c)


def _conjugate(value: Pair) -> Pair:
    return value[0], -value[1]


def _power(value: Pair) -> Tensor:
    real, imag = value
    return torch.addcmul(real * real, imag, imag)


def _inverse(value: Pair) -> Pair:
    power = _power(value)
    return value[0] / power, -value[1] / power


def _sound(
    signal: Tensor,
    frequency_hz: Tensor,
    feedback: Tensor,
    low_damping_hz: Tensor,
    high_damping_hz: Tensor,
    sample_rate: float,
) -> Tensor:
    """`comb` of (batch, samples) and (batch, 1), of which the batch may be 1."""
    signal, controls = _shared(signal, frequency_hz, feedback, low_damping_hz, high_damping_hz)
    sound = signal.new_empty(signal.shape)
    for items, loop in _loops(controls, sample_rate, signal.shape[-1]):
        spectrum = rfft(signal.index_select(0, items), loop.length)
        for piece in loop.pieces():
            some = _parts(spectrum, piece)
            _resonate(some, piece, out=some)
        sound.index_copy_(0, items, irfft(spectrum, loop.length)[:, : loop.samples])
    return sound


def _sound_shape(signal: Tensor, *controls: Any) -> Tensor:
    batch = shared_shape(signal.shape[:1], *(control.shape[:1] for control in controls[:-1]))
    return signal.new_empty(*batch, signal.shape[-1])


def _slopes(
    slope: Tensor,
    signal: Tensor,
    frequency_hz: Tensor,
    feedback: Tensor,
    low_damping_hz: Tensor,
    high_damping_hz: Tensor,
    sample_rate: float,
) -> tuple[Tensor, Tensor]:
    """Gradients of the signal and, in four columns, of the controls, each for the whole batch."""
    signal, controls = _shared(signal, frequency_hz, feedback, low_damping_hz, high_damping_hz)
    of_signal, of_controls = torch.empty_like(slope), slope.new_empty(len(slope), len(controls))
    for items, loop in _loops(controls, sample_rate, signal.shape[-1]):
        x, y = (rfft(each.index_select(0, items), loop.length) for each in (signal, slope))
        found = torch.zeros_like(x.real[:, : len(controls)])
        for piece in loop.unattenuated.pieces():
            response, turned = _sensitivity(loop, piece)
            some = _parts(y, piece)
            felt = _times(_times(_conjugate(some), _parts(x, piece)), turned)
            found += _of_controls(loop, piece, felt)
            for part, reached in zip(some, _times(some, _conjugate(response)), strict=True):
                part.copy_(reached)
        of_controls.index_copy_(0, items, found)
        of_signal.index_copy_(0, items, irfft(y, loop.length)[:, : loop.samples])
    return of_signal, of_controls


def _slopes_shapes(slope: Tensor, signal: Tensor, *controls: Any) -> tuple[Tensor, Tensor]:
    return torch.empty_like(slope), slope.new_empty(slope.shape[0], 4)


def _sensitivity(loop: Loop, piece: Piece) -> tuple[Pair, Pair]:
    """H, and `U ∂H/∂L`, of a piece of the loop without its feedback, in which a feedback of 0 is no division by 0."""
    (rest_re, rest_im), last = piece.series()
    around = 1.0 - rest_re, -rest_im
    feedback = loop.feedback.squeeze(-1)
    once = _inverse((1.0 - feedback * around[0], -feedback * around[1]))
    if last is None:
        return once, _times(around, _times(once, once))
    many = loop.echoes.squeeze(-1).to(feedback.dtype)
    earlier = feedback ** (many - 1.0)
    level = earlier * feedback
    response = _times((1.0 + level * last[0], level * last[1]), once)
    cut = many * earlier * last[0], many * earlier * last[1]
    turned = _times(around, response)
    return response, _times((turned[0] + cut[0], turned[1] + cut[1]), once)


def _of_controls(loop: Loop, piece: Piece, felt: Pair) -> Tensor:
    """What a piece adds to the slopes of the four controls, (batch, 4)."""
    # All bins but the first and the last stand for two; of the first, a high-pass leaves nothing.
    weight = torch.full_like(felt[0][0], 2.0 / loop.length)
    if piece.first + piece.bins == loop.length // 2 + 1:
        weight[-1] *= 0.5
    real, imag = (piece.at_nodes(weight * part) for part in felt)
    omega = 2.0 * math.pi / loop.length * piece.nodes
    frequency, feedback = loop.frequency_hz, loop.feedback
    poles = [
        torch.exp(loop.radians_per_hertz * cutoff.double()) for cutoff in (loop.low_damping_hz, loop.high_damping_hz)
    ]
    slopes = [-loop.sample_rate / frequency**2 * feedback * omega * imag, real]
    for pole, own in zip(poles, (1.0 / (1.0 + poles[0]), -1.0 / (1.0 - poles[1])), strict=True):
        # Of log F, by the pole p: that of its own gain, and z^-1 / (1 - p z^-1).
        power = (1.0 - pole) ** 2 + 4.0 * pole * torch.sin(0.5 * omega) ** 2
        by_pole = (own + (torch.cos(omega) - pole) / power) * real + torch.sin(omega) / power * imag
        slopes.append(loop.radians_per_hertz * pole * feedback * by_pole)
    return torch.stack([slope.sum((-2, -1)) for slope in slopes], dim=-1).to(felt[0].dtype)


def _shared(signal: Tensor, *controls: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The signal and the controls, each for the whole batch."""
    batch = max(len(each) for each in (signal, *controls))
    return signal.expand(batch, -1), tuple(control.expand(batch, -1) for control in controls)


def _loops(controls: tuple[Tensor, ...], sample_rate: float, samples: int) -> Iterator[tuple[Tensor, Loop]]:
    """The loops of all items, those together that need an FFT of the same length, with the numbers of the items."""
    full = full_length(sample_rate, samples)
    shorter = [length for share in _LONGER if (length := fast_length(math.ceil((1.0 + share) * samples))) < full]
    groups: dict[int, list[int]] = {}
    for item, settled_s in enumerate(_settled_s(*controls).flatten().tolist()):
        needed = samples + settled_s * sample_rate
        groups.setdefault(next((length for length in shorter if length >= needed), full), []).append(item)
    for length, found in groups.items():
        items = torch.tensor(found)
        chosen = tuple(control.index_select(0, items) for control in controls)
        yield items, Loop.of(chosen, sample_rate, samples, length if length < full else None)


def _settled_s(frequency_hz: Tensor, feedback: Tensor, low_damping_hz: Tensor, high_damping_hz: Tensor) -> Tensor:
    """Time after which an endless loop has fallen below rounding, (batch, 1), in seconds.

    A pole at `s = -a + jω` has `|g F(s)| exp(a D) = 1`. At `a ≤ w / 2`, the high-pass of cutoff w is at most 1, and at
    `a ≤ h / 2` the low-pass of cutoff h at most `exp(1.4 a / h)`. So no pole decays more slowly than
    `min(w / 2, h / 2, -ln g / (D + 1.4 / h))`.
    """
    low, high = (2.0 * math.pi * cutoff.double() for cutoff in (low_damping_hz, high_damping_hz))
    ringing = -torch.log(feedback.double()) / (1.0 / frequency_hz.double() + 1.4 / high)
    rate = torch.minimum(torch.minimum(0.5 * low, 0.5 * high), ringing)
    return -math.log(torch.finfo(feedback.dtype).eps) / rate


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    *tensors, ctx.sample_rate = inputs
    ctx.save_for_backward(*tensors)


def _backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
    signal, *controls = ctx.saved_tensors
    if torch.is_grad_enabled() and not torch.compiler.is_compiling():  # the gradient is to have one itself
        again = _resonant(signal, Loop.of(tuple(controls), ctx.sample_rate, signal.shape[-1]))
        return *differentiable_slopes(again, (signal, *controls), slope), None
    of_signal, of_controls = _comb_backward(slope.contiguous(), signal, *controls, ctx.sample_rate)
    found = [of_signal, *of_controls.split(1, dim=-1)]
    return *(each.sum_to_size(of.shape) for each, of in zip(found, (signal, *controls), strict=True)), None


_comb = operation("comb", _sound, _sound_shape, (_setup, _backward))
_comb_backward = operation("comb_backward", _slopes, _slopes_shapes)
