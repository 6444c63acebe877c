"""A comb resonator on a GPU, as one operation: FFTs in float32, and all that is done to a spectrum at once, by Triton.

With E echoes, the response is `H = (1 - L^E) / (1 - L)`, and its gradient `(H - E L^(E-1)) / (1 - L)`. With X and U the
spectra of the signal and of the sound's gradient, that of the signal is `ifft(conj(H) U)`, and that of what moves the
response `Re Σ X conj(U) ∂H / length` over all bins.
"""

import math
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from backbeat.dsp.arithmetic import shared_shape
from backbeat.dsp.comb import NEARLY_NOTHING
from backbeat.dsp.comb import resonated as resonated_by_formula
from backbeat.dsp.gpu.custom_operation import differentiable_gradients, operation
from backbeat.dsp.gpu.trial import agree, spread
from backbeat.dsp.tracing import is_watched
from backbeat.types import Mono

_TRIED = 2, 1500, 4096
"""Items, samples and length of the FFT that kernels are tried on."""


def resonated(signal: Mono, delay: Tensor, feedback: Tensor, low: Tensor, high: Tensor, length: int) -> Mono:
    """The formula of the same name, of a signal in float32, as one operation."""
    lead = shared_shape(*(each.shape[:-1] for each in (signal, delay, feedback, low, high)))
    loops = torch.cat([each.expand(*lead, 1) for each in (delay, feedback, low, high)], dim=-1)
    signals = signal.expand(*lead, -1).reshape(-1, signal.shape[-1])
    found: Mono = _comb(signals.contiguous(), loops.reshape(-1, 4), length)
    return found.reshape(*lead, -1)


def respond(spectrum: Tensor, loops: Tensor, samples: int) -> Tensor:
    """A spectrum, (items, bins), by the response of loops of D, g, a and b, (items, 4), to so many samples."""
    return spectrum * _response(loops, spectrum.shape[-1], samples)[0]


def feel(felt: Tensor, heard: Tensor, loops: Tensor, samples: int) -> tuple[Tensor, Tensor]:
    """Spectrum of the signal's gradient, and what all bins say of the loop, (items, 4), by U and X.

    The latter are the real parts of sums of `W = X conj(U) ∂H/∂L L/g`, once `ω / j`, once itself, and once each
    `(1 + z^-1) / (1 - a z^-1)` and `(1 - z^-1) / (1 - b z^-1)` of it.
    """
    response, gradient, unit, rise, omega = _response(loops, felt.shape[-1], samples)
    weight = torch.full_like(omega, 2.0)
    weight[:1].fill_(1.0)
    weight[-1:].fill_(1.0)
    turned = weight * heard * felt.conj() * gradient * unit
    low, high = (1.0 - each * (1.0 - rise) for each in loops[:, 2:].unsqueeze(-1).unbind(1))
    sums = omega * turned.imag, turned.real, (turned * (2.0 - rise) / low).real, (turned * rise / high).real
    return felt * response.conj(), torch.stack([each.sum(-1) for each in sums], dim=-1)


def _response(loops: Tensor, bins: int, samples: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """H, its gradient by L, L / g, 1 - z^-1 and ω, of each bin."""
    omega = torch.arange(bins, device=loops.device, dtype=torch.float64) * (math.pi / (bins - 1))
    delay, feedback, low, high = loops.unsqueeze(-1).unbind(1)
    rise = torch.complex(2.0 * (0.5 * omega).sin().square(), omega.sin())
    unit = torch.polar(0.5 * (1.0 + low) * (1.0 - high), -omega * delay) * rise
    unit = unit / ((1.0 - low * (1.0 - rise)) * (1.0 - high * (1.0 - rise)))
    loop, echoes = feedback * unit, (samples - 1) // delay + 1.0
    last = torch.where(loop == 0.0, NEARLY_NOTHING, loop) ** (echoes - 1.0)
    response = (1.0 - last * loop) / (1.0 - loop)
    return response, (response - echoes * last) / (1.0 - loop), unit, rise, omega


def _sound(signal: Tensor, loops: Tensor, length: int) -> Tensor:
    spectrum = torch.fft.rfft(signal, length)
    if _kernels_work(signal.device):
        from backbeat.dsp.gpu import comb_kernels

        comb_kernels.respond(spectrum, loops, signal.shape[-1])
    else:
        spectrum = respond(spectrum, loops, signal.shape[-1]).to(spectrum.dtype)
    return torch.fft.irfft(spectrum, length)[:, : signal.shape[-1]].contiguous()


def _sound_shape(signal: Tensor, loops: Tensor, length: int) -> Tensor:
    return torch.empty_like(signal)


def _gradients(grad_sound: Tensor, signal: Tensor, loops: Tensor, length: int) -> tuple[Tensor, Tensor]:
    felt, heard = (torch.fft.rfft(each, length) for each in (grad_sound, signal))
    if _kernels_work(signal.device):
        from backbeat.dsp.gpu import comb_kernels

        sums = comb_kernels.feel(felt, heard, loops, signal.shape[-1])
    else:
        reached, sums = feel(felt, heard, loops, signal.shape[-1])
        felt = reached.to(felt.dtype)
    _, feedback, low, high = loops.unbind(-1)
    by_delay, by_loop, by_low, by_high = (sums / length).unbind(-1)
    parts = feedback * by_delay, by_loop, feedback * by_low / (1.0 + low), -feedback * by_high / (1.0 - high)
    grad_signal = torch.fft.irfft(felt, length)[:, : signal.shape[-1]].contiguous()
    return grad_signal, torch.stack(parts, dim=-1)


def _gradients_shapes(grad_sound: Tensor, signal: Tensor, loops: Tensor, length: int) -> tuple[Tensor, Tensor]:
    return torch.empty_like(signal), torch.empty_like(loops)


@lru_cache(maxsize=8)
def _kernels_work(device: torch.device) -> bool:
    items, samples, length = _TRIED
    bins = length // 2 + 1
    felt, heard = torch.view_as_complex(spread(device, 2, items, bins, 2) - 0.5)
    shares = spread(device, 4, items).double()
    loops = torch.stack([40.0 + 300.0 * shares[0], 0.5 + 0.4 * shares[1], 1.0 - 0.01 * shares[2], 0.9 * shares[3]], -1)

    def by_kernels() -> list[Tensor]:
        from backbeat.dsp.gpu import comb_kernels

        sounding, reached = felt.clone(), felt.clone()
        comb_kernels.respond(sounding, loops, samples)
        sums = comb_kernels.feel(reached, heard, loops, samples)
        return [torch.view_as_real(sounding), torch.view_as_real(reached), *sums.unbind(-1)]

    def by_formula() -> list[Tensor]:
        reached, sums = feel(felt, heard, loops, samples)
        sounding = respond(felt, loops, samples)
        return [torch.view_as_real(sounding), torch.view_as_real(reached), *sums.unbind(-1)]

    return agree("combs", device, by_kernels, by_formula)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    signal, loops, ctx.length = inputs
    ctx.save_for_backward(signal, loops)


def _backward(ctx: Any, grad_sound: Tensor) -> tuple[Tensor | None, ...]:
    signal, loops = ctx.saved_tensors
    if torch.is_grad_enabled() and not is_watched():  # the gradient is to have one itself
        delay, feedback, low, high = loops.split(1, dim=-1)
        again = resonated_by_formula(signal.double(), delay, feedback, low, high, ctx.length).to(signal.dtype)
        return *differentiable_gradients(again, (signal, loops), grad_sound), None
    return *_comb_backward(grad_sound.contiguous(), signal, loops, ctx.length), None


_comb = operation("gpu_comb", _sound, _sound_shape, (_setup, _backward))
_comb_backward = operation("gpu_comb_backward", _gradients, _gradients_shapes)
