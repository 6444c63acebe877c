"""Distances as others publish them, so that results can be set beside theirs.

References:
    | Differentiable Modelling of Percussive Audio with Transient and Spectral Synthesis (Shier, Caspe, Robertson,
      Sandler, Saitis, McPherson, Forum Acusticum 2023): drumblender
"""

import torch
from jaxtyping import Float
from torch import Tensor

from backbeat.losses.inputs import TargetAudio, mono
from backbeat.losses.spectra import Resolution, power_spectrogram
from backbeat.losses.stft import MultiResolutionSTFT
from backbeat.types import Audio, Mono

DRUMBLENDER_RATE_HZ = 48_000
_SAMPLES = 2 * DRUMBLENDER_RATE_HZ
_MSS = MultiResolutionSTFT(
    (Resolution(600, 120, 1024), Resolution(1200, 240, 2048), Resolution(240, 50, 512)),
    padding="reflect",
    log_floor=0.0,
    magnitude_floor=1e-4,
)
_LSD = Resolution(8092, 64, 8092)
_LSD_OFFSET = 1e-8


@torch.no_grad()
def drumblender_distances(estimate: Audio, target: TargetAudio) -> tuple[float, float]:
    """MSS and LSD as in drumblender's table: at 48 kHz, on the first 2 s, both sounds padded with zeros to that.

    - MSS: windows 600, 1200, 240; FFT 1024, 2048, 512; hops 120, 240, 50: spectral convergence + mean difference of
      log magnitudes, mean of the three.
    - LSD: FFT 8092 (as published), hop 64: `ln(power + 1e-8)`, root mean square over frequency, mean over time.

    Args:
        estimate: (1, 1, n), at 48 kHz.
        target: (1, 1, m), at 48 kHz.

    Raises:
        BackbeatError: if a shape is not that.
    """
    t, e = (_two_seconds(mono(sound, name)) for sound, name in ((target, "target"), (estimate, "estimate")))
    mss = _MSS(_MSS.prepare(t[:, None], DRUMBLENDER_RATE_HZ), e[:, None])
    logs = [(power_spectrogram(sound, _LSD, padding="reflect") + _LSD_OFFSET).log() for sound in (t, e)]
    lsd = (logs[0] - logs[1]).square().mean(-1).sqrt().mean()
    return float(mss.mean()), float(lsd)


def _two_seconds(sound: Mono) -> Float[Tensor, "... two_seconds"]:
    return torch.nn.functional.pad(sound.double(), (0, _SAMPLES - sound.shape[-1]))
