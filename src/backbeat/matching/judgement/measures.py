"""What the judgements measure of a sound: pure functions of signals, float64, (samples,); names end in their units.

A level in dB is energy, `10 log10 Σ x²`, unless it says otherwise.
"""

import math
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from backbeat.audio.conditioning import resample
from backbeat.dsp import measures
from backbeat.dsp.loudness import energy_db
from backbeat.losses.envelope import block_power
from backbeat.losses.pitch import HOP_S, LOWEST_HZ, pitch_track
from backbeat.types import Series

Sound: TypeAlias = Float[Tensor, " samples"]
Renderings: TypeAlias = Float[Tensor, "seeds samples"]
"""One patch with several seeds of its noise."""

_TINY = 1e-20
_LOW_HZ, _HIGH_HZ, _BINS_PER_ST, _FLOOR_DB, _MOST_ST = 40.0, 14000.0, 8, -50.0, 12
_FIRST_S = 0.01
_FIRST_PITCH_S, _FIRST_CYCLES, _LOUD = 0.03, 2.0, 0.1
_PARTIALS_RATE, _MOST_POLES, _LEAST_POLE = 8000, 24, 0.01
_ABOVE = 1.5
"""Times the frequency of the strongest partial: its harmonics lie above."""
_LEAST_TONES = 0.02
"""Of the noise's energy: a few seeds do not tell less from nothing."""


def decay_time_s(sound: Sound, sample_rate: int) -> float:
    """`backbeat.dsp.measures.decay_time_s` of a sound."""
    return measures.decay_time_s(sound.square().numpy(), sample_rate)


def spectrum_shift_st(first: Sound | Renderings, second: Sound | Renderings, sample_rate: int) -> float:
    """Semitones by which the second sound's long-term spectrum lies above the first's.

    Power in bins of 1/8 semitone from 40 Hz to 14 kHz, in dB above -50 dB of the highest bin. Of the shifts up to an
    octave either way, the one with the highest correlation coefficient over the bins that both have; 0 where none
    correlates. Of several renderings it is the mean power: that of the noise itself, not of one realisation.
    """
    one, other = (_levels_by_pitch(sound, sample_rate) for sound in (first, second))
    bins = len(one)
    shifts = sorted(range(-_MOST_ST * _BINS_PER_ST, _MOST_ST * _BINS_PER_ST + 1), key=abs)
    agreement = [correlation(one[max(0, -k) : bins - max(0, k)], other[max(0, k) : bins - max(0, -k)]) for k in shifts]
    return shifts[int(np.argmax(agreement))] / _BINS_PER_ST


def _levels_by_pitch(sound: Sound | Renderings, sample_rate: int) -> Tensor:
    """Bins of power, in dB above -50 dB of the highest bin, 0 below it, (bins,)."""
    narrowest_hz = _LOW_HZ * (2.0 ** (1.0 / (12 * _BINS_PER_ST)) - 1.0)
    fft = 1 << math.ceil(math.log2(max(sound.shape[-1], sample_rate / narrowest_hz)))
    power = torch.fft.rfft(sound, fft).abs().square().reshape(-1, fft // 2 + 1).mean(0).numpy()
    edges_hz = _LOW_HZ * 2.0 ** (np.arange(int(12 * _BINS_PER_ST * math.log2(_HIGH_HZ / _LOW_HZ)) + 1) / 96.0)
    below_hz = (np.arange(len(power) + 1) - 0.5) * (sample_rate / fft)
    in_bins = np.diff(np.interp(edges_hz, below_hz, np.concatenate(([0.0], power.cumsum()))))
    level_db = 10.0 * np.log10(in_bins / max(in_bins.max(), _TINY) + _TINY)
    return torch.from_numpy(np.maximum(level_db - _FLOOR_DB, 0.0))


def correlation(first: Tensor, second: Tensor) -> float:
    """Pearson's coefficient of two signals of one length; 0 where one is constant."""
    one, other = first - first.mean(), second - second.mean()
    scale = float(one.square().sum() * other.square().sum()) ** 0.5
    return float(one @ other) / scale if scale > 0.0 else 0.0


def centroid_hz(sound: Sound, sample_rate: int) -> float:
    """`backbeat.dsp.measures.centroid_hz` of a sound."""
    return measures.centroid_hz(sound.numpy(), sample_rate)


def level_db(sound: Sound) -> float:
    """Energy."""
    return float(energy_db(sound))


def peak_db(sound: Sound) -> float:
    """The highest sample, dB of full scale."""
    return 20.0 * math.log10(float(sound.abs().max()) + _TINY)


def difference_db(first: Sound, second: Sound) -> float:
    """Energy of the difference of two sounds against the first's."""
    return level_db(first - second) - level_db(first)


def first_share_db(sound: Sound, sample_rate: int) -> float:
    """Energy of the first 10 ms against that of the rest."""
    first = round(_FIRST_S * sample_rate)
    return level_db(sound[:first]) - level_db(sound[first:])


def density_db(sound: Sound) -> float:
    """How high the whole sound is beside its peak: RMS over peak."""
    return level_db(sound) - 10.0 * math.log10(len(sound)) - peak_db(sound)


def harmonics_db(sound: Sound, sample_rate: int) -> float:
    """Energy above 1.5 times the frequency of the strongest partial against that of the whole sound."""
    power = torch.fft.rfft(sound).abs().square()
    begin = math.ceil(_ABOVE * max(int(power[1:].argmax()) + 1, 1))
    return 10.0 * math.log10(float(power[begin:].sum() / power.sum().clamp(min=_TINY)) + _TINY)


def pitch_drop_st(sound: Sound, sample_rate: int) -> float | None:
    """Semitones that the pitch at first lies above the settled pitch; none where one has none (`pitches_hz`)."""
    first_hz, settled_hz = pitches_hz(sound, sample_rate)
    return 12.0 * math.log2(first_hz / settled_hz) if first_hz and settled_hz else None


def pitches_hz(sound: Sound, sample_rate: int) -> tuple[float | None, float | None]:
    """The pitch at first, and the settled pitch; none where no partial is clearly the loudest.

    The settled pitch is the median of the loudest partial's frequency over time, its level as weight (`pitch_track`):
    over the later half of the frames with a pitch after the first 30 ms. At first is within 30 ms, or two cycles of the
    settled pitch: less has no pitch. The pitch there is the partial within 10 dB of the loudest (`partials`) that is
    nearest to the settled one: an overtone that is louder at first is no drop.
    """
    hz, level = pitch_track(sound, sample_rate)
    frames = round(_FIRST_PITCH_S / HOP_S) + 1
    later = torch.nonzero(level[frames:] > 0.0).flatten() + frames
    if not len(later):
        first_hz, energy = _first_partials(sound, sample_rate, _FIRST_PITCH_S)
        return (float(first_hz[energy.argmax()]) if len(first_hz) else None), None
    later = later[len(later) // 2 :]
    settled_hz = _median(hz[later], level[later])
    first_hz, energy = _first_partials(sound, sample_rate, max(_FIRST_PITCH_S, _FIRST_CYCLES / settled_hz))
    loud_hz = first_hz[energy > _LOUD * energy.max(initial=0.0)]
    nearest = np.abs(np.log(loud_hz / settled_hz))
    return (float(loud_hz[nearest.argmin()]) if len(loud_hz) else None), settled_hz


def _first_partials(sound: Sound, sample_rate: int, first_s: float) -> tuple[Series, Series]:
    """Those of the first seconds of a sound."""
    heard = resample(sound.numpy(), sample_rate, _PARTIALS_RATE)[0]
    return partials(heard[: round(first_s * _PARTIALS_RATE)], _PARTIALS_RATE)


def partials(sound: Series, sample_rate: int) -> tuple[Series, Series]:
    """Frequencies in Hz and energies of the damped sinusoids that a few cycles are made of, by ESPRIT.

    The signal space of the Hankel matrix of x is spanned by its left singular vectors U; the poles are the eigenvalues
    of the least-squares `U₁⁺ U₂`, without its last and its first row; amplitudes follow by least squares.

    References:
        | ESPRIT: Estimation of Signal Parameters via Rotational Invariance Techniques (Roy, Kailath, IEEE Transactions
        | on Acoustics, Speech and Signal Processing 37(7), 1989)
    """
    hankel = np.lib.stride_tricks.sliding_window_view(sound, len(sound) // 2).T
    vectors, sizes, _ = np.linalg.svd(hankel, full_matrices=False)
    order = min(_MOST_POLES, int((sizes > max(_LEAST_POLE * sizes[0], _TINY)).sum()))
    if not order:
        return np.zeros(0), np.zeros(0)
    space = vectors[:, :order]
    poles = np.linalg.eigvals(np.linalg.lstsq(space[:-1], space[1:], rcond=None)[0])
    turns = poles ** np.arange(len(sound))[:, None]
    weights = np.linalg.lstsq(turns, sound.astype(complex), rcond=None)[0]
    hz = np.angle(poles) * (sample_rate / (2.0 * math.pi))
    kept = (hz > LOWEST_HZ) & (hz < 0.49 * sample_rate)
    return hz[kept], (np.abs(turns * weights) ** 2).sum(0)[kept]


def pitched_share(sound: Sound, sample_rate: int) -> float:
    """Of a sound's energy, what falls into frames of `pitch_track` in which one partial is clearly the loudest."""
    _, level = pitch_track(sound, sample_rate)
    power = block_power(sound, max(1, round(HOP_S * sample_rate)))
    frames = min(len(power), len(level))
    return float(power[:frames][level[:frames] > 0.0].sum() / power[:frames].sum().clamp(min=_TINY))


def _median(values: Tensor, weights: Tensor) -> float:
    order = values.argsort()
    running = weights[order].cumsum(0)
    return float(values[order][int((running >= 0.5 * running[-1]).int().argmax())])


def noise_and_tones(sounds: Renderings) -> tuple[float, float]:
    """Energies of what changes with the seed, the noise, and of what does not, the tones.

    Of K renderings the mean m holds the tones and 1/K of the noise: `N = Σ (x_k - m)² / (K - 1)`, `T = Σ m² - N / K`.
    Both are without bias, where tones and noise add up; what a clipper makes of the two together counts to the noise.
    """
    mean = sounds.mean(0)
    noise = float((sounds - mean).square().sum()) / (len(sounds) - 1)
    return noise, max(float(mean.square().sum()) - noise / len(sounds), 0.0)


def noise_gain_db(before: Renderings, after: Renderings) -> float:
    """By how much the noise gains against the tones; by itself, where before there are no tones (-17 dB beside it)."""
    (noise, tones), (noise_after, tones_after) = noise_and_tones(before), noise_and_tones(after)
    gain_db = 10.0 * math.log10((noise_after + _TINY) / (noise + _TINY))
    if tones < _LEAST_TONES * noise:
        return gain_db
    return gain_db - 10.0 * math.log10(max(tones_after, _TINY) / tones)


def high_passed(sound: Sound, sample_rate: int, cutoff_hz: float) -> Sound:
    """The sound without what lies below a frequency, by a Fourier transform of the whole."""
    spectrum = torch.fft.rfft(sound, 2 * len(sound))
    spectrum[: math.ceil(cutoff_hz * 2 * len(sound) / sample_rate)] = 0.0
    return torch.fft.irfft(spectrum)[: len(sound)]
