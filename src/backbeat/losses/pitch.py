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

from backbeat.losses.inputs import TargetAudio, single
from backbeat.types import Audio, Mono

LOWEST_HZ, HIGHEST_HZ = 25.0, 4000.0
_WINDOW_S, HOP_S = 0.04, 0.0025
_PADDING = 2
_LOBE_HZ = 2.0 / _WINDOW_S
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
    half = round(0.5 * _WINDOW_S * sample_rate)
    hop = max(1, round(HOP_S * sample_rate))
    step = math.pi / half
    turns = step * torch.arange(2 * half, dtype=torch.float64)
    window, window_step = 0.5 - 0.5 * torch.cos(turns), 0.5 * step * torch.sin(turns)
    fft = _PADDING << (2 * half - 1).bit_length()
    frames = analytic(pad(signal.detach().cpu().double(), (half, half))).unfold(-1, 2 * half, hop)
    spectrum, by_window_step = (torch.fft.fft(frames * shape, fft)[:, : fft // 2] for shape in (window, window_step))
    bin_hz = sample_rate / fft
    power = spectrum.abs().square()
    low, high = math.ceil(LOWEST_HZ / bin_hz), min(power.shape[-1], math.ceil(HIGHEST_HZ / bin_hz))
    peak = low + power[:, low:high].argmax(-1, keepdim=True)
    at_peak = spectrum.gather(-1, peak)
    turned = (by_window_step.gather(-1, peak) / torch.where(at_peak == 0.0, 1.0, at_peak)).imag
    hz = (peak * bin_hz - turned * (sample_rate / (2.0 * math.pi))).squeeze(-1)
    near = ((torch.arange(power.shape[-1]) - peak) * bin_hz).abs() <= _LOBE_HZ
    clear = (power * near).sum(-1) >= _CLEAR * power.sum(-1)
    level = at_peak.abs().squeeze(-1)
    audible = clear & (level > _QUIETEST * level.max()) & (hz > 0.0)
    return hz.clamp(min=LOWEST_HZ), torch.where(audible, level, 0.0)


def analytic(signal: Mono) -> Complex[Tensor, "... samples"]:
    """The signal without its negative frequencies, whose skirts would pull at a low pitch."""
    fft = 2 << (signal.shape[-1] - 1).bit_length()
    spectrum = torch.fft.fft(signal, fft)
    spectrum[..., fft // 2 :] = 0.0
    return torch.fft.ifft(spectrum)[..., : signal.shape[-1]]


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
