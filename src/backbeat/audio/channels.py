"""From the channels of a sound file to one: their mean where that keeps the sound, else the loudest channel."""

import numpy as np
from numpy.typing import NDArray

from backbeat.audio.bounds import Frames
from backbeat.audio.conditioning import onset

MOST_LOSS_DB = 4.5
"""Between the 3 dB that the mean of two unrelated channels of one level loses, and the 6 dB of one beside silence."""

LEAST_SHARE = 0.01
"""Of the loudest channel's energy: an octave that holds less is not looked at."""

_LEAST_RELATED = 0.5
"""Correlation from which on two channels hold the same sound; unrelated noise of 50 ms stays below 0.15."""
_LEAST_ALIGNED = 0.5
"""Of that correlation, where neither channel is moved; less is another time."""
_LOWEST_HZ = 16.0
_FLOOR = 1e-12


def mix(frames: Frames, sample_rate: int) -> tuple[NDArray[np.float64], list[str]]:
    """Average the channels that sound, (frames, channels) -> (frames,), or take the loudest where that would harm it.

    It would where it loses more than `MOST_LOSS_DB` of the loudest channel in an octave with `LEAST_SHARE` of that
    channel's energy or more, or where another channel holds the same sound at another time: a comb, or an echo. So the
    mean, of however many channels, is nowhere more than `MOST_LOSS_DB` softer than the loudest. DC is left out of this.

    Returns:
        The one channel, and notes with what was done, one sentence each.
    """
    count = frames.shape[1]
    if count == 1:
        return frames[:, 0].astype(np.float64), []
    sounding = [channel for channel in range(count) if onset(frames[:, channel : channel + 1]) < len(frames)]
    loudest = max(sounding, key=lambda channel: float(frames[:, channel].var(dtype=np.float64)))
    alone = frames[:, loudest].astype(np.float64)
    if len(sounding) == 1:
        return alone, [f"Used channel {loudest + 1} of {count} alone: the only one that sounds."]
    mixed = frames[:, sounding].mean(axis=1, dtype=np.float64)
    others = [channel for channel in sounding if channel != loudest]
    if harm := _loss(alone, mixed, sample_rate) or _comb(alone, frames, others, sample_rate):
        return alone, [f"Used channel {loudest + 1} of {count} alone: {harm}."]
    whole = "" if len(sounding) == count else f"{len(sounding)} of "
    return mixed, [f"Mixed {whole}{count} channels to mono."]


def _loss(alone: NDArray[np.float64], mixed: NDArray[np.float64], sample_rate: int) -> str:
    """In which octave a mix is too much softer than a channel alone, and by how much; empty if in none."""
    before, after = (np.abs(_spectrum(each)) ** 2 for each in (alone, mixed))
    hz = np.linspace(0.0, sample_rate / 2.0, len(before))
    octave = np.round(np.log2(np.maximum(hz, _LOWEST_HZ) / 1000.0)).astype(int)
    lowest = int(octave[0])
    before, after = (np.bincount(octave - lowest, each) for each in (before, after))
    audible = np.flatnonzero(before >= LEAST_SHARE * before.sum())
    losses_db = 10.0 * np.log10(before[audible] / np.maximum(after[audible], _FLOOR * before[audible]))
    worst = np.lexsort((before[audible], losses_db.round(1)))[-1]  # of those that lose as much, the one that holds most
    if losses_db[worst] <= MOST_LOSS_DB:
        return ""
    middle_hz = 1000.0 * 2.0 ** (lowest + int(audible[worst]))
    return f"a mix would lose {losses_db[worst]:.1f} dB of it in the octave around {middle_hz:g} Hz"


def _comb(alone: NDArray[np.float64], frames: Frames, others: list[int], sample_rate: int) -> str:
    """Which other channel holds the sound of a channel at another time, and when; empty if none does."""
    loud = _spectrum(alone)
    for channel in others:
        other = _spectrum(frames[:, channel])
        related = np.fft.irfft(other * loud.conj())
        peak = int(np.abs(related).argmax())
        most = abs(related[peak])
        same = 2.0 / len(related) * np.linalg.norm(loud) * np.linalg.norm(other)  # the most it can be
        if peak and most >= _LEAST_RELATED * same and related[0] < _LEAST_ALIGNED * most:
            lag = peak if peak <= len(related) // 2 else peak - len(related)
            moved = f"{1e3 * abs(lag) / sample_rate:.2f} ms {'later' if lag > 0 else 'earlier'}"
            return f"channel {channel + 1} holds the same sound {moved}, and a mix would hold it twice"
    return ""


def _spectrum(channel: NDArray[np.floating]) -> NDArray[np.complex128]:
    """The spectrum of a channel without its DC, from 0 Hz to the Nyquist frequency, in 2^k + 1 values."""
    centred = channel - channel.mean(dtype=np.float64)
    spectrum: NDArray[np.complex128] = np.fft.rfft(centred, 1 << (len(centred) - 1).bit_length())
    return spectrum
