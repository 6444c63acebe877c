"""From the zones of a sampler, each one sample with its notes and velocities, to pads with layers and takes.

Formats that let any number of samples answer any hit (SFZ, DecentSampler) may leave velocities without a sample, and
others with several. A description has neither: the first sample that a file names for a hit is its take, and what
nothing answers goes to the nearest layer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from backbeat.errors import KitError
from backbeat.samplers.description import LAST_NOTE, LAST_VELOCITY, Layer, SampledPad, Take
from backbeat.samplers.readers.remarks import Remarks
from backbeat.samplers.readers.values import decibels

MOST_ZONES = 16_384
MOST_ON_A_NOTE = 1_024
MOST_TAKES = 65_536
"""Of all pads: a sample that answers many notes and velocities counts for each range of both that others divide."""


AT_ONCE = "Of several samples for the same hits the first was read, of pads"


@dataclass(frozen=True)
class Zone:
    """One sample, and which hits play it.

    Attributes:
        file: a sound file.
        low_note: the first MIDI note.
        high_note: the last.
        root_note: at which it sounds as recorded.
        tracking: semitones that its pitch rises per note: 0 or 1 but for rare cases.
        low: the least MIDI velocity, from 1.
        high: the greatest, to 127.
        turn: where it stands among takes that are played in turn, or at random; none where it answers every hit.
        gain_db: of it.
        tune_st: of it.
        pan: from -1 to 1.
        velocity_share: how much of its amplitude follows the velocity, from 0 to 1.
        velocity_power: of the velocity that the amplitude follows.
        choke: the pads of one group silence each other; 0 is none.
        output: of the sampler; 0 is the main one.
        name: of the pad, where the file says one.
    """

    file: Path
    low_note: int
    high_note: int
    root_note: int = 0
    tracking: float = 0.0
    low: int = 1
    high: int = LAST_VELOCITY
    turn: tuple[float, ...] | None = None
    gain_db: float = 0.0
    tune_st: float = 0.0
    pan: float = 0.0
    velocity_share: float = 0.0
    velocity_power: int = 1
    choke: int = 0
    output: int = 0
    name: str = ""


def pads_of(zones: Sequence[Zone], remarks: Remarks) -> tuple[SampledPad, ...]:
    """The pads that zones make up, by note: one for each range of notes that the same zones answer.

    Raises:
        KitError: if there are more zones than `MOST_ZONES`, or `MOST_ON_A_NOTE` for one note, or more takes than
            `MOST_TAKES`.
    """
    if len(zones) > MOST_ZONES:
        raise KitError(f"found {len(zones):,} samples on notes; must be at most {MOST_ZONES:,}")
    borders = sorted({each.low_note for each in zones} | {each.high_note + 1 for each in zones})
    pads: list[SampledPad] = []
    takes = 0
    for low, after in pairwise(borders):
        there = [each for each in zones if each.low_note <= low and each.high_note >= after - 1]
        if len(there) > MOST_ON_A_NOTE:
            raise KitError(f"found {len(there):,} samples on note {low}; must be at most {MOST_ON_A_NOTE:,}")
        for pad in _pads(there, low, after - 1, remarks) if there else ():
            pads.append(pad)
            takes += sum(len(layer.takes) for layer in pad.layers)
            if takes > MOST_TAKES:
                raise KitError(f"found more than {MOST_TAKES:,} takes of pads and layers; must be at most that")
    return tuple(pads)


def _pads(zones: list[Zone], low: int, high: int, remarks: Remarks) -> Iterator[SampledPad]:
    """One pad for the notes, or one for each where the pitch follows them otherwise than by semitones."""
    tracking = {each.tracking for each in zones}
    if low < high and tracking == {0.0}:
        yield _pad(zones, low, high, None, remarks)
    elif low < high and tracking == {1.0}:
        root = min(max(zones[0].root_note, 0), LAST_NOTE)
        tuned = [replace(each, tune_st=each.tune_st + root - each.root_note) for each in zones]
        yield _pad(tuned, low, high, root, remarks)
    else:
        for note in range(low, high + 1):
            tuned = [replace(each, tune_st=each.tune_st + each.tracking * (note - each.root_note)) for each in zones]
            yield _pad(tuned, note, note, None, remarks)


def _pad(zones: list[Zone], low: int, high: int, root: int | None, remarks: Remarks) -> SampledPad:
    name = Counter(each.name for each in zones).most_common(1)[0][0]
    first = zones[0]
    for what, values in (
        ("pan", {each.pan for each in zones}),
        ("choke group", {each.choke for each in zones}),
        ("output", {each.output for each in zones}),
    ):
        if len(values) > 1:
            remarks.list(f"Samples of one pad that differ in {what}: that of the first was read, of pads", [name])
    found = layers(zones, name, remarks)
    level_db = max(take.gain_db for layer in found for take in layer.takes)
    return SampledPad(
        name=name,
        low_note=low,
        high_note=high,
        layers=tuple(
            replace(
                layer, takes=tuple(replace(take, gain_db=round(take.gain_db - level_db, 6)) for take in layer.takes)
            )
            for layer in found
        ),
        root_note=root,
        level_db=level_db,
        pan=first.pan,
        choke_group=first.choke,
        output=first.output,
    )


def layers(zones: Sequence[Zone], name: str, remarks: Remarks) -> tuple[Layer, ...]:
    """The layers that the zones of one pad make up: from soft to loud, over all velocities, takes in turn."""
    borders = sorted({1, LAST_VELOCITY + 1} | {each.low for each in zones} | {each.high + 1 for each in zones})
    runs: list[tuple[int, int, list[Zone]]] = []
    for low, after in pairwise(borders):
        there = [each for each in zones if each.low <= low and each.high >= after - 1]
        takes = _takes(there)
        # Layers that share one velocity meet there: their bounds were rounded.
        if len(takes) < len(there) and (after - low > 1 or any(each.low == each.high for each in there)):
            remarks.list(AT_ONCE, [name])
        if not takes:
            remarks.list("Velocities without a sample went to the nearest layer, of pads", [name])
        elif runs and runs[-1][1] == low - 1 and list(map(id, runs[-1][2])) == list(map(id, takes)):
            runs[-1] = (runs[-1][0], after - 1, takes)
        else:
            runs.append((low, after - 1, takes))
    if any(each.velocity_share > 0.0 for each in zones):
        remarks.say("Loudness that follows the velocity was read at the loudest of each layer")
    lows = [1] + [(lower[1] + upper[0]) // 2 + 1 for lower, upper in pairwise(runs)]
    highs = [low - 1 for low in lows[1:]] + [LAST_VELOCITY]
    return tuple(
        Layer(low, high, tuple(_take(each, loudest) for each in takes))
        for low, high, (_, loudest, takes) in zip(lows, highs, runs, strict=True)
    )


def _takes(zones: list[Zone]) -> list[Zone]:
    """Those of the zones that answer one hit after the other, in turn: the first of each turn."""
    first: dict[tuple[float, ...] | None, Zone] = {}
    for each in zones:
        first.setdefault(each.turn, each)
    if len(first) > 1:
        first.pop(None, None)
    return [first[turn] for turn in sorted(first, key=lambda turn: turn or ())]


def _take(zone: Zone, loudest: int) -> Take:
    share = zone.velocity_share
    factor = 1.0 - share + share * (loudest / LAST_VELOCITY) ** zone.velocity_power
    return Take(zone.file, gain_db=zone.gain_db + decibels(factor), tune_st=zone.tune_st)
