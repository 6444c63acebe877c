"""Filtering by linear-phase kernels, of no more of a signal than is heard.

To PyTorch, this is one operation, with a gradient that is written out: a compiler has no complex numbers and no loop
for blocks that overlap, and a batch whose items are heard for different times is no tensor.

A kernel that is symmetric about its middle tap, moved so that this lies at 0, has a real spectrum H. An item's blocks
x_f are filtered to `irfft(H rfft(x_f))`, of which the middle is kept. With g_f the slope of that, in its place, the
gradient of x_f is `irfft(H rfft(g_f))`, and that of the kernel `irfft(Σ_f rfft(g_f) rfft(x_f)*)`.
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Complex, Float
from torch import Tensor
from torch.nn.functional import pad

from backbeat.dsp.filters.convolution import blocks, convolve
from backbeat.dsp.fourier import irfft, rfft
from backbeat.dsp.own import differentiable_slopes, operation, shared_shape
from backbeat.types import Control, Kernel, Mono


def linear_phase(signal: Mono, kernel: Kernel, heard: Control | None) -> Mono:
    """`fir`, as an operation of its own; see there."""
    leading = shared_shape(signal.shape[:-1], kernel.shape[:-1])
    rows = (None if each is None else _in_rows(each, leading) for each in (signal, kernel, heard))
    filtered: Mono = _fir(*rows)
    return filtered.reshape(*leading, -1)


def _in_rows(values: Tensor, leading: torch.Size) -> Tensor:
    """Values as a matrix, of one row where all share it."""
    shared = all(size == 1 for size in values.shape[:-1])
    return (values if shared else values.expand(*leading, -1)).reshape(-1, values.shape[-1])


@dataclass(frozen=True)
class _Blocks:
    """The blocks of a batch that are heard, one item's after the other's, and then one of silence, for all others.

    Attributes:
        length: of the FFT.
        hop: samples each block gives.
        frames: blocks of an item that is heard to its end.
        batch: items.
        items: whose each block is, (blocks,); the silent one's is the first.
        order: which of that item's, (blocks,).
    """

    length: int
    hop: int
    frames: int
    batch: int
    items: Tensor
    order: Tensor

    @classmethod
    def of(cls, signal: Tensor, kernel: Tensor, heard: Tensor | None) -> "_Blocks":
        """Those of which the first `heard` samples of each item have need."""
        length, hop, frames = blocks(signal.shape[-1], kernel.shape[-1])
        batch = max(len(signal), len(kernel), 1 if heard is None else len(heard))
        counts = torch.full((batch,), frames, device=signal.device)
        # Elsewhere than on a CPU, to know how many they are would take longer than to filter them all.
        if heard is not None and signal.device.type == "cpu":
            counts = (heard.squeeze(-1) / hop).ceil().clamp(1, frames).long().expand(batch)
        items = torch.repeat_interleave(torch.arange(batch, device=signal.device), counts)
        order = torch.arange(len(items), device=signal.device) - (counts.cumsum(0) - counts)[items]
        return cls(length, hop, frames, batch, pad(items, (0, 1)), pad(order, (0, 1)))

    def spectra(self, signal: Tensor, before: int) -> Complex[Tensor, "blocks bins"]:
        """Of each block with so many samples before it, and with what follows it."""
        overlapping = _laid_in(signal, (self.frames + 1) * self.hop, before).flatten().unfold(0, self.length, self.hop)
        if len(signal) == 1:
            found = rfft(overlapping, self.length).index_select(0, self.order)
        else:
            found = rfft(overlapping.index_select(0, self._rows(self.frames + 1)), self.length)
        found[-1] = 0.0
        return found

    def filtered(self, spectra: Complex[Tensor, "blocks bins"], kernel: Tensor) -> Float[Tensor, "blocks length"]:
        """The blocks of these spectra, filtered; in place, for fresh memory takes as long as an FFT."""
        half = kernel.shape[-1] // 2
        centred = kernel.new_zeros(len(kernel), self.length)
        centred[:, : half + 1], centred[:, self.length - half :] = kernel[:, half:], kernel[:, :half]
        response = rfft(centred, self.length).real.repeat_interleave(2, dim=-1)  # each bin has two parts
        parts = torch.view_as_real(spectra).flatten(-2)
        parts *= response if len(kernel) == 1 else response.index_select(0, self.items)
        return irfft(spectra, self.length)

    def chosen(self, signal: Tensor) -> Float[Tensor, "blocks hop"]:
        """The blocks of a signal of the whole batch."""
        whole = _laid_in(signal, self.frames * self.hop).view(-1, self.hop)
        found = whole.index_select(0, self._rows(self.frames))
        found[-1] = 0.0
        return found

    def joined(self, parts: Float[Tensor, "blocks hop"], samples: int) -> Float[Tensor, "batch samples"]:
        """The signal that has these blocks, and is silent elsewhere."""
        return self._placed(parts, self.frames).view(self.batch, -1)[:, :samples]

    def added(self, parts: Float[Tensor, "blocks length"], before: int, samples: int) -> Float[Tensor, "batch samples"]:
        """The signal that is the sum of blocks that overlap, so many samples before it left out."""
        overlap = self.length - self.hop
        whole = self._placed(parts[:, : self.hop], self.frames + 1)
        whole[1:, :overlap] += self._placed(parts[:, self.hop :], self.frames + 1)[:-1]
        return whole.view(self.batch, -1)[:, before : before + samples]

    def summed(self, parts: Float[Tensor, "blocks bins"]) -> Float[Tensor, "batch bins"]:
        """The sum over the blocks of each item."""
        if len(parts) > self.batch * self.frames:
            return parts[:-1].view(self.batch, self.frames, -1).sum(1)
        return parts.new_zeros(self.batch, parts.shape[-1]).index_add_(0, self.items, parts)

    def _placed(self, parts: Float[Tensor, "blocks columns"], per_item: int) -> Float[Tensor, "rows columns"]:
        """So many rows an item, silent but where its blocks lie."""
        source = torch.full((self.batch * per_item,), len(parts) - 1, device=parts.device)
        source[self._rows(per_item)[:-1]] = torch.arange(len(parts) - 1, device=parts.device)
        return parts.index_select(0, source)

    def _rows(self, per_item: int) -> Tensor:
        """Where each block lies among so many rows an item."""
        return per_item * self.items + self.order


def _laid_in(signal: Tensor, samples: int, before: int = 0) -> Float[Tensor, "batch samples"]:
    """The signal with silence before and after it."""
    whole, after = signal.new_empty(len(signal), samples), before + signal.shape[-1]
    whole[:, :before], whole[:, before:after], whole[:, after:] = 0.0, signal, 0.0
    return whole


def _filtered(signal: Tensor, kernel: Tensor, heard: Tensor | None) -> Tensor:
    """`fir` of (batch, samples) and (batch, taps), heard for (batch, 1) samples; of each, the batch may be 1."""
    found, half = _Blocks.of(signal, kernel, heard), kernel.shape[-1] // 2
    parts = found.filtered(found.spectra(signal, half), kernel)
    return found.joined(parts[:, half : half + found.hop], signal.shape[-1])


def _filtered_shape(signal: Tensor, kernel: Tensor, heard: Tensor | None) -> Tensor:
    batch = shared_shape(*(each.shape[:1] for each in (signal, kernel, heard) if each is not None))
    _, hop, frames = blocks(signal.shape[-1], kernel.shape[-1])
    return signal.new_empty(*batch, frames * hop)[:, : signal.shape[-1]]


def _slopes(
    slope: Tensor, signal: Tensor, kernel: Tensor, heard: Tensor | None, of_signal: bool
) -> tuple[Tensor, Tensor]:
    """Gradients of the signal, where it is wanted, and of the kernel, each for the whole batch."""
    found, half = _Blocks.of(signal, kernel, heard), kernel.shape[-1] // 2
    x, y = found.spectra(signal, half), rfft(pad(found.chosen(slope), (half, half)), found.length)
    # In real numbers: PyTorch's complex products round differently in a tensor's body and in its tail.
    real = found.summed(torch.addcmul(y.real * x.real, y.imag, x.imag))
    imag = found.summed(torch.addcmul(y.imag * x.real, y.real, x.imag, value=-1.0))
    of_kernel = irfft(torch.complex(real, imag), found.length).roll(half, dims=-1)[:, : kernel.shape[-1]]
    if not of_signal:
        return slope.new_empty(0), of_kernel.contiguous()
    reached = found.added(found.filtered(y, kernel), half, signal.shape[-1])
    return reached, of_kernel.contiguous()


def _slopes_shapes(
    slope: Tensor, signal: Tensor, kernel: Tensor, heard: Tensor | None, of_signal: bool
) -> tuple[Tensor, Tensor]:
    _, hop, frames = blocks(signal.shape[-1], kernel.shape[-1])
    half, of_kernel = kernel.shape[-1] // 2, slope.new_empty(slope.shape[0], kernel.shape[-1])
    reached = slope.new_empty(slope.shape[0], (frames + 1) * hop)[:, half : half + signal.shape[-1]]
    return (reached if of_signal else slope.new_empty(0)), of_kernel


def _setup(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor | None], output: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
    signal, kernel, heard = ctx.saved_tensors
    if torch.is_grad_enabled() and not torch.compiler.is_compiling():  # the gradient is to have one itself
        again = convolve(signal, kernel, advance=kernel.shape[-1] // 2)
        return *differentiable_slopes(again, (signal, kernel), slope), None
    of_signal, of_kernel = _fir_backward(slope.contiguous(), signal, kernel, heard, ctx.needs_input_grad[0])
    wanted = of_signal.sum_to_size(signal.shape) if ctx.needs_input_grad[0] else None
    return wanted, of_kernel.sum_to_size(kernel.shape), None


_fir = operation("fir", _filtered, _filtered_shape, (_setup, _backward))
_fir_backward = operation("fir_backward", _slopes, _slopes_shapes)
