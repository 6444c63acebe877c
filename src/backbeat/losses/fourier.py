"""Power spectra with a cheap gradient.

PyTorch differentiates `|rfft(x)|²` by way of four products, two zero-filled copies and a full complex FFT.
The same numbers are one product and one inverse *real* FFT. In a multi-resolution loss, where these transforms
take most of the time, that is worth having.
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor


class _PowerSpectrum(torch.autograd.Function):
    """Power and spectrum; the latter is an output so that the gradient itself can be differentiated."""

    generate_vmap_rule = True

    @staticmethod
    def forward(frames: Tensor) -> tuple[Tensor, Tensor]:
        spectrum = torch.fft.rfft(frames)
        real, imaginary = torch.view_as_real(spectrum).unbind(-1)
        return real * real + imaginary * imaginary, spectrum

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: tuple[Tensor, Tensor]) -> None:
        _, spectrum = output
        ctx.length = inputs[0].shape[-1]
        ctx.save_for_backward(spectrum)
        ctx.save_for_forward(spectrum)
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> Tensor | None:
        """`dL/dx_n = Re Σ_k G_k exp(jωkn)` over one-sided bins, with `G_k = 2 X_k dL/d|X_k|² + dL/dX_k`."""
        power_gradient, spectrum_gradient = gradients
        (spectrum,) = ctx.saved_tensors
        scale = _inverse_scale(ctx.length, torch.view_as_real(spectrum))
        total = None
        if power_gradient is not None:
            weight = power_gradient * (2.0 * scale)
            total = torch.view_as_complex(torch.view_as_real(spectrum) * weight[..., None])
        if spectrum_gradient is not None:
            scaled = spectrum_gradient * scale
            total = scaled if total is None else total + scaled
        return None if total is None else torch.fft.irfft(total, ctx.length)

    @staticmethod
    def jvp(ctx: Any, *tangents: Tensor) -> tuple[Tensor, Tensor]:
        (spectrum,) = ctx.saved_tensors
        spectrum_tangent = torch.fft.rfft(tangents[0])
        return 2.0 * (spectrum.conj() * spectrum_tangent).real, spectrum_tangent


def _inverse_scale(length: int, like: Tensor) -> Tensor:
    # irfft divides by the length and counts every bin twice, except DC and (for even lengths) Nyquist.
    bins = torch.arange(length // 2 + 1, device=like.device)
    counted_once = (bins == 0) | (2 * bins == length)
    return torch.where(counted_once, float(length), length / 2).to(like.dtype)


_apply: Callable[[Tensor], tuple[Tensor, Tensor]] = _PowerSpectrum.apply


def power_spectrum(frames: Float[Tensor, "... samples"]) -> Float[Tensor, "... bins"]:
    """`|rfft(frames)|²` over the last axis: (..., samples // 2 + 1). Differentiable twice, and forwards."""
    power, _ = _apply(frames)
    return power
