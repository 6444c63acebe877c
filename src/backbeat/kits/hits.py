"""The hits of a kit: each pad at each step of velocity and each turn of its round robin, rendered once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backbeat.kits.document import LAST_VELOCITY, Kit, Pad
from backbeat.patch import Patch, Placement
from backbeat.patch.hits import hit_sounds
from backbeat.patch.stereo import sides, spread

_FADED_DB = -80.0
_LONGER = 1.1
"""Hits may outlast the hardest and the softest a little: their times are humanized."""
_FADE_S = 0.002
AT_ONCE = 64
"""Hits of a pad that are rendered together."""


@dataclass(frozen=True)
class Hit:
    """Which hit of a kit.

    Attributes:
        pad: the pad's name.
        note: which of its notes.
        layer: step of velocity, from 0.
        take: turn of the round robin, from 0.
    """

    pad: str
    note: int
    layer: int
    take: int


def layer_of(velocity: int, layers: int) -> int:
    """The step, from 0, that a MIDI velocity from 1 to 127 is of: `⌈v layers / 127⌉ - 1`."""
    return -(-velocity * layers // LAST_VELOCITY) - 1


def velocities_of(layer: int, layers: int) -> tuple[int, int]:
    """The least and the greatest MIDI velocity of a step; see `layer_of`."""
    return layer * LAST_VELOCITY // layers + 1, (layer + 1) * LAST_VELOCITY // layers


def strength_of(layer: int, layers: int) -> float:
    """How hard a step is struck, in (0, 1]: the top of its range."""
    return (layer + 1) / layers


class Hits:
    """Sounds of a kit's hits at one sample rate.

    Args:
        kit: the kit.
        sample_rate: in Hz.
    """

    def __init__(self, kit: Kit, sample_rate: int) -> None:
        self.kit, self.sample_rate = kit, sample_rate
        self._pads = {pad.name: pad for pad in kit.pads}
        self._lengths: dict[tuple[str, int], tuple[Patch, int, float]] = {}
        self._sounds: dict[Hit, NDArray[np.float32]] = {}

    def __getitem__(self, hit: Hit) -> NDArray[np.float32]:
        """The sound, (channels, samples), of one channel or two: without the pad's level and pan."""
        if hit not in self._sounds:
            self.prepare([hit])
        return self._sounds[hit]

    def prepare(self, hits: Iterable[Hit], threads: int = 1) -> None:
        """Render hits that are not yet, on several threads; the sounds are the same on any number of them."""
        missing = defaultdict[tuple[str, int], dict[Hit, None]](dict)
        for hit in hits:
            if hit not in self._sounds:
                missing[hit.pad, hit.note][hit] = None
        for key, wanted in missing.items():
            together = list(wanted)
            for first in range(0, len(together), AT_ONCE):
                self._render(key, together[first : first + AT_ONCE], threads)

    def forget(self) -> None:
        """Let go of the sounds so far."""
        self._sounds.clear()

    def _measured(self, key: tuple[str, int]) -> tuple[Patch, int, float]:
        """A pad's patch at a note, how many samples its hits may last, and below which level they have faded."""
        if key not in self._lengths:
            pad, note = self._pads[key[0]], key[1]
            patch = (pad.tuned(note) if note != pad.note else pad.turned).with_amounts()
            hardest, softest = (patch.hit(each).natural_placement(self.sample_rate) for each in (1.0, 0.0))
            faded = float(np.abs(patch.sound(hardest)).max()) * 10.0 ** (_FADED_DB / 20.0)
            self._lengths[key] = patch, max(1, round(_LONGER * max(hardest.samples, softest.samples))), faded
        return self._lengths[key]

    def _render(self, key: tuple[str, int], hits: list[Hit], threads: int) -> None:
        """Render hits of one pad at one note."""
        pad = self._pads[key[0]]
        patch, samples, faded = self._measured(key)
        layers, place = self.kit.layers_of(pad), Placement(self.sample_rate, samples)
        strikes = [(strength_of(hit.layer, layers), hit.take) for hit in hits]
        sounds = {side: hit_sounds(patch, strikes, place, side=side, threads=threads) for side in sides(pad.width)}
        fade = round(_FADE_S * self.sample_rate)
        for at, hit in enumerate(hits):
            self._sounds[hit] = ended(spread({side: each[at] for side, each in sounds.items()}, pad.width), faded, fade)


def ended(sound: NDArray[np.float32], faded: float, fade: int) -> NDArray[np.float32]:
    """A sound, (channels, samples), as far as it is above a level, and then faded out."""
    loud = np.flatnonzero(np.abs(sound).max(axis=0) > faded)
    samples = min((int(loud[-1]) + 1 if len(loud) else 0) + fade, sound.shape[1])
    ended = sound[:, :samples].copy()
    fade = min(fade, samples)
    ended[:, samples - fade :] *= np.linspace(1.0, 0.0, fade, endpoint=False, dtype=np.float32)
    return ended


def pad_hits(kit: Kit, pad: Pad) -> list[Hit]:
    """All hits of a pad at its own note: layer by layer, take by take."""
    return [
        Hit(pad.name, pad.note, layer, take)
        for layer in range(kit.layers_of(pad))
        for take in range(kit.round_robins_of(pad))
    ]
