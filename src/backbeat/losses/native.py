"""`DrumLoss` in C++, for estimates of one target: what a search asks for hundreds of times."""

import ctypes
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from backbeat.errors import BackbeatError, NativeError
from backbeat.losses.combine import DrumLoss, DrumTarget
from backbeat.losses.inputs import mono_like
from backbeat.losses.spectra import Resolution, hann, mel_filterbank
from backbeat.losses.stft import SpectrumTarget
from backbeat.native.library import check, load
from backbeat.types import Audio


class NativeDrumLoss:
    """A `DrumLoss` beside one target, in float32 on a CPU; the same to rounding, several times as fast.

    Args:
        loss: whose weights and resolutions it has.
        target: of a single sound, from its `prepare`.

    Raises:
        NativeError: where it cannot be compiled here.
        BackbeatError: where the target is a batch, lies elsewhere or was prepared by another loss, or the length of a
            transform is no power of two.
    """

    def __init__(self, loss: DrumLoss, target: DrumTarget) -> None:
        self._library = load("drum_loss")
        self._library.kept.restype = ctypes.c_int64
        self._lanes = int(self._library.lanes())
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
        self._rows = (_Resolution * len(rows))(*rows)
        self._target = _Target(self._samples, len(rows), self._rows, self._envelope(loss, target))
        self._kept = int(self._library.kept(ctypes.byref(self._target)))

    def __call__(self, estimate: Audio) -> Float[Tensor, " batch"]:
        """Compare estimates (batch, 1, samples), float32, with the target: (batch,).

        Raises:
            BackbeatError: if the shapes do not fit, or it is something else than float32 on a CPU.
            NativeError: within a transform of `torch.func`.
        """
        if torch._C._are_functorch_transforms_active():
            raise NativeError("drum_loss: torch.func has no rule for C++; use DrumLoss")
        signal = mono_like(estimate, "estimate", batch=1, samples=self._samples)
        if (signal.device.type, signal.dtype) != ("cpu", torch.float32):
            raise BackbeatError(f"estimate: {signal.dtype} on {signal.device.type}, must be float32 on cpu")
        losses: Tensor = _Compared.apply(signal.contiguous(), self)  # type: ignore[no-untyped-call]
        return losses

    def compare(self, signal: Tensor) -> tuple[Tensor, Tensor]:
        """Losses (batch,) of sounds (batch, samples), and what `slopes` needs of them."""
        losses, kept = signal.new_empty(len(signal)), signal.new_empty(len(signal), self._kept)
        self._call("compare", signal, losses, kept)
        return losses, kept

    def slopes(self, signal: Tensor, kept: Tensor, slope: Tensor) -> Tensor:
        """Slopes of the sounds by those of the losses, (batch,)."""
        found = torch.empty_like(signal)
        self._call("differentiate", signal, kept, slope, found)
        return found

    def _call(self, name: str, signal: Tensor, *others: Tensor) -> None:
        pointers = (ctypes.c_void_p(each.data_ptr()) for each in (signal, *others))
        counts = (ctypes.c_int64(each) for each in (len(signal), torch.get_num_threads()))
        status = getattr(self._library, name)(ctypes.byref(self._target), *counts, *pointers)
        check(status, "drum_loss")

    def _resolution(
        self, loss: DrumLoss, size: Resolution, target: SpectrumTarget, sample_rate: int, mel: float
    ) -> "_Resolution":
        if size.fft & (size.fft - 1) or not self._lanes <= size.fft:
            raise BackbeatError(f"fft: found {size.fft}; in C++ it must be a power of two, {self._lanes} at least")
        like, count = target.magnitude, len(loss.resolutions)
        cells = like.shape[1:], 0 if target.mel is None else target.mel.level.shape[-1]
        wanted = (1 + self._samples // size.hop, size.fft // 2 + 1), size.mel_bands if loss.log_mel else 0
        if cells != wanted:
            raise BackbeatError(f"target: found {cells} frames, bins and bands; of {size} there are {wanted}")
        shares = torch.zeros(size.fft // 2 + 1, 0)
        if target.mel is not None:
            shares = mel_filterbank(size.mel_bands, size.fft, sample_rate, like.device, like.dtype)
        bins, bands = shares.nonzero(as_tuple=True)
        return _Resolution(
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
            magnitude=self._hold(self._by_chunk(target.magnitude)),
            level=self._hold(self._by_chunk(target.log_magnitude)),
            mel_level=None if target.mel is None else self._hold(self._by_chunk(target.mel.level)),
            mel_audible=None if target.mel is None else self._hold(self._by_chunk(target.mel.audible.float())),
            first_share=self._hold(torch.searchsorted(bins, torch.arange(len(shares) + 1))),
            band_of_share=self._hold(bands),
            share=self._hold(shares[bins, bands]),
        )

    def _envelope(self, loss: DrumLoss, target: DrumTarget) -> "_Envelope":
        envelope = target.envelope
        if envelope is None:
            return _Envelope(block=1, blocks=0)
        return _Envelope(
            block=envelope.block,
            blocks=envelope.levels.level.shape[-1],
            weight=loss.envelope,
            reference=float(envelope.levels.reference),
            floor=envelope.levels.floor,
            level=self._hold(envelope.levels.level),
            audible=self._hold(envelope.levels.audible.float()),
        )

    def _by_chunk(self, cells: Float[Tensor, "1 frames columns"]) -> Float[Tensor, "chunks columns 2 lanes"]:
        """For each chunk of two frames a lane and each column, those frames."""
        frames = 2 * self._lanes
        whole = pad(cells[0], (0, 0, 0, -cells.shape[1] % frames))
        return whole.reshape(-1, 2, self._lanes, cells.shape[2]).permute(0, 3, 1, 2).contiguous()

    def _hold(self, values: Tensor) -> int:
        """Keep values for as long as the library is pointed at them: where they lie."""
        self._held.append(values.contiguous())
        return self._held[-1].data_ptr()


class _Compared(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, signal: Tensor, loss: NativeDrumLoss) -> Tensor:
        losses, kept = loss.compare(signal)
        ctx.loss = loss
        ctx.save_for_backward(signal, kept)
        return losses

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        if torch.is_grad_enabled():
            raise NativeError("drum_loss: C++ has no second derivative; use DrumLoss")
        return ctx.loss.slopes(*ctx.saved_tensors, slope.contiguous()), None


class _Resolution(ctypes.Structure):
    """As in `native/source/drum_loss.cpp`."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("length", "hop", "frames", "bands")),
        *((name, ctypes.c_double) for name in ("convergence", "log_magnitude", "log_mel")),
        *((name, ctypes.c_double) for name in ("offset", "norm", "mel_reference", "mel_floor")),
        *((name, ctypes.c_void_p) for name in ("window", "magnitude", "level", "mel_level", "mel_audible")),
        *((name, ctypes.c_void_p) for name in ("first_share", "band_of_share", "share")),
    )


class _Envelope(ctypes.Structure):
    _fields_ = (
        ("block", ctypes.c_int64),
        ("blocks", ctypes.c_int64),
        *((name, ctypes.c_double) for name in ("weight", "reference", "floor")),
        ("level", ctypes.c_void_p),
        ("audible", ctypes.c_void_p),
    )


class _Target(ctypes.Structure):
    _fields_ = (
        ("samples", ctypes.c_int64),
        ("resolutions", ctypes.c_int64),
        ("resolution", ctypes.POINTER(_Resolution)),
        ("envelope", _Envelope),
    )
