"""Sounds as FLAC in memory, for datasets and pages."""

import io

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from backbeat.audio.writing import rounded
from backbeat.errors import AudioError

FLAC_FULL_SCALE = 32767.0 / 32768.0
"""What 16 bits hold at most."""
_COMPRESSION = 0.4
"""A tenth smaller than the least, and hardly slower."""


def to_flac(audio: Float[Tensor, "*channels samples"], sample_rate: int) -> bytes:
    """A sound in 16 bits, of one channel where it has no axis of them; what lies beyond full scale is clipped.

    Raises:
        AudioError: at a sample rate that FLAC does not have.
    """
    import soundfile

    steps = rounded(audio.detach().cpu().numpy().T, 16).astype(np.int16)
    encoded = io.BytesIO()
    try:
        soundfile.write(encoded, steps, sample_rate, format="FLAC", subtype="PCM_16", compression_level=_COMPRESSION)
    except (RuntimeError, ValueError) as error:
        raise AudioError(f"sample_rate: FLAC cannot hold {sample_rate} Hz ({error})") from error
    return encoded.getvalue()


def from_flac(data: bytes, name: str) -> tuple[Float[Tensor, " samples"], int]:
    """A mono sound and its sample rate.

    Raises:
        AudioError: naming the sound, where it is none.
    """
    import soundfile

    try:
        frames, sample_rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except (RuntimeError, ValueError) as error:
        raise AudioError(f"{name}: no FLAC that can be read ({getattr(error, 'error_string', error)})") from error
    if frames.shape[1] != 1:
        raise AudioError(f"{name}: found {frames.shape[1]} channels; must be 1")
    return torch.from_numpy(frames[:, 0].copy()), sample_rate
