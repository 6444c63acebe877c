"""A sound as a short vector: near vectors are sounds that are alike."""

from itertools import pairwise
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from backbeat.losses import mel_spectrogram_db
from backbeat.matching.onset import onsets
from backbeat.types import Audio

Likeness: TypeAlias = NDArray[np.float16]

_BANDS, _FLOOR_DB = 32, -60.0
_SECONDS, _HOP_S, _WINDOW_S = 1.0, 0.004, 0.0232
_SPANS = (0, 1, 2, 3, 4, 6, 8, 11, 16, 22, 32, 45, 63, 89, 126, 178, 250)
"""Where spans begin and end, in hops."""
SIZE = _BANDS * (len(_SPANS) - 1)


def likeness(audio: Audio, sample_rate: int) -> Likeness:
    """Mean levels in 32 mel bands and 16 spans of the first second, each span longer than the one before.

    Levels are in dB below the sound's peak, -60 at the least, so that a softer copy of a sound is like it. Time begins
    at the onset.

    Args:
        audio: (1, 1, samples).
        sample_rate: in Hz.

    Returns:
        (512,).
    """
    sounding = audio[0, 0, int(onsets(audio, sample_rate)) :][: round(_SECONDS * sample_rate)].float()
    whole = torch.nn.functional.pad(sounding, (0, round(_SECONDS * sample_rate) - sounding.numel()))
    levels_db = mel_spectrogram_db(
        whole / whole.abs().max().clamp(min=1e-9),
        sample_rate,
        window=round(_WINDOW_S * sample_rate),
        hop=round(_HOP_S * sample_rate),
        bands=_BANDS,
        floor_db=_FLOOR_DB,
    )
    means = [levels_db[:, first:last].mean(-1) for first, last in pairwise(_SPANS)]
    return torch.stack(means).flatten().numpy().astype(np.float16)


def distances_db(sound: Likeness, others: Likeness) -> NDArray[np.float32]:
    """Root mean square of the differences in level between a sound (N,) and others (count, N), in dB."""
    differences = others.astype(np.float32) - sound.astype(np.float32)
    return np.sqrt(np.mean(np.square(differences), axis=-1))
