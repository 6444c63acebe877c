"""What the inverter hears: mel bands over the whole sound, the attack in fine steps, the bottom, and its pitch."""

import math
from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Complex, Float
from torch import Tensor
from torch.nn.functional import pad

from backbeat.dsp.fourier import rfft
from backbeat.losses import mel_spectrogram_db
from backbeat.types import Audio

SAMPLE_RATE = 44100
SECONDS = 1.0
SAMPLES = round(SECONDS * SAMPLE_RATE)
"""Longer sounds are cut, shorter ones filled with silence."""

_FLOOR_DB = -80.0
_HOP, _MEL_BANDS = 441, 64
_ATTACK_HOP, ATTACK_ROWS, ATTACK_FRAMES = 64, 32, 64
_DECIMATION, _FFT = 32, 49_152
_PASSED_HZ, _STOPPED_HZ = 700.0, 1100.0
_LOW_RATE = SAMPLE_RATE / _DECIMATION
_LOW_FFT, _LOW_BINS = 256, 80
_PITCH_WINDOWS = 64, 128
"""46 ms, which can follow a sweep, and 93 ms, which tells a low pitch from its neighbours."""
_LOWEST_HZ, _HIGHEST_HZ = 20.0, 500.0
_SILENCE = 1e-12
_AT_ONCE = 8
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
    if audio.device.type != "cpu":
        return _features(audio)
    parts = [_features(some) for some in torch.split(audio, _AT_ONCE)]  # whose spectra stay in a processor's cache
    return Features(*(torch.cat(each) for each in zip(*parts, strict=True)))


def _features(audio: Audio) -> Features:
    sound, peak = _normal(audio)
    mel = _scaled(mel_spectrogram_db(sound, SAMPLE_RATE, hop=_HOP, bands=_MEL_BANDS, floor_db=_FLOOR_DB))
    begin = sound[:, : _ATTACK_HOP * ATTACK_FRAMES]
    attack = mel_spectrogram_db(begin, SAMPLE_RATE, window=256, hop=_ATTACK_HOP, bands=ATTACK_ROWS, floor_db=_FLOOR_DB)
    spectra = [_Windowed(_ringing(sound), window) for window in _PITCH_WINDOWS]
    bottom_db = 20.0 * torch.log10(spectra[-1].magnitudes()[..., :_LOW_BINS].clamp(min=10.0 ** (_FLOOR_DB / 20.0)))
    pitches = [each for spectrum in spectra for each in _pitch(spectrum)]
    rows = torch.cat([mel[..., :FRAMES], _scaled(bottom_db.mT), torch.stack(pitches, dim=1)], dim=1)
    return Features(rows, _scaled(attack[..., :ATTACK_FRAMES]), _facts(pitches, peak))


@torch.no_grad()
def pitch(audio: Audio) -> Float[Tensor, "batch 2 frames"]:
    """The last two rows of `Features.whole` alone: the pitch of sounds, as a long window tells it, and its level."""
    return torch.stack(_pitch(_Windowed(_ringing(_normal(audio)[0]), _PITCH_WINDOWS[-1])), dim=1)


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
    """The analytic signal below 1 kHz, at a thirty-second of the rate: its spectrum's bottom, transformed back."""
    kept = _FFT // _DECIMATION
    hz = torch.arange(kept, device=sound.device) * (SAMPLE_RATE / _FFT)
    fall = ((hz - _PASSED_HZ) / (_STOPPED_HZ - _PASSED_HZ)).clamp(0.0, 1.0)
    gain = (1.0 + torch.cos(math.pi * fall)) / _DECIMATION
    return torch.fft.ifft(rfft(sound, _FFT)[:, :kept] * gain)


def _scaled(level_db: Tensor) -> Tensor:
    return level_db / (-0.5 * _FLOOR_DB) + 1.0


class _Windowed:
    """Spectra of frames every 10 ms, centred, under a Hann window and under its derivative, (batch, frames, bins).

    Both windows are sums of turning phasors, and so both spectra are sums of shifted ones under no window.
    """

    def __init__(self, ringing: Complex[Tensor, "batch decimated"], window: int) -> None:
        starts = (torch.arange(FRAMES, device=ringing.device) * (_HOP / _DECIMATION)).round().long()
        padded = pad(ringing, (window // 2, window))
        frames = padded[:, starts.unsqueeze(-1) + torch.arange(window, device=ringing.device)]
        plain = torch.fft.fft(frames, _LOW_FFT)
        shift, bins = _LOW_FFT // window, _LOW_FFT // 2
        above = plain[..., shift : bins + shift]
        below = torch.cat([plain[..., -shift:], plain[..., : bins - shift]], dim=-1)
        self.window = window
        self.spectra = 0.5 * plain[..., :bins] - 0.25 * (above + below)
        self.derived = (below - above) * (-0.5j * math.pi / window)

    def magnitudes(self) -> Float[Tensor, "batch frames bins"]:
        """Amplitudes of sines."""
        return self.spectra.abs() * (2.0 / self.window)


def _pitch(windowed: _Windowed) -> tuple[Tensor, Tensor]:
    """Octaves above 100 Hz of the loudest partial below 500 Hz, and its level, every 10 ms.

    Its frequency is reassigned: `ω - Im(X_h' / X_h)` for a Hann window h (Auger, Flandrin 1995).
    """
    bin_hz = _LOW_RATE / _LOW_FFT
    first, last = round(_LOWEST_HZ / bin_hz), round(_HIGHEST_HZ / bin_hz)
    magnitudes = windowed.magnitudes()
    level, peak = magnitudes[..., first:last].max(-1, keepdim=True)
    peak = first + peak
    at_peak = windowed.spectra.gather(-1, peak)
    turned = (windowed.derived.gather(-1, peak) * at_peak.conj()).imag / at_peak.abs().square().clamp(min=_SILENCE)
    hz = (peak * bin_hz - turned * (_LOW_RATE / (2.0 * math.pi))).squeeze(-1).clamp(_LOWEST_HZ, _HIGHEST_HZ)
    level_db = 20.0 * torch.log10(level.squeeze(-1).clamp(min=1e-4))
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
