"""Fast convolution, batched, with one kernel per item."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from backbeat.dsp.fourier import fast_length, irfft, product, rfft
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
    length, hop, frames = blocks(signal.shape[-1], kernel.shape[-1])
    before = kernel.shape[-1] - 1 - advance
    padded = pad(signal, (before, frames * hop + advance - signal.shape[-1]))
    spectra = rfft(_split(padded, hop, frames), length)
    filtered = irfft(product(spectra, rfft(kernel, length).unsqueeze(-2)), length)
    return filtered[..., length - hop :].flatten(-2)[..., : signal.shape[-1]]


def blocks(samples: int, taps: int) -> tuple[int, int, int]:
    """Length of the FFT, samples that each gives, which are at least as many as overlap, and how many there are."""
    many = fast_length(max(_SHORTEST_FFT, _FFT_PER_TAP * taps))
    length = min(many, fast_length(max(samples + taps - 1, 2 * taps)))
    hop = length - taps + 1
    return length, hop, -(-samples // hop)


def _split(padded: Mono, hop: int, frames: int) -> Tensor:
    """Blocks of a signal that begin every `hop` samples, and overlap by what it has left, (..., frames, block)."""
    overlap = padded.shape[-1] - frames * hop
    if frames == 1:
        return padded.unsqueeze(-2)
    # `unfold` would do, but vmap has no rule for its gradient.
    first, new = padded[..., :overlap].unsqueeze(-2), padded[..., overlap:].reshape(*padded.shape[:-1], frames, hop)
    return torch.cat([torch.cat([first, new[..., :-1, hop - overlap :]], dim=-2), new], dim=-1)
