"""A song played by a kit: hits, mixed sample by sample."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from backbeat.errors import SongError
from backbeat.kits.document import Kit
from backbeat.kits.hits import Hit, Hits, layer_of
from backbeat.kits.mixing import mixer
from backbeat.songs import Song

BLOCK = 1 << 16
_MOST_S = 3600 * 4
_MOST_STRIKES = 1 << 22


@dataclass(frozen=True)
class Strike:
    """A hit of a song: when, in samples, and which."""

    at: int
    hit: Hit


def strikes_of(kit: Kit, song: Song, sample_rate: int) -> tuple[list[Strike], dict[int, int]]:
    """What a kit plays of a song, and how often there are notes that none of its pads has.

    A pad's hits of one step of velocity take turns, as those of a sampler's layer do.
    """
    turns: defaultdict[tuple[str, int, int], int] = defaultdict(int)
    strikes, missing = [], Counter[int]()
    for each in sorted(song.notes):
        pad = kit.pad_of_note.get(each.note)
        if pad is None:
            missing[each.note] += 1
            continue
        layer = layer_of(each.velocity, kit.layers_of(pad))
        take = turns[pad.name, each.note, layer]
        turns[pad.name, each.note, layer] = (take + 1) % kit.round_robins_of(pad)
        strikes.append(Strike(round(each.at_s * sample_rate), Hit(pad.name, each.note, layer, take)))
    return strikes, dict(missing)


class Performance:
    """A song as a kit plays it: stereo blocks of each output, and how long they are.

    Args:
        hits: of the kit.
        song: what is played.
        loop: whether the sound is exactly as long as the song's bars, with what rings on at its end heard at its start;
            otherwise it goes on until all has faded.
        threads: at most so many.

    Attributes:
        sample_rate: in Hz.
        samples: length.
        outputs: the kit's, without those that nothing is struck in.
        missing: notes that no pad has, and how often they are struck.

    Raises:
        SongError: where nothing is played, or for too long.
    """

    def __init__(self, hits: Hits, song: Song, *, loop: bool = False, threads: int = 1) -> None:
        self._hits, self.sample_rate = hits, hits.sample_rate
        strikes, self.missing = strikes_of(hits.kit, song, hits.sample_rate)
        if not strikes:
            raise SongError(f"found no notes that the kit has ({_listed(self.missing)})")
        struck = {each.hit.pad for each in strikes}
        self.outputs = tuple(pads for pads in hits.kit.outputs if any(pad.name in struck for pad in pads))
        hits.prepare((each.hit for each in strikes), threads)
        ends = [each.at + hits[each.hit].shape[1] for each in strikes]
        bars = round(song.length_s * hits.sample_rate)
        self.samples = bars if loop else max(*ends, bars)
        if not 1 <= self.samples <= _MOST_S * hits.sample_rate:
            raise SongError(f"found {song.length_s:g} s of bars; must be from one sample to {_MOST_S} s")
        # A loop is what is heard once it has gone round so often that its start has all that rings on.
        self._skipped = -(-max(ends) // bars) - 1 if loop else 0
        if (self._skipped + 1) * len(strikes) > _MOST_STRIKES:
            raise SongError(
                f"found {len(strikes)} notes, which ring for {self._skipped + 1} turns of the loop; must be at "
                f"most {_MOST_STRIKES} hits in all"
            )
        self._strikes = [
            replace(each, at=each.at + turn * bars) for turn in range(self._skipped + 1) for each in strikes
        ]

    def blocks(self, block: int = BLOCK) -> Iterator[NDArray[np.float32]]:
        """All of it, (outputs, 2, samples) after (outputs, 2, samples); the same samples whatever the block."""
        outputs = {pad.name: number for number, pads in enumerate(self.outputs) for pad in pads}
        pads = {pad.name: pad for pad in self._hits.kit.pads}
        playing = mixer(self._hits.sample_rate, len(self.outputs), len(self._strikes))
        waiting, first = iter([*self._strikes, None]), self._skipped * self.samples
        following = next(waiting)
        for start in _starts(first, first + self.samples, block):
            stop = min(start + block, first if start < first else first + self.samples)
            while following is not None and following.at < stop:
                pad = pads[following.hit.pad]
                playing.start(
                    following.at,
                    self._hits[following.hit],
                    gain=10.0 ** (pad.level_db / 20.0),
                    pan=pad.pan,
                    output=outputs[pad.name],
                    choke_group=pad.choke_group,
                )
                following = next(waiting)
            audio = playing.process(stop - start)
            if start >= first:
                yield audio


def mixed(outputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mix, (2, samples), of outputs, (outputs, 2, samples): their sum, in order."""
    total = outputs[0].copy()
    for each in outputs[1:]:
        total += each
    return total


def _starts(first: int, last: int, block: int) -> Iterator[int]:
    """Where blocks start: those to be skipped end at `first`."""
    yield from range(0, first, block)
    yield from range(first, last, block)


def _listed(missing: dict[int, int]) -> str:
    if not missing:
        return "there are none at all"
    return "no pad has " + ", ".join(map(str, sorted(missing)))
