"""The yardstick: four distances from a target to an estimate, by which matches are judged.

They are measured in float64 and not meant for descent; `backbeat.losses.combine` is.
"""

from dataclasses import asdict, dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from backbeat.losses.envelope import block_power, block_samples
from backbeat.losses.inputs import TargetAudio, single
from backbeat.losses.levels import level_db, mean_where, peak_power
from backbeat.losses.spectra import Resolution, mel_filterbank, power_spectrogram, quarter_hop
from backbeat.losses.stft import MultiResolutionSTFT
from backbeat.types import Audio, Mono

MEL_RESOLUTIONS = (
    quarter_hop(2048, mel_bands=64),
    quarter_hop(1024, mel_bands=64),
    quarter_hop(256, mel_bands=32),
)
LSD_RESOLUTION = quarter_hop(2048)
SPECTRAL_FLOOR_DB = -70.0
ENVELOPE_FLOOR_DB = -50.0
ENVELOPE_BLOCK_S = 0.005


@dataclass(frozen=True)
class Distances:
    """How far an estimate is from its target; 0 if they are the same sound.

    Attributes:
        mel_db: mean difference of mel bands, over three resolutions, dB.
        lsd_db: log-spectral distance, dB.
        mrstft: multi-resolution STFT distance: spectral convergence + log-magnitude difference in nepers.
        envelope_db: mean difference of RMS in 5 ms blocks, dB.
    """

    mel_db: float
    lsd_db: float
    mrstft: float
    envelope_db: float

    def as_dict(self) -> dict[str, float]:
        """Return the four by name, in order."""
        return asdict(self)


@torch.no_grad()
def distances(estimate: Audio, target: TargetAudio, sample_rate: int) -> Distances:
    """Measure the four distances from a target t to an estimate e.

    No alignment, no gain match; e is cut, or extended with zeros, to t's length. In all four, levels are
    relative to t's peak cell of the spectrogram or envelope in question, at that resolution.

    - mel: at (window, hop, bands) = (2048, 512, 64), (1024, 256, 64), (256, 64, 32): mean power of each
      triangular band in dB, floored at -70 dB; mean |difference| over cells where t or e is
      above the floor; mean of the three.
    - LSD: (2048, 512), bins in dB, floored at -70 dB; root mean square over frequency, mean over all frames.
    - MR-STFT: windows 2048, 1024, 512, 256, 128, hop a quarter:
      `‖T - E‖ / ‖T‖ + mean |ln(T + a) - ln(E + a)|`, `a = 1e-4 max T`; mean of the five.
    - envelope: RMS in 5 ms blocks in dB, floored at -50 dB; mean |difference| where t or e is above it.

    What this leaves open is settled so: windows are periodic Hann windows, as long as their FFT. Frames are
    centred on multiples of the hop, with zeros around the sound, 1 + samples // hop of them. The mel scale is
    `2595 log10(1 + f / 700)`, with the feet of the outermost bands on 20 Hz and 18 kHz (or Nyquist); a band
    without a bin takes the nearest one. A block is `round(0.005 · sample_rate)` samples long, the first
    starts at sample 0, and zeros complete the last. If t is silent, levels are relative to 1 (and norms
    divided by 1), so that every distance is finite, and 0 if e is silent too.

    Args:
        estimate: (1, 1, n).
        target: (1, 1, m).
        sample_rate: in Hz.

    Raises:
        BackbeatError: if a shape is not that, or the sample rate is too low for mel bands.
    """
    t, e = (
        single(audio, name).to("cpu", torch.float64) for audio, name in ((target, "target"), (estimate, "estimate"))
    )
    e = _fit_length(e, t.shape[-1])
    mel = torch.stack([_mel_db(t, e, resolution, sample_rate) for resolution in MEL_RESOLUTIONS]).mean()
    mrstft = MultiResolutionSTFT()
    return Distances(
        mel_db=mel.item(),
        lsd_db=_lsd_db(t, e).item(),
        mrstft=mrstft(mrstft.prepare(t[:, None], sample_rate), e[:, None]).item(),
        envelope_db=_envelope_db(t, e, sample_rate).item(),
    )


def _fit_length(audio: Mono, samples: int) -> Float[Tensor, "... fitted"]:
    return torch.nn.functional.pad(audio, (0, samples - audio.shape[-1]))


def _mel_db(t: Mono, e: Mono, resolution: Resolution, sample_rate: int) -> Tensor:
    bank = mel_filterbank(resolution.mel_bands, resolution.fft, sample_rate, t.device, t.dtype)
    t_power, e_power = (power_spectrogram(sound, resolution) @ bank for sound in (t, e))
    return _audible_difference_db(t_power, e_power, floor_db=SPECTRAL_FLOOR_DB)


def _lsd_db(t: Mono, e: Mono) -> Tensor:
    t_power, e_power = (power_spectrogram(sound, LSD_RESOLUTION) for sound in (t, e))
    reference = peak_power(t_power)
    t_db, e_db = (level_db(power, reference, floor_db=SPECTRAL_FLOOR_DB) for power in (t_power, e_power))
    return (t_db - e_db).square().mean(dim=-1).sqrt().mean()


def _envelope_db(t: Mono, e: Mono, sample_rate: int) -> Tensor:
    block = block_samples(ENVELOPE_BLOCK_S, sample_rate)
    t_power, e_power = (block_power(sound, block) for sound in (t, e))
    return _audible_difference_db(t_power, e_power, floor_db=ENVELOPE_FLOOR_DB)


def _audible_difference_db(t_power: Tensor, e_power: Tensor, *, floor_db: float) -> Tensor:
    reference = peak_power(t_power)
    t_db, e_db = (level_db(power, reference, floor_db=floor_db) for power in (t_power, e_power))
    # Asked of powers: the logarithm of the floor may come out a rounding error above `floor_db`.
    audible = torch.maximum(t_power, e_power) > reference * 10.0 ** (floor_db / 10.0)
    return mean_where((t_db - e_db).abs(), audible)
