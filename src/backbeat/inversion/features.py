"""What the inverter hears: mel bands over the whole sound, the attack in fine steps, the bottom, and its pitch."""

import math
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Complex, Float
from torch import Tensor
from torch.nn.functional import conv1d, pad

from backbeat.losses import mel_spectrogram_db
from backbeat.losses.pitch import analytic
from backbeat.types import Audio

SAMPLE_RATE = 44100
SECONDS = 1.0
SAMPLES = round(SECONDS * SAMPLE_RATE)
"""Longer sounds are cut, shorter ones filled with silence."""

_FLOOR_DB = -80.0
_HOP, _MEL_BANDS = 441, 64
_ATTACK_HOP, ATTACK_ROWS, ATTACK_FRAMES = 64, 32, 64
_DECIMATION, _TAPS = 16, 257
_LOW_RATE = SAMPLE_RATE / _DECIMATION
_LOW_WINDOW, _LOW_FFT, _LOW_BINS = 256, 512, 80
_PITCH_WINDOWS, _PITCH_FFT = (110, 256), 512
"""40 ms, which can follow a sweep, and 93 ms, which tells a low pitch from its neighbours."""
_LOWEST_HZ, _HIGHEST_HZ = 20.0, 500.0
_SILENCE = 1e-12
FRAMES = SAMPLES // _HOP
WHOLE_ROWS = _MEL_BANDS + _LOW_BINS + 2 * len(_PITCH_WINDOWS)
SPANS = 16
"""Stretches of time whose mean pitch is told on its own, each longer than the one before."""
FACTS = 2 * SPANS * len(_PITCH_WINDOWS) + 1


class Features(NamedTuple):
    """Of a batch.

    Attributes:
        whole: mel bands, bins up to 430 Hz, pitches and their levels, every 10 ms, (batch, rows, frames).
        attack: mel bands every 1.5 ms for the first tenth of a second, (batch, rows, frames).
        facts: pitches and their levels in spans of time, and the peak's level, (batch, facts).
    """

    whole: Float[Tensor, "batch rows frames"]
    attack: Float[Tensor, "batch bands steps"]
    facts: Float[Tensor, "batch facts"]


@torch.no_grad()
def features(audio: Audio) -> Features:
    """Of sounds (batch, 1, samples) at `SAMPLE_RATE` that begin at once; all numbers are some -1 to 1."""
    sound, peak = _normal(audio)
    mel = _scaled(mel_spectrogram_db(sound, SAMPLE_RATE, hop=_HOP, bands=_MEL_BANDS, floor_db=_FLOOR_DB))
    begin = sound[:, : _ATTACK_HOP * ATTACK_FRAMES]
    attack = mel_spectrogram_db(begin, SAMPLE_RATE, window=256, hop=_ATTACK_HOP, bands=ATTACK_ROWS, floor_db=_FLOOR_DB)
    ringing = _ringing(sound)
    bottom = _spectrum(ringing, torch.hann_window(_LOW_WINDOW, device=sound.device), _LOW_FFT)[..., :_LOW_BINS].abs()
    bottom_db = 20.0 * torch.log10((bottom * (2.0 / _LOW_WINDOW)).clamp(min=10.0 ** (_FLOOR_DB / 20.0)))
    pitches = [each for window in _PITCH_WINDOWS for each in _pitch(ringing, window)]
    rows = torch.cat([mel[..., :FRAMES], _scaled(bottom_db.mT), torch.stack(pitches, dim=1)], dim=1)
    return Features(rows, _scaled(attack[..., :ATTACK_FRAMES]), _facts(pitches, peak))


@torch.no_grad()
def pitch(audio: Audio) -> Float[Tensor, "batch 2 frames"]:
    """The last two rows of `Features.whole` alone: the pitch of sounds, as a long window tells it, and its level."""
    return torch.stack(_pitch(_ringing(_normal(audio)[0]), _PITCH_WINDOWS[-1]), dim=1)


def pitch_gap(
    target: Float[Tensor, "1 2 frames"], estimate: Float[Tensor, "batch 2 frames"]
) -> Float[Tensor, " batch"]:
    """Octaves by which a target's pitch lies above an estimate's: the median over time, by the level of the softer.

    Where it counts is late: a sweep is heard at the onset, and what it settles at after that.

    Args:
        target: `pitch` of one sound.
        estimate: of a batch.
    """
    (octaves, level), (found, found_level) = target.unbind(1), estimate.unbind(1)
    late = torch.arange(FRAMES, device=level.device) / FRAMES
    weight = 10.0 ** (2.0 * torch.minimum(level, found_level)) * late
    gap, order = (octaves - found).sort(dim=-1)
    below = weight.gather(-1, order).cumsum(-1)
    middle = (below < 0.5 * below[:, -1:]).sum(-1, keepdim=True).clamp(max=FRAMES - 1)
    return gap.gather(-1, middle).squeeze(-1)


def _normal(audio: Audio) -> tuple[Float[Tensor, "batch samples"], Float[Tensor, "batch 1"]]:
    """Sounds of `SAMPLES`, at full scale, and their peaks."""
    sound = pad(audio[:, 0], (0, max(0, SAMPLES - audio.shape[-1])))[:, :SAMPLES]
    peak = sound.abs().amax(-1, keepdim=True).clamp(min=1e-6)
    return sound / peak, peak


def _ringing(sound: Float[Tensor, "batch samples"]) -> Complex[Tensor, "batch decimated"]:
    """The analytic signal below 1 kHz, at a sixteenth of the rate."""
    taps = _lowpass(sound.device)
    return analytic(conv1d(pad(sound, (_TAPS // 2, _TAPS // 2)).unsqueeze(1), taps, stride=_DECIMATION)[:, 0])


def _scaled(level_db: Tensor) -> Tensor:
    return level_db / (-0.5 * _FLOOR_DB) + 1.0


def _pitch(ringing: Complex[Tensor, "batch samples"], window: int) -> tuple[Tensor, Tensor]:
    """Octaves above 100 Hz of the loudest partial below 500 Hz, and its level, every 10 ms.

    Its frequency is reassigned: `ω - Im(X_h' / X_h)` for a Hann window h (Auger, Flandrin 1995).
    """
    turns = 2.0 * math.pi * torch.arange(window, device=ringing.device) / window
    spectrum = _spectrum(ringing, torch.hann_window(window, device=ringing.device), _PITCH_FFT)
    by_window_step = _spectrum(ringing, math.pi / window * torch.sin(turns), _PITCH_FFT)
    bin_hz = _LOW_RATE / _PITCH_FFT
    first, last = round(_LOWEST_HZ / bin_hz), round(_HIGHEST_HZ / bin_hz)
    peak = first + spectrum[..., first:last].abs().argmax(-1, keepdim=True)
    at_peak = spectrum.gather(-1, peak)
    turned = (by_window_step.gather(-1, peak) * at_peak.conj()).imag / at_peak.abs().square().clamp(min=_SILENCE)
    hz = (peak * bin_hz - turned * (_LOW_RATE / (2.0 * math.pi))).squeeze(-1).clamp(_LOWEST_HZ, _HIGHEST_HZ)
    level_db = 20.0 * torch.log10((at_peak.abs().squeeze(-1) * (2.0 / window)).clamp(min=1e-4))
    return torch.log2(hz / 100.0), _scaled(level_db)


def _facts(pitches: list[Tensor], peak: Tensor) -> Float[Tensor, "batch facts"]:
    """Means over spans of time of pitches, by power, and the greatest levels; then the peak in dB over 40.

    Args:
        pitches: octaves and level, in turn.
        peak: of the sound, (batch, 1).
    """
    edges = [round(FRAMES * (k / SPANS) ** 1.7) for k in range(SPANS + 1)]
    found = []
    for octaves, level in zip(pitches[::2], pitches[1::2], strict=True):
        weight = 10.0 ** (4.0 * level)
        for start, stop in pairwise(edges):
            span = slice(start, max(stop, start + 1))
            heavy = weight[:, span]
            found += [(octaves[:, span] * heavy).sum(-1) / heavy.sum(-1), level[:, span].amax(-1)]
    return torch.stack([*found, torch.log10(peak.squeeze(-1)) / 2.0], dim=-1)


def _spectrum(ringing: Complex[Tensor, "batch samples"], shape: Tensor, fft: int) -> Complex[Tensor, "..."]:
    """Positive half of the spectra of frames every 10 ms, centred, (batch, frames, bins)."""
    window = len(shape)
    starts = (torch.arange(FRAMES, device=ringing.device) * (_HOP / _DECIMATION)).round().long()
    padded = pad(ringing, (window // 2, window))
    frames = padded[:, starts.unsqueeze(-1) + torch.arange(window, device=ringing.device)]
    return torch.fft.fft(frames * shape, fft)[..., : fft // 2]


@lru_cache(maxsize=4)
def _lowpass(device: torch.device) -> Float[Tensor, "1 1 taps"]:
    """Before one of sixteen samples is kept: -6 dB at 1 kHz."""
    offsets = torch.arange(_TAPS, dtype=torch.float64) - _TAPS // 2
    width = 2.0 * 1000.0 / SAMPLE_RATE
    kernel = torch.sinc(width * offsets) * torch.hamming_window(_TAPS, periodic=False, dtype=torch.float64)
    with torch.inference_mode(False):
        return (kernel / kernel.sum()).float().reshape(1, 1, -1).to(device)
