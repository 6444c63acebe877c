"""Reading one-shots.

Every file is treated as hostile: what is read is bounded before it is allocated, a header's claims only ever
shrink it, and whatever goes wrong is an `AudioError`.
"""

import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from backbeat.audio.bounds import Frames, check_finite, check_layout
from backbeat.audio.channels import mix
from backbeat.audio.chatter import overheard
from backbeat.audio.conditioning import SILENCE, describe, onset, resample, usual_rate
from backbeat.audio.headers import FORMATS, UNREADABLE, check_file
from backbeat.errors import AudioError
from backbeat.types import Audio

MIN_SAMPLES = 32
MAX_PEAK = 1e6
"""120 dB over full scale: even unscaled 16-bit integers stay far below, and its powers far inside float32."""

SEARCH_SECONDS = 600.0
"""How far into a file a sound is looked for."""

LEAD_SECONDS = 0.005
"""Kept before a sound that was looked for, so that a soft attack is not cut."""

MAX_VALUES = 2**25
"""Frames × channels held at once: 128 MiB, or 10 s of 16 channels at 192 kHz."""

_UNKNOWN_LENGTH = 2**63 - 1  # libsndfile's frame count where a header leaves it open, as streams do
# libsndfile corrects a size that runs past the end of the file, and tells only its log.
_CORRECTED_SIZE = re.compile(r"(?:data|SSND|Data Size)\s*: (\d+) \(should be (\d+)\)")
_PREFIX = re.compile(r"(\[.*?\] )?(Note|Warning|error): ")  # of mpg123's lines
_DAMAGE = re.compile(r"layer\d\.c:.* error: (.*\w)|(Illegal Audio-MPEG-Header .*\w)")  # other errors are those of tags


@dataclass(frozen=True)
class Recording:
    """A one-shot, ready to match.

    Attributes:
        audio: (1, 1, samples), float32, finite; full scale is ±1.
        sample_rate: 44100 or 48000 Hz.
        notes: what was done to use the file and what is odd about it, one sentence each.
    """

    audio: Audio
    sample_rate: int
    notes: tuple[str, ...]


def read(path: str | Path, *, max_seconds: float = 10.0, sample_rate: int | None = None) -> Recording:
    """Read a one-shot: mono, at 44.1 or 48 kHz, at most `max_seconds` long.

    Channels are averaged, or the loudest is used where a mix would harm its sound (see `mix`). Multiples of
    48 kHz are resampled to 48 kHz, other rates to 44.1 kHz. Level and DC offset stay. So does silence before the
    sound, except where it fills half of `max_seconds` and the file is longer: then the sound is looked for further on.

    Args:
        path: a WAV, AIFF, FLAC, OGG or MP3 file (or another that libsndfile knows).
        max_seconds: the longest sound to return, in seconds, up to `SEARCH_SECONDS`.
        sample_rate: to resample to instead, in Hz.

    Raises:
        AudioError: if the file cannot be opened or decoded, is silent, shorter than `MIN_SAMPLES`, not
            finite, louder than `MAX_PEAK`, or out of bounds in sample rate or channels.
    """
    path = Path(path)
    if not 0.0 < max_seconds <= SEARCH_SECONDS:
        raise AudioError(f"max_seconds: {max_seconds}; allowed: above 0, up to {SEARCH_SECONDS:g} s")
    import soundfile  # where it is used: rendering, and matching what is rendered, need no decoder

    check_file(path)
    said: list[str] = []
    try:
        with overheard(said), soundfile.SoundFile(os.fsencode(path)) as sound:
            check_layout(path, sound.samplerate, sound.channels)
            file_rate: int = sound.samplerate
            frames, notes = _read_frames(path, sound, max_seconds)
        notes += _damage_notes(said) + describe(frames)
        mono, mix_notes = mix(frames, file_rate)
        sample_rate = sample_rate or usual_rate(file_rate)
        mono, rate_notes = resample(mono, file_rate, sample_rate)
    except UNREADABLE as error:
        # Soundfile's own message repeats the path, and libsndfile's of a failed decoder tells another's fault.
        reason = _PREFIX.sub("", said[-1]) if said else getattr(error, "error_string", str(error))
        raise AudioError(f"{path}: no sound that can be read ({reason}); allowed: {FORMATS}") from error
    # Again, because a mix or the resampling of an ultrasonic tone may leave nothing.
    _check_sounding(path, mono[:, None], len(mono) / sample_rate)
    audio = torch.from_numpy(mono.astype(np.float32)).reshape(1, 1, -1)
    return Recording(audio, sample_rate, (*notes, *mix_notes, *rate_notes))


def _read_frames(path: Path, sound: Any, max_seconds: float) -> tuple[Frames, list[str]]:
    """Read the part of an open file that is kept, with notes on what was left out."""
    rate: int = sound.samplerate
    longest = min(round(max_seconds * rate), MAX_VALUES // sound.channels)
    frames, skipped = _skip_silence(path, sound, longest)
    needed = math.ceil(MIN_SAMPLES * max(1.0, rate / usual_rate(rate)))
    if len(frames) < needed:
        cut = f" of the {sound.frames} that its header claims" if sound.frames > skipped + len(frames) else ""
        raise AudioError(f"{path}: {len(frames)} samples{cut} at {rate} Hz; allowed: at least {needed}")
    _check_sounding(path, frames, (skipped + len(frames)) / rate)
    peak = float(np.abs(frames).max())
    if peak > MAX_PEAK:
        raise AudioError(f"{path}: peak {peak:.3g}; allowed: up to {MAX_PEAK:g} (full scale is 1)")

    notes = []
    if skipped:
        notes.append(f"Skipped {skipped / rate:.3f} s of silence before the sound.")
    held = skipped + len(frames)
    if len(frames) == longest and len(_take(path, sound, 1)):
        total = "unknown length" if sound.frames == _UNKNOWN_LENGTH else f"{sound.frames / rate:g} s"
        notes.append(f"Cut to {longest / rate:g} s (the file: {total}).")
    elif held < sound.frames != _UNKNOWN_LENGTH:
        notes.append(f"The header claims {sound.frames} samples; {held} could be read.")
    return frames, notes + _size_notes(sound.extra_info)


def _skip_silence(path: Path, sound: Any, longest: int) -> tuple[Frames, int]:
    """Read up to `longest` frames, and return them with the number of frames skipped before them.

    Skips silence only where it would fill half of them or more and the file goes on afterwards.
    """
    lead = min(round(LEAD_SECONDS * sound.samplerate), longest // 4)
    last_start = SEARCH_SECONDS * sound.samplerate
    frames, skipped = _take(path, sound, longest), 0
    while len(frames) == longest and (first := onset(frames)) >= longest / 2 and skipped < last_start:
        drop = first - lead
        fresh = _take(path, sound, drop)
        if not len(fresh):
            break
        frames = np.concatenate((frames[drop:], fresh))
        skipped += drop
    first = onset(frames)
    if skipped and lead < first < len(frames):  # the file ended meanwhile
        frames = frames[first - lead :]
        skipped += first - lead
    return frames, skipped


def _take(path: Path, sound: Any, count: int) -> Frames:
    """Read up to `count` frames: fewer at the end of the file, or where it is damaged."""
    from soundfile import LibsndfileError

    block = np.full((min(count, sound.frames), sound.channels), np.nan, np.float32)
    try:
        taken: Frames = sound.read(out=block)
    except LibsndfileError:
        # soundfile then forgets how much was decoded: what is still NaN was not reached.
        unreached = np.isnan(block).any(axis=1)
        taken = block[: int(unreached.argmax())] if unreached.any() else block
    check_finite(path, taken)
    return taken


def _check_sounding(path: Path, frames: NDArray[np.floating], seconds: float) -> None:
    if onset(frames) == len(frames):
        floor_db = 20 * math.log10(SILENCE)
        raise AudioError(
            f"{path}: silent: nothing to match in {seconds:.4g} s of a constant {frames[0, 0]:.3g}; "
            f"allowed: a sound above {floor_db:.0f} dBFS"
        )


def _size_notes(log: str) -> list[str]:
    """Repeat what libsndfile's log says about a size in the header that is not true."""
    if corrected := _CORRECTED_SIZE.search(log):
        return [f"The header claims {corrected[1]} bytes of sound; the file holds {corrected[2]}."]
    if "Exiting parser" in log:
        return ["More data follows the sound that the header announces; it was not read."]
    return []


def _damage_notes(said: list[str]) -> list[str]:
    """Repeat the first that an MP3's decoder says about a frame that it cannot decode; it goes on with the next."""
    for line in said:
        if found := _DAMAGE.search(line):
            return [f"Damaged: the decoder says {(found[1] or found[2])!r}."]
    return []
