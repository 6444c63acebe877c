"""The samples of a kit in a folder of its own, named for people, in a form that every sampler plays as it is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import numpy as np

from backbeat.audio.bounds import Frames
from backbeat.audio.pcm import WavLayout, decode, layout_of
from backbeat.audio.writing import write
from backbeat.errors import KitError
from backbeat.files import distinct
from backbeat.samplers.description import SampledKit, SampledPad, Take
from backbeat.samplers.layers import without_holes
from backbeat.samplers.names import safe_name


@dataclass(frozen=True)
class Sample:
    """One take in the folder.

    Attributes:
        file: its name, safe.
        tune_st: how much higher than the file it is played, semitones.
        layout: of the WAV file.
    """

    file: str
    tune_st: float
    layout: WavLayout


@dataclass(frozen=True)
class Zone:
    """The samples of one range of velocities, from `low` to `high`, played in turn."""

    low: int
    high: int
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class PlacedPad:
    """A pad whose samples are in the folder.

    Attributes:
        pad: whose notes, choke group and output hold; level, pan and gains are in the samples.
        name: safe, and that of no other pad.
        zones: from velocity 1 to 127, without holes.
    """

    pad: SampledPad
    name: str
    zones: tuple[Zone, ...]

    @property
    def in_turn(self) -> bool:
        """Whether any zone has more than one sample."""
        return any(len(zone.samples) > 1 for zone in self.zones)


def place(kit: SampledKit, folder: Path) -> tuple[tuple[PlacedPad, ...], tuple[str, ...]]:
    """Copy the samples of a kit into a folder, as PAD_vLAYER_rTAKE.wav.

    A file that is PCM of 16 or 24 bits, without loops, is copied as it is. Any other, and one that its pad or take
    plays at another level or pan, is written anew at 24 bits with both applied: players differ in their laws of both.

    Args:
        kit: with files that can be read.
        folder: to write to; it must exist.

    Returns:
        The pads, and notes on what was clipped.

    Raises:
        AudioError: if a sample cannot be read or written.
        OSError: if a file cannot be copied.
    """
    pads: list[PlacedPad] = []
    clipped = count = 0
    names = distinct((safe_name(pad.name) for pad in kit.pads), "_")
    for pad, name in zip(kit.pads, names, strict=True):
        layers = without_holes(pad.layers)
        zones = []
        for step, layer in enumerate(layers, 1):
            samples = []
            for turn, take in enumerate(layer.takes, 1):
                file = f"{name}_v{step:0{len(str(len(layers)))}}_r{turn:0{len(str(len(layer.takes)))}}.wav"
                layout, too_loud = _copy(pad, take, folder / file)
                clipped += too_loud
                count += 1
                samples.append(Sample(file, take.tune_st, layout))
            zones.append(Zone(layer.low, layer.high, tuple(samples)))
        pads.append(PlacedPad(pad, name, tuple(zones)))
    said = f"{clipped} of {count} samples are louder than a file can hold at their level, and were clipped."
    return tuple(pads), (said,) if clipped else ()


def _copy(pad: SampledPad, take: Take, target: Path) -> tuple[WavLayout, bool]:
    """Write one take; say how it is laid out, and whether it was clipped."""
    gain_db = pad.level_db + take.gain_db
    layout = layout_of(take.file)
    if layout is not None and layout.plain and gain_db == 0.0 and pad.pan == 0.0:
        shutil.copyfile(take.file, target)
        return layout, False
    frames, sample_rate = decode(take.file)
    frames = _panned(frames, pad.pan) * np.float32(10.0 ** (gain_db / 20.0))
    notes = write(target, np.ascontiguousarray(frames.T)[None], sample_rate, bit_depth="24")
    written = layout_of(target)
    assert written is not None
    return written, bool(notes)


def _panned(frames: Frames, pan: float) -> Frames:
    """At most two channels, the far one turned down: left · min(1, 1 - pan), right · min(1, 1 + pan)."""
    frames = frames[:, :2]
    if pan == 0.0:
        return frames
    panned: Frames = np.broadcast_to(frames, (len(frames), 2)) * np.array(
        [min(1.0, 1.0 - pan), min(1.0, 1.0 + pan)], np.float32
    )
    return panned


def check_new(path: Path) -> None:
    """Refuse a path that is there, other than as an empty folder.

    Raises:
        KitError: naming it.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise KitError(f"{path}: is there already; allowed: a new folder, or an empty one")


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; move it there when the block ends, drop it when the block fails.

    Raises:
        KitError: if `path` exists, other than as an empty folder, or a file cannot be written.
    """
    target = Path(os.path.abspath(path))
    temporary = target.with_name(f".{token_hex(8)}")
    with as_kit_errors(path, "a new folder"):
        check_new(path)
        try:
            temporary.mkdir()
            yield temporary
            if target.exists():
                target.rmdir()  # for Windows, where a folder cannot take another's place
            temporary.rename(target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def as_kit_errors(path: Path, allowed: str) -> Iterator[None]:
    """Turn what the system says of a file into one line."""
    try:
        yield
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise KitError(f"{path}: cannot be written ({reason}); allowed: {allowed} that can be created") from error
