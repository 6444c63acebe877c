"""Fast convolution, batched, with one kernel per item."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from backbeat.dsp.fourier import fast_length, irfft, product, rfft
from backbeat.dsp.kept import is_fusing
from backbeat.types import Kernel, Mono

_SHORTEST_FFT = 1024
_FFT_PER_TAP = 4


def convolve(signal: Mono, kernel: Kernel, *, advance: int = 0) -> Mono:
    """Causal convolution cut to the signal's length: `y[n] = Σ_k h[k] x[n + advance - k]`.

    Overlap-save of FFT blocks about four times the kernel, or one FFT where that is shorter.

    Args:
        signal: x, (..., samples).
        kernel: h, (..., taps), over the same leading axes.
        advance: samples by which the result is moved forward, to undo the delay of a linear-phase filter.

    Returns:
        (..., samples).
    """
    if is_fusing():
        filtered: Mono = _opaque(signal, kernel, advance)[0]
        return filtered
    length, hop, _ = _blocks(signal.shape[-1], kernel.shape[-1])
    spectra = rfft(_split(signal, kernel, advance), length)
    filtered = irfft(product(spectra, rfft(kernel, length).unsqueeze(-2)), length)
    return filtered[..., length - hop :].flatten(-2)[..., : signal.shape[-1]]


def _blocks(samples: int, taps: int) -> tuple[int, int, int]:
    """Length of the FFT, samples that each gives, and how many there are."""
    length = min(fast_length(max(_SHORTEST_FFT, _FFT_PER_TAP * taps)), fast_length(samples + taps - 1))
    hop = length - taps + 1
    return length, hop, -(-samples // hop)


def _split(signal: Mono, kernel: Kernel, advance: int) -> Tensor:
    """What of the signal each block of the result depends on, (..., blocks, length)."""
    samples, before = signal.shape[-1], kernel.shape[-1] - 1
    _, hop, frames = _blocks(samples, kernel.shape[-1])
    padded = pad(signal, (before - advance, frames * hop + advance - samples))
    if frames == 1:
        return padded.unsqueeze(-2)
    # `unfold` would do, but vmap has no rule for its gradient.
    first, new = padded[..., :before].unsqueeze(-2), padded[..., before:].reshape(*signal.shape[:-1], frames, hop)
    return torch.cat([torch.cat([first, new[..., :-1, hop - before :]], dim=-2), new], dim=-1)


# To a compiler, all of it is one operation: it has no complex numbers, and no loop for blocks that overlap.


@torch.library.custom_op("backbeat::convolve", mutates_args=())
def _opaque(signal: Tensor, kernel: Tensor, advance: int) -> tuple[Tensor, Tensor]:
    """What `convolve` returns, and the spectra of the signal's blocks, (..., blocks, bins)."""
    length, hop, _ = _blocks(signal.shape[-1], kernel.shape[-1])
    spectra = torch.fft.rfft(_split(signal, kernel, advance), length)
    filtered = torch.fft.irfft(spectra * torch.fft.rfft(kernel, length).unsqueeze(-2), length)
    return filtered[..., length - hop :].flatten(-2)[..., : signal.shape[-1]].contiguous(), spectra


@_opaque.register_fake
def _(signal: Tensor, kernel: Tensor, advance: int) -> tuple[Tensor, Tensor]:
    length, _, frames = _blocks(signal.shape[-1], kernel.shape[-1])
    spectra = signal.new_empty(*signal.shape[:-1], frames, length // 2 + 1, dtype=signal.dtype.to_complex())
    leading = (signal[..., 0] * kernel[..., 0]).shape
    return signal.new_empty(*leading, signal.shape[-1]), spectra


@torch.library.custom_op("backbeat::convolve_backward", mutates_args=())
def _opaque_backward(slope: Tensor, spectra: Tensor, kernel: Tensor, advance: int) -> tuple[Tensor, Tensor]:
    """Gradients of signal and kernel, before they are summed over the axes along which they were broadcast.

    With G_f the spectrum of a block's slopes and X_f of what it depends on: the blocks of `irfft(G_f H*)`, added where
    they overlap, and `irfft(Σ_f G_f X_f*)`.
    """
    samples, taps = slope.shape[-1], kernel.shape[-1]
    length, hop, frames = _blocks(samples, taps)
    blocks = pad(slope, (0, frames * hop - samples)).reshape(*slope.shape[:-1], frames, hop)
    slopes = torch.fft.rfft(pad(blocks, (taps - 1, 0)), length)
    reached = torch.fft.irfft(slopes * torch.fft.rfft(kernel, length).conj().unsqueeze(-2), length)
    of_signal = slope.new_zeros(*slope.shape[:-1], (frames - 1) * hop + length)
    of_signal[..., : frames * hop] = reached[..., :hop].flatten(-2)
    overlaps = of_signal[..., hop:].unfold(-1, taps - 1, hop)[..., :frames, :]
    overlaps += reached[..., hop:]
    of_kernel = torch.fft.irfft((slopes * spectra.conj()).sum(-2), length)[..., :taps]
    before = taps - 1 - advance
    return of_signal[..., before : before + samples].contiguous(), of_kernel.contiguous()


@_opaque_backward.register_fake
def _(slope: Tensor, spectra: Tensor, kernel: Tensor, advance: int) -> tuple[Tensor, Tensor]:
    return torch.empty_like(slope), slope.new_empty(*slope.shape[:-1], kernel.shape[-1])


def _setup(ctx: Any, inputs: tuple[Tensor, Tensor, int], output: tuple[Tensor, Tensor]) -> None:
    signal, kernel, ctx.advance = inputs
    ctx.signal_shape = signal.shape
    ctx.save_for_backward(output[1], kernel)


def _backward(ctx: Any, slope: Tensor, _: Tensor) -> tuple[Tensor, Tensor, None]:
    spectra, kernel = ctx.saved_tensors
    of_signal, of_kernel = _opaque_backward(slope.contiguous(), spectra, kernel, ctx.advance)
    return of_signal.sum_to_size(ctx.signal_shape), of_kernel.sum_to_size(kernel.shape), None


torch.library.register_autograd("backbeat::convolve", _backward, setup_context=_setup)
