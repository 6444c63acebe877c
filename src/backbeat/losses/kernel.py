"""`DrumLoss` by the kernels, for estimates of one target: what a search asks for hundreds of times."""

import ctypes
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from backbeat.errors import BackbeatError, KernelError
from backbeat.kernels.library import LOSS_FRAMES, LossEnvelope, LossResolution, LossTarget, check, library
from backbeat.losses.combine import DrumLoss, DrumTarget
from backbeat.losses.inputs import mono_like
from backbeat.losses.spectra import Resolution, hann, mel_filterbank
from backbeat.losses.stft import SpectrumTarget
from backbeat.types import Audio, Mono

_SHORTEST = 8
"""Of a transform."""


class KernelDrumLoss:
    """A `DrumLoss` beside one target, in float32 on a CPU; the same to rounding, several times as fast.

    Args:
        loss: whose weights and resolutions it has.
        target: of a single sound, from its `prepare`.

    Raises:
        KernelError: where this installation has no kernels.
        BackbeatError: where the target is a batch, lies elsewhere or was prepared by another loss, or the length of a
            transform is no power of two.
    """

    def __init__(self, loss: DrumLoss, target: DrumTarget) -> None:
        found = library()
        if found is None:
            raise KernelError("drum_loss: found no kernels in this installation; use DrumLoss")
        self._library = found
        stft = target.stft
        like = stft.spectra[0].magnitude
        if stft.batch != 1 or (like.device.type, like.dtype) != ("cpu", torch.float32):
            raise BackbeatError(
                f"target: found {stft.batch} of {like.dtype} on {like.device.type}; must be one, float32 on a CPU"
            )
        self._samples = stft.samples
        self._held: list[Tensor] = []  # what the library is pointed at
        pairs = list(zip(loss.resolutions, stft.spectra, strict=True))
        with_mel = sum(spectrum.mel is not None for _, spectrum in pairs)
        mel = loss.log_mel / max(with_mel, 1)
        rows = [self._resolution(loss, each, spectrum, stft.sample_rate, mel) for each, spectrum in pairs]
        self._rows = (LossResolution * len(rows))(*rows)
        self._target = LossTarget(self._samples, len(rows), self._rows, self._envelope(loss, target))
        self._kept = int(found.backbeat_loss_kept(ctypes.byref(self._target)))

    def __call__(self, estimate: Audio) -> Float[Tensor, " batch"]:
        """Compare estimates (batch, 1, samples), float32, with the target: (batch,).

        Raises:
            BackbeatError: if the shapes do not fit, or it is something else than float32 on a CPU.
            KernelError: within a transform of `torch.func`.
        """
        if torch._C._are_functorch_transforms_active():
            raise KernelError("drum_loss: torch.func has no rule for C++; use DrumLoss")
        signal = mono_like(estimate, "estimate", batch=1, samples=self._samples)
        if (signal.device.type, signal.dtype) != ("cpu", torch.float32):
            raise BackbeatError(f"estimate: {signal.dtype} on {signal.device.type}, must be float32 on cpu")
        losses: Tensor = _Compared.apply(signal.contiguous(), self)  # type: ignore[no-untyped-call]
        return losses

    def compare(self, signal: Mono) -> tuple[Tensor, Tensor]:
        """Losses (batch,) of sounds (batch, samples), and what `differentiate` needs of them."""
        losses, kept = signal.new_empty(len(signal)), signal.new_empty(len(signal), self._kept)
        self._call("compare", signal, losses, kept)
        return losses, kept

    def differentiate(self, signal: Mono, kept: Tensor, grad_losses: Float[Tensor, " batch"]) -> Mono:
        """The gradient of the sounds by that of the losses."""
        grad_signal = torch.empty_like(signal)
        self._call("differentiate", signal, kept, grad_losses, grad_signal)
        return grad_signal

    def _call(self, name: str, signal: Tensor, *others: Tensor) -> None:
        pointers = (each.data_ptr() for each in (signal, *others))
        function = getattr(self._library, f"backbeat_loss_{name}")
        check(function(ctypes.byref(self._target), len(signal), torch.get_num_threads(), *pointers))

    def _resolution(
        self, loss: DrumLoss, size: Resolution, target: SpectrumTarget, sample_rate: int, mel: float
    ) -> LossResolution:
        if size.fft & (size.fft - 1) or not size.fft >= _SHORTEST:
            raise BackbeatError(f"fft: found {size.fft}; in C++ it must be a power of two, {_SHORTEST} at least")
        like, count = target.magnitude, len(loss.resolutions)
        cells = like.shape[1:], 0 if target.mel is None else target.mel.level.shape[-1]
        wanted = (1 + self._samples // size.hop, size.fft // 2 + 1), size.mel_bands if loss.log_mel else 0
        if cells != wanted:
            raise BackbeatError(f"target: found {cells} frames, bins and bands; of {size} there are {wanted}")
        shares = torch.zeros(size.fft // 2 + 1, 0)
        if target.mel is not None:
            shares = mel_filterbank(size.mel_bands, size.fft, sample_rate, like.device, like.dtype)
        bins, bands = shares.nonzero(as_tuple=True)
        return LossResolution(
            length=size.fft,
            hop=size.hop,
            frames=like.shape[1],
            bands=shares.shape[1],
            convergence=loss.convergence / count,
            log_magnitude=loss.log_magnitude / count,
            log_mel=mel,
            offset=float(target.offset),
            norm=float(target.norm),
            mel_reference=1.0 if target.mel is None else float(target.mel.reference),
            mel_floor=0.0 if target.mel is None else target.mel.floor,
            window=self._hold(hann(size.window, size.fft, like.device, like.dtype)),
            magnitude=self._hold(_by_chunk(target.magnitude)),
            level=self._hold(_by_chunk(target.log_magnitude)),
            mel_level=None if target.mel is None else self._hold(_by_chunk(target.mel.level)),
            mel_audible=None if target.mel is None else self._hold(_by_chunk(target.mel.audible.float())),
            first_share=self._hold(torch.searchsorted(bins, torch.arange(len(shares) + 1))),
            band_of_share=self._hold(bands),
            share=self._hold(shares[bins, bands]),
        )

    def _envelope(self, loss: DrumLoss, target: DrumTarget) -> LossEnvelope:
        envelope = target.envelope
        if envelope is None:
            return LossEnvelope(block=1, blocks=0)
        return LossEnvelope(
            block=envelope.block,
            blocks=envelope.levels.level.shape[-1],
            weight=loss.envelope,
            reference=float(envelope.levels.reference),
            floor=envelope.levels.floor,
            level=self._hold(envelope.levels.level),
            audible=self._hold(envelope.levels.audible.float()),
        )

    def _hold(self, values: Tensor) -> int:
        """Keep values for as long as the library is pointed at them: where they lie."""
        self._held.append(values.contiguous())
        return self._held[-1].data_ptr()


def _by_chunk(cells: Float[Tensor, "1 frames columns"]) -> Float[Tensor, "chunks columns chunk_frames"]:
    """For each chunk of frames and each column, those frames."""
    whole = pad(cells[0], (0, 0, 0, -cells.shape[1] % LOSS_FRAMES))
    return whole.reshape(-1, LOSS_FRAMES, cells.shape[2]).permute(0, 2, 1).contiguous()


class _Compared(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, signal: Tensor, loss: KernelDrumLoss) -> Tensor:
        losses, kept = loss.compare(signal)
        ctx.loss = loss
        ctx.save_for_backward(signal, kept)
        return losses

    @staticmethod
    def backward(ctx: Any, grad_losses: Tensor) -> tuple[Tensor, None]:
        if torch.is_grad_enabled():
            raise KernelError("drum_loss: C++ has no second derivative; use DrumLoss")
        return ctx.loss.differentiate(*ctx.saved_tensors, grad_losses.contiguous()), None
