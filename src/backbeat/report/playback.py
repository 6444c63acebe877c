"""Two sounds made ready to be compared by ear: no clipping, equal loudness, a form that browsers play."""

import io
import math
import wave
from dataclasses import dataclass

import torch

from backbeat.types import Audio

PCM_16_STEPS = 32_767


@dataclass(frozen=True)
class Playback:
    """How to play two sounds so that only their sound differs.

    Attributes:
        headroom: factor, at most 1, that keeps both within full scale; the same for both.
        target_gain: factor, at most 1, on top of it.
        match_gain: factor, at most 1, on top of it; one of the two gains is 1.
        explanation: the gains in words, in dB.
    """

    headroom: float
    target_gain: float
    match_gain: float
    explanation: str


def level_matched(target: Audio, match: Audio) -> Playback:
    """Find the gains that give both sounds the RMS of the quieter one.

    `target_gain = min(1, RMS(match) / RMS(target))`, and the other way round: the louder is turned down,
    since turning the quieter up could clip. Silence has no level to match: both gains are then 1.

    Args:
        target: (1, 1, samples).
        match: (1, 1, samples), as long.
    """
    headroom = 1.0 / max(1.0, target.abs().max().item(), match.abs().max().item())
    target_rms, match_rms = _rms(target), _rms(match)
    if target_rms == 0.0 or match_rms == 0.0:
        return Playback(headroom, 1.0, 1.0, "One of the sounds is silent: both play at their own level.")
    target_gain, match_gain = min(1.0, match_rms / target_rms), min(1.0, target_rms / match_rms)
    louder, gain = ("target", target_gain) if target_gain < match_gain else ("match", match_gain)
    explanation = (
        f"Level-matched: the {louder} is turned down by {20.0 * math.log10(1.0 / gain):.1f} dB, "
        "so that both have the same RMS."
    )
    return Playback(headroom, target_gain, match_gain, explanation)


def wav_bytes(audio: Audio, sample_rate: int) -> bytes:
    """Encode a sound within full scale as a 16-bit WAV file.

    Args:
        audio: (1, 1, samples), within ±1.
        sample_rate: in Hz.
    """
    # WAV is little-endian wherever it is written.
    steps = (audio[0, 0] * PCM_16_STEPS).round().to(torch.int16).numpy().astype("<i2")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(steps.tobytes())
    return buffer.getvalue()


def _rms(audio: Audio) -> float:
    return audio.double().square().mean().sqrt().item()
