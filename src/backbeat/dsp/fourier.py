"""FFTs and spectra whose every bit depends on one item alone, and not on the batch around it."""

import torch
from jaxtyping import Complex
from torch import Tensor

from backbeat.types import Mono


def rfft(signal: Mono, length: int) -> Complex[Tensor, "... bins"]:
    """Spectrum of a real signal, zero-padded to `length`."""
    # A lone transform is split over threads and rounds differently from one in a batch, so it gets company.
    if _is_lone(signal):
        return torch.fft.rfft(signal.unsqueeze(0).expand(2, *signal.shape), length)[0]
    return torch.fft.rfft(signal, length)


def irfft(spectrum: Complex[Tensor, "... bins"], length: int) -> Mono:
    """Real signal of a spectrum, `length` samples."""
    if _is_lone(spectrum):
        return torch.fft.irfft(spectrum.unsqueeze(0).expand(2, *spectrum.shape), length)[0]
    return torch.fft.irfft(spectrum, length)


def _is_lone(signals: Tensor) -> bool:
    """Whether there is but one, on a CPU, where that is asked: to a compiler, the batch may be of any size."""
    if torch.compiler.is_compiling() or signals.device.type != "cpu":
        return False
    return signals.shape[:-1].numel() == 1


def product(first: Complex[Tensor, "..."], second: Complex[Tensor, "..."]) -> Complex[Tensor, "..."]:
    """Complex product, quickest where `second` is the smaller one and broadcasts.

    PyTorch's own rounds differently in a tensor's body and in its tail; only its product with j is exact. So the parts
    are multiplied as real numbers, side by side in memory as they lie.
    """
    if torch.compiler.is_compiling():
        (a, b), (c, d) = (torch.view_as_real(each).unbind(-1) for each in (first, second))
        return torch.view_as_complex(torch.stack([a * c - b * d, a * d + b * c], dim=-1))
    real = torch.stack([second.real, second.real], dim=-1)
    imag = torch.stack([second.imag, second.imag], dim=-1)
    return torch.view_as_complex(torch.view_as_real(first) * real + torch.view_as_real(first * 1j) * imag)


def fast_length(samples: int) -> int:
    """The smallest of 2^k · {1, 9/8, 5/4, 3/2, 15/8} that is no less than `samples`: lengths an FFT is fast at."""
    base = 1 << max(samples - 1, 1).bit_length()
    return min(n for n in (base, base // 16 * 15, base // 4 * 3, base // 8 * 5, base // 16 * 9) if n >= samples)
