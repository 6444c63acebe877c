"""Pitch over time of the loudest partial, and how far two sounds are apart in it, in cents.

References:
    | Improving the Readability of Time-Frequency and Time-Scale Representations by the Reassignment Method
      (Auger, Flandrin, IEEE Transactions on Signal Processing 43(5), 1995)
"""

import math

import torch
from jaxtyping import Complex, Float
from torch import Tensor
from torch.nn.functional import pad

from backbeat.dsp.fourier import fast_length
from backbeat.losses.inputs import TargetAudio, single
from backbeat.types import Audio, Mono

LOWEST_HZ, HIGHEST_HZ = 25.0, 4000.0
HOP_S, _WINDOW_HOPS = 0.0025, 16
_PER_HOP, _KEPT = 16, 0.8
"""Samples at which frames are analysed, and the share of that rate up to which their spectrum counts."""
_HALF = _WINDOW_HOPS * _PER_HOP // 2
_PADDING = 2
_LOBE_HZ = 2.0 / (_WINDOW_HOPS * HOP_S)
_QUIETEST = 0.01
_CLEAR = 0.5
_OCTAVE_CENTS = 1200.0


@torch.no_grad()
def pitch_track(
    signal: Float[Tensor, " samples"], sample_rate: int
) -> tuple[Float[Tensor, " frames"], Float[Tensor, " frames"]]:
    """Frequency of the loudest partial every 2.5 ms, and its level, 0 where there is none.

    The partial is the highest peak from 25 Hz to 4 kHz under a Hann window h of 40 ms; its frequency is reassigned:
    `ω - Im(X_h' / X_h)`. There is one where the peak is within 40 dB of the loudest, and holds half of its frame's
    energy.

    Args:
        signal: (samples,).
        sample_rate: in Hz.

    Returns:
        hz and level, each (frames,), float64; frame k is centred on k · 2.5 ms, rounded to a sample.
    """
    hop = max(1, round(HOP_S * sample_rate))
    step = math.pi / _HALF
    window, window_step = _hann(_HALF), 0.5 * step * torch.sin(step * torch.arange(2 * _HALF, dtype=torch.float64))
    side = _WINDOW_HOPS // 2 * hop
    whole, slow = _analytic(pad(signal.detach().cpu().double(), (side, side)), hop)
    frames = slow.unfold(-1, 2 * _HALF, _PER_HOP)[: len(signal) // hop + 1]
    fft, ratio = 2 * _HALF * _PADDING, hop / _PER_HOP
    rate = sample_rate / ratio
    spectrum, by_window_step = (ratio * torch.fft.fft(frames * shape, fft) for shape in (window, window_step))
    bin_hz = rate / fft
    power = spectrum.abs().square()
    low, high = math.ceil(LOWEST_HZ / bin_hz), math.ceil(min(HIGHEST_HZ, 0.5 * sample_rate) / bin_hz)
    peak = low + power[:, low:high].argmax(-1, keepdim=True)
    at_peak = spectrum.gather(-1, peak)
    turned = (by_window_step.gather(-1, peak) / torch.where(at_peak == 0.0, 1.0, at_peak)).imag
    hz = (peak * bin_hz - turned * (rate / (2.0 * math.pi))).squeeze(-1)
    near = ((torch.arange(fft) - peak) * bin_hz).abs() <= _LOBE_HZ
    energy = whole.abs().square().unfold(-1, 2 * side, hop) @ _hann(side).square()
    clear = (power * near).sum(-1) >= _CLEAR * (fft * ratio) * energy
    level = at_peak.abs().squeeze(-1)
    audible = clear & (level > _QUIETEST * level.max()) & (hz > 0.0)
    return hz.clamp(min=LOWEST_HZ), torch.where(audible, level, 0.0)


def _hann(half: int) -> Float[Tensor, " samples"]:
    """A Hann window of twice as many samples."""
    return 0.5 - 0.5 * torch.cos((math.pi / half) * torch.arange(2 * half, dtype=torch.float64))


def _analytic(signal: Mono, hop: int) -> tuple[Complex[Tensor, " samples"], Complex[Tensor, " slow"]]:
    """The signal without its negative frequencies, whose skirts would pull at a low pitch.

    At its own rate, and at 16 samples a hop without what lies above 5 kHz: a pitch is looked for below that.
    """
    hops = fast_length(2 * math.ceil(len(signal) / hop))
    spectrum = torch.fft.rfft(signal, hops * hop)
    below = spectrum[: round(_KEPT * _PER_HOP * hops)]
    slow = torch.fft.ifft(below, hops * _PER_HOP) * (_PER_HOP / hop)
    return torch.fft.ifft(spectrum, hops * hop)[: len(signal)], slow


def pitch_error_cents(estimate: Audio, target: TargetAudio, sample_rate: int) -> float | None:
    """Mean `|1200 log2(f_e / f_t)|` over the frames where the target has a pitch, by the target's level.

    A frame counts an octave at most, and an octave where the estimate has no pitch. None if the target has none.

    Args:
        estimate: (1, 1, n); cut or padded to the target's length.
        target: (1, 1, m).
        sample_rate: in Hz.

    Raises:
        BackbeatError: if a shape is not that.
    """
    t, e = single(target, "target")[0], single(estimate, "estimate")[0]
    hz, level = pitch_track(t, sample_rate)
    if not bool(level.any()):
        return None
    found_hz, found_level = pitch_track(pad(e, (0, len(t) - len(e))), sample_rate)
    cents = (_OCTAVE_CENTS * torch.log2(found_hz / hz)).abs().clamp(max=_OCTAVE_CENTS)
    cents = torch.where(found_level > 0.0, cents, _OCTAVE_CENTS)
    return float((level * cents).sum() / level.sum())
