"""Linear-phase filters on a GPU, as one operation: frames that overlap, complex FFTs of two at a time, and back.

A kernel that is symmetric about its middle tap, moved so that this lies at 0, has a real spectrum H: it leaves two
frames apart that are a complex one's real and imaginary part. A frame z is filtered to `ifft(H fft(z))`, of which the
middle is kept. With g the gradient of that, in its place, the gradient of z is `ifft(H fft(g))`, and that of the kernel
`Re ifft(Σ fft(z)* fft(g))`. Real FFTs would take as long, and PyTorch copies what goes into their inverse.
"""

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from backbeat.dsp.arithmetic import shared_shape
from backbeat.dsp.convolution import convolve
from backbeat.dsp.gpu.custom_operation import differentiable_gradients, operation
from backbeat.dsp.gpu.frames import Frames
from backbeat.dsp.gpu.trial import agree, spread
from backbeat.dsp.tracing import is_watched
from backbeat.types import Kernel, Mono

_TRIED = 2, 3000, 301
"""Items, samples and taps that kernels are tried on."""


def filtered(signal: Mono, kernel: Kernel) -> Mono:
    """`fir`, as an operation of its own; see there."""
    found: Mono = _fir(signal.contiguous(), kernel.contiguous())
    return found


def _filtered(signal: Tensor, kernel: Tensor) -> Tensor:
    frames = Frames.of(signal.shape[-1], kernel.shape[-1])
    spectra = torch.fft.fft(_lay(frames, signal))
    return _join(frames, _back(_weighted(frames, spectra, kernel)))


def _filtered_shape(signal: Tensor, kernel: Tensor) -> Tensor:
    return signal.new_empty(*shared_shape(signal.shape[:-1], kernel.shape[:-1]), signal.shape[-1])


def _gradients(grad_sound: Tensor, signal: Tensor, kernel: Tensor, grad_signal: bool) -> tuple[Tensor, Tensor]:
    """Gradients of the signal, where it is wanted, and of the kernel."""
    frames, taps = Frames.of(signal.shape[-1], kernel.shape[-1]), kernel.shape[-1]
    heard = torch.fft.fft(_lay(frames, signal))
    felt = torch.fft.fft(_lay(frames, grad_sound, middles=True))
    # Conjugated at once: below autograd, PyTorch may not see what is only marked to be.
    together = (heard.conj_physical_() * felt).sum(-2).sum_to_size(*kernel.shape[:-1], frames.length)
    grad_kernel = torch.fft.ifft(together).real.roll(frames.half, dims=-1)[..., :taps].contiguous()
    if not grad_signal:
        return grad_sound.new_empty(0), grad_kernel
    reached = _weighted(frames, felt, kernel).sum_to_size(*signal.shape[:-1], frames.pairs, frames.length)
    return _join(frames, _back(reached), added=True), grad_kernel


def _gradients_shapes(grad_sound: Tensor, signal: Tensor, kernel: Tensor, grad_signal: bool) -> tuple[Tensor, Tensor]:
    return torch.empty_like(signal) if grad_signal else grad_sound.new_empty(0), torch.empty_like(kernel)


def _weighted(frames: Frames, spectra: Tensor, kernel: Tensor) -> Tensor:
    """Spectra (..., pairs, length) times the kernels' own, over the length: in place where they need not broadcast."""
    centred = pad(kernel, (0, frames.length - kernel.shape[-1])).roll(-frames.half, dims=-1)
    weights = torch.fft.fft(centred, norm="forward").real[..., None, :, None]
    parts = torch.view_as_real(spectra)
    alone = shared_shape(parts.shape, weights.shape) == parts.shape
    return torch.view_as_complex(parts.mul_(weights) if alone else parts * weights)


def _back(spectra: Tensor) -> Tensor:
    """Frames of spectra over their length."""
    return torch.fft.ifft(spectra, norm="forward")


def _lay(frames: Frames, signal: Tensor, *, middles: bool = False) -> Tensor:
    if not _kernels_work(signal.device):
        return frames.lay(signal, middles=middles)
    from backbeat.dsp.gpu import frames_kernels

    return frames_kernels.lay(frames, signal, middles=middles)


def _join(frames: Frames, pairs: Tensor, *, added: bool = False) -> Tensor:
    if not _kernels_work(pairs.device):
        return frames.join(pairs, added=added).contiguous()
    from backbeat.dsp.gpu import frames_kernels

    return frames_kernels.join(frames, pairs, added=added)


@lru_cache(maxsize=8)
def _kernels_work(device: torch.device) -> bool:
    items, samples, taps = _TRIED
    frames, signal = Frames.of(samples, taps), spread(device, items, samples)
    pairs = torch.view_as_complex(spread(device, items, frames.pairs, frames.length, 2))

    def by_kernels() -> list[Tensor]:
        from backbeat.dsp.gpu import frames_kernels

        laid = (torch.view_as_real(frames_kernels.lay(frames, signal, middles=each)) for each in (False, True))
        return [*laid, *(frames_kernels.join(frames, pairs, added=each) for each in (False, True))]

    def by_formula() -> list[Tensor]:
        laid = (torch.view_as_real(frames.lay(signal, middles=each)) for each in (False, True))
        return [*laid, *(frames.join(pairs, added=each) for each in (False, True))]

    return agree("filters", device, by_kernels, by_formula)


def _setup(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _backward(ctx: Any, grad_sound: Tensor) -> tuple[Tensor | None, ...]:
    signal, kernel = ctx.saved_tensors
    if torch.is_grad_enabled() and not is_watched():  # the gradient is to have one itself
        again = convolve(signal, kernel, advance=kernel.shape[-1] // 2)
        return tuple(differentiable_gradients(again, (signal, kernel), grad_sound))
    grad_signal, grad_kernel = _fir_backward(grad_sound.contiguous(), signal, kernel, ctx.needs_input_grad[0])
    return grad_signal if ctx.needs_input_grad[0] else None, grad_kernel


_fir = operation("gpu_fir", _filtered, _filtered_shape, (_setup, _backward))
_fir_backward = operation("gpu_fir_backward", _gradients, _gradients_shapes)
