"""The microphones of a hit, mixed into one sound: a mono or stereo file."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backbeat.audio import write
from backbeat.audio.pcm import decode
from backbeat.errors import AudioError, KitError
from backbeat.samplers.readers.folder import KitFolder
from backbeat.samplers.readers.remarks import Remarks, plain
from backbeat.samplers.readers.values import decibels

MOST_DECODED = 2**32
"""Frames × channels of all files of a kit that are mixed."""

MOST_WRITTEN = 4 * 2**30
"""Bytes of all mixes of a kit."""

_LEFT = re.compile(r"left|(?<![A-Z])L\b|(?<=[ _-])l\b")
_RIGHT = re.compile(r"right|(?<![A-Z])R\b|(?<=[ _-])r\b")


@dataclass(frozen=True)
class Microphone:
    """One channel of a file.

    Attributes:
        file: its name.
        channel: of the file, from 1.
        name: of the microphone, which tells left from right.
    """

    file: str
    channel: int
    name: str

    @property
    def side(self) -> int:
        """0 is the middle, -1 left, 1 right."""
        left = _LEFT.search(self.name) or _LEFT.search(self.name.lower())
        right = _RIGHT.search(self.name) or _RIGHT.search(self.name.lower())
        return bool(right) - bool(left)


@dataclass(frozen=True)
class Mixed:
    """A file, and how much louder than it the mix is."""

    file: Path
    gain_db: float = 0.0


class Mixer:
    """Mixes hits of one kit, each combination once; files go when the process ends."""

    def __init__(self, folder: KitFolder, remarks: Remarks) -> None:
        self._folder, self._remarks = folder, remarks
        self._written = self._decoded = 0
        self._place: Path | None = None
        self._known: dict[tuple[tuple[Path, int, int], ...], Mixed | None] = {}

    def mixed(self, microphones: tuple[Microphone, ...], base: Path) -> Mixed | None:
        """One sound of the microphones of a hit; none, with a remark, if no file of them is there.

        Raises:
            KitError: if all of the kit together is more than `MOST_DECODED`, or `MOST_WRITTEN` when it is mixed.
        """
        there = []
        for each in microphones:
            if (file := self._folder.sample(each.file, base)) is not None:
                if 1 <= each.channel <= self._folder.layout(file).channels:
                    there.append((file, each.channel, each.side))
                else:
                    self._remarks.list("Samples whose channels are missing were left out", [each.file])
        if not there:
            return None
        key = tuple(there)
        if key not in self._known:
            self._known[key] = Mixed(key[0][0]) if self._is_whole(key) else self._mix(key)
        return self._known[key]

    def _is_whole(self, key: tuple[tuple[Path, int, int], ...]) -> bool:
        """Whether the microphones are all channels of one file that is mono, or stereo with left first."""
        files = {file for file, _, _ in key}
        if len(files) == 1 and self._folder.layout(key[0][0]).channels == 1:
            return [side for _, _, side in key] in ([-1, 1], [1, -1], *([side] for side in (-1, 0, 1)))
        channels = [channel for _, channel, _ in key]
        sides = [side for _, _, side in key]
        if len(files) > 1 or channels != list(range(1, self._folder.layout(key[0][0]).channels + 1)):
            return False
        return len(key) == 1 or (len(key) == 2 and sides == [-1, 1])

    def _mix(self, key: tuple[tuple[Path, int, int], ...]) -> Mixed | None:
        sides: dict[int, NDArray[np.float64]] = {}
        rates = set()
        try:
            for path in {file for file, _, _ in key}:
                sound, rate = decode(path)
                self._decoded += sound.size
                rates.add(rate)
                for file, channel, side in key:
                    if file == path:
                        sides[side] = _sum(sides.get(side), sound[:, channel - 1])
        except AudioError as error:
            self._remarks.list("Samples that cannot be decoded were left out", [key[0][0].name])
            self._remarks.list("Decoders say", [str(error)])
            return None
        if len(rates) > 1:
            self._remarks.list("Hits whose microphones differ in sample rate were left out", [key[0][0].name])
            return None
        middle = sides.get(0)
        parts = [middle] if set(sides) == {0} else [_sum(middle, sides.get(side, np.zeros(1))) for side in (-1, 1)]
        length = max(len(each) for each in parts if each is not None)
        mix = np.stack([np.pad(each, (0, length - len(each))) for each in parts if each is not None])
        peak = max(1.0, float(np.abs(mix).max()))
        self._written += 3 * mix.size
        if self._written > MOST_WRITTEN or self._decoded > MOST_DECODED:
            raise KitError(
                f"found microphones of more than {MOST_DECODED:,} samples, or {MOST_WRITTEN:,} bytes when mixed; "
                "must be at most that"
            )
        self._remarks.say("Microphones were mixed to one file a hit, left and right by their names")
        if self._place is None:
            self._place = Path(tempfile.mkdtemp(prefix="backbeat-"))
            atexit.register(shutil.rmtree, self._place, ignore_errors=True)
        target = self._place / f"{len(self._known):05d} {plain(key[0][0].stem)}.wav"
        try:
            write(target, (mix / peak).astype(np.float32)[None], rates.pop(), bit_depth="24")
        except AudioError as error:
            raise KitError(str(error)) from error
        return Mixed(target, decibels(peak))


def _sum(one: NDArray[np.floating] | None, other: NDArray[np.floating]) -> NDArray[np.float64]:
    """The sum of two sounds, the shorter one followed by silence."""
    if one is None:
        return other.astype(np.float64)
    total = np.zeros(max(len(one), len(other)))
    total[: len(one)] += one
    total[: len(other)] += other
    return total
