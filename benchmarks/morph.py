"""Whether what lies half-way between two patches of one instrument is heard half-way: its length, brightness and pitch.

    python benchmarks/morph.py --out benchmarks/results/morph.json
    backbeat library match FOLDER --out matches && python benchmarks/morph.py matches/matches

Pairs of presets, or of the patches of a folder (*.patch.json). A measure of the midpoint holds where it lies between
those of the ends, within 5 %. Length and centroid are those of the mean energy, and of the mean amplitudes, over eight
seeds: of the noise itself, not of one realisation. `backbeat.dsp.measures` says what each is, and the pitch is
`pitches_hz` of `backbeat.matching.judgement.measures`.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import combinations, groupby
from pathlib import Path
from random import Random

import torch

from backbeat import load, preset, presets
from backbeat.dsp.measures import centroid_hz, decay_time_s
from backbeat.matching.judgement.measures import pitched_share, pitches_hz
from backbeat.patch import Patch, Placement, morph, with_seed
from machine import describe_machine, write_figures

SAMPLE_RATE = 44_100
SEEDS = 8
SLACK = 0.05
PITCHED = 0.5
"""Share of the energy for which one partial stands out, in a sound that has a pitch."""
MEASURES = ("length", "centroid", "pitch")


@dataclass(frozen=True)
class Row:
    """One pair: each measure of one end, the midpoint and the other end; none where one of them has no pitch."""

    instrument: str
    first: str
    second: str
    length_s: tuple[float, ...]
    centroid_hz: tuple[float, ...]
    pitch_hz: tuple[float, ...] | None

    def holds(self) -> tuple[bool | None, ...]:
        """Of length, centroid and pitch, whether the midpoint lies between the ends."""
        return tuple(
            None if each is None else _between(*each) for each in (self.length_s, self.centroid_hz, self.pitch_hz)
        )


def _between(first: float, middle: float, second: float) -> bool:
    return (1.0 - SLACK) * min(first, second) <= middle <= (1.0 + SLACK) * max(first, second)


def measure(pair: tuple[Patch, Patch]) -> Row:
    """Measure one pair, and what lies half-way between."""
    torch.set_num_threads(1)
    first, second = pair
    every = (first, morph(first, second, 0.5), second)
    where = Placement(SAMPLE_RATE, max(each.natural_placement(SAMPLE_RATE).samples for each in every))
    by_seed = [
        torch.stack([with_seed(each, step).render(where)[0, 0].double() for step in range(SEEDS)]) for each in every
    ]
    sounds = [each[0] for each in by_seed]
    pitches = [_pitch_hz(each) for each in sounds]
    return Row(
        first.plugin,
        first.name,
        second.name,
        tuple(decay_time_s(each.square().mean(0).numpy(), SAMPLE_RATE) for each in by_seed),
        tuple(centroid_hz(each.numpy(), SAMPLE_RATE) for each in by_seed),
        tuple(each for each in pitches if each) if all(pitches) else None,
    )


def _pitch_hz(sound: torch.Tensor) -> float | None:
    _, settled_hz = pitches_hz(sound, SAMPLE_RATE)
    return settled_hz if pitched_share(sound, SAMPLE_RATE) >= PITCHED else None


def pairs_of(patches: list[Patch], most: int, seed: int) -> list[tuple[Patch, Patch]]:
    """Of each instrument, so many pairs of patches, drawn by a seed."""
    found = []
    for _, same in groupby(sorted(patches, key=lambda each: each.plugin), key=lambda each: each.plugin):
        pairs = list(combinations(same, 2))
        Random(seed).shuffle(pairs)
        found += pairs[:most]
    return found


def main() -> None:
    """Morph, print the table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="of *.patch.json; none is the presets")
    parser.add_argument("--pairs", type=int, default=10, help="of each instrument, at most")
    parser.add_argument("--seed", type=int, default=0, help="of the pairs")
    parser.add_argument("--jobs", type=int, default=2, help="so many at once, on one thread each")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    arguments = parser.parse_args()

    if arguments.folder:
        patches = [load(path) for path in sorted(arguments.folder.glob("*.patch.json"))]
    else:
        patches = [preset(name) for name in presets()]
    pairs = pairs_of(patches, arguments.pairs, arguments.seed)
    if not pairs:
        parser.error(f"{arguments.folder}: no two patches of one instrument")
    with ProcessPoolExecutor(arguments.jobs) as pool:
        rows = list(pool.map(measure, pairs))

    print(f"{'':12} {'pairs':>6} " + " ".join(f"{each:>10}" for each in (*MEASURES, "all")))
    for name in (*sorted({row.instrument for row in rows}), "all"):
        held = [row.holds() for row in rows if name in ("all", row.instrument)]
        counts = [_count([each[k] for each in held]) for k in range(len(MEASURES))]
        counts.append(_count([False not in each for each in held]))
        print(f"{name:12} {len(held):6} " + " ".join(f"{each:>10}" for each in counts))
    for row in rows:
        if False in row.holds():
            print(f"{row.instrument}: {row.first} and {row.second}: {_outside(row)}")
    if arguments.out:
        document = {"machine": describe_machine(), "rows": [{**asdict(row), "holds": row.holds()} for row in rows]}
        write_figures(arguments.out, document)


def _count(held: list[bool | None]) -> str:
    measured = [each for each in held if each is not None]
    return f"{sum(measured)}/{len(measured)}"


def _outside(row: Row) -> str:
    values = zip(MEASURES, row.holds(), (row.length_s, row.centroid_hz, row.pitch_hz), strict=True)
    return "; ".join(
        f"{name} {' → '.join(f'{each:.4g}' for each in found)}" for name, held, found in values if found and not held
    )


if __name__ == "__main__":
    main()
