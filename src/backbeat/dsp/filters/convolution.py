"""Fast convolution, batched, with one kernel per item."""

from torch.nn.functional import pad

from backbeat.dsp.fourier import fast_length, irfft, product, rfft
from backbeat.types import Kernel, Mono

_SHORTEST_FFT = 1024
_FFT_PER_TAP = 4


def convolve(signal: Mono, kernel: Kernel, *, advance: int = 0) -> Mono:
    """Causal convolution cut to the signal's length: `y[n] = Σ_k h[k] x[n + advance - k]`.

    Overlap-add of FFT blocks about four times the kernel, or one FFT where that is not longer.

    Args:
        signal: x, (..., samples).
        kernel: h, (..., taps), over the same leading axes.
        advance: samples by which the result is moved forward, to undo the delay of a linear-phase filter.

    Returns:
        (..., samples).
    """
    samples, taps = signal.shape[-1], kernel.shape[-1]
    length = fast_length(max(_SHORTEST_FFT, _FFT_PER_TAP * taps))
    whole = fast_length(samples + taps - 1)
    if whole <= length:
        spectrum = product(rfft(signal, whole), rfft(kernel, whole))
        return irfft(spectrum, whole)[..., advance : advance + samples]
    hop = length - taps + 1
    frames = -(-(samples + advance) // hop)
    blocks = pad(signal, (0, frames * hop - samples)).reshape(*signal.shape[:-1], frames, hop)
    spectrum = product(rfft(blocks, length), rfft(kernel, length).unsqueeze(-2))
    filtered = irfft(spectrum, length)
    # What a block rings beyond its hop lands on the next one.
    ringing = pad(filtered[..., :-1, hop:], (0, 2 * hop - length, 1, 0))
    return (filtered[..., :hop] + ringing).flatten(-2)[..., advance : advance + samples]
