"""What hits of the presets sound like: how dark and how soft at velocity 0.2, and how far eight equal ones lie apart.

    python benchmarks/hits.py --out benchmarks/results/hits.json

Of each preset, over its whole length, two seconds at most: the spectral centroid at velocity 0.2 over that at 1; the
least step of its loudness, the K-weighted energy, over sixteen velocities, and what all steps make; the range of
loudness of hits 0 to 7; and the mel distance of hits 1 to 3 from hit 0.
"""

import argparse
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from statistics import median

import numpy as np
import torch

from backbeat import preset, presets
from backbeat.dsp.loudness import energy_db, k_weighted
from backbeat.losses import distances
from backbeat.matching.judgement.measures import centroid_hz
from backbeat.patch import Patch, Placement
from machine import describe_machine, write_figures

SAMPLE_RATE = 44_100
LONGEST_S = 2
VELOCITIES, HITS, COMPARED = 16, 8, 3


@dataclass(frozen=True)
class Row:
    """One preset; levels and distances in dB."""

    preset: str
    centroid_ratio: float
    least_step_db: float
    all_steps_db: float
    hits_range_db: float
    hits_mel_db: float


def measure(name: str) -> Row:
    """Measure one preset."""
    patch = preset(name)
    natural = patch.natural_placement(SAMPLE_RATE)
    where = Placement(SAMPLE_RATE, min(natural.samples, LONGEST_S * SAMPLE_RATE))

    def sound(hit: Patch) -> torch.Tensor:
        return torch.from_numpy(hit.sound(where)).double()

    def loudness_db(hit: Patch) -> float:
        return float(energy_db(k_weighted(SAMPLE_RATE, sound(hit))))

    steps_db = np.diff([loudness_db(patch.hit(k / (VELOCITIES - 1))) for k in range(VELOCITIES)])
    levels_db = [loudness_db(patch.hit(1.0, number)) for number in range(HITS)]
    apart = [
        distances(sound(patch.hit(1.0, number))[None, None], sound(patch)[None, None], SAMPLE_RATE).mel_db
        for number in range(1, COMPARED + 1)
    ]
    return Row(
        name,
        centroid_hz(sound(patch.hit(0.2)), SAMPLE_RATE) / centroid_hz(sound(patch), SAMPLE_RATE),
        float(steps_db.min()),
        float(steps_db.sum()),
        max(levels_db) - min(levels_db),
        median(apart),
    )


def main() -> None:
    """Measure, print the table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=1000, help="presets of each instrument")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    arguments = parser.parse_args()
    rows: list[Row] = []
    print("              centroid at 0.2       loudness, dB       eight hits, dB    mel, dB")
    print("             median    highest   least step    all    median  greatest    median")
    for instrument, names in groupby(presets(), key=lambda each: each.partition("/")[0]):
        own = [measure(name) for name in list(names)[: arguments.most]]
        rows += own
        _print(instrument, own)
    _print("all", rows)
    if arguments.out:
        write_figures(arguments.out, {"machine": describe_machine(), "presets": [asdict(each) for each in rows]})


def _print(title: str, rows: list[Row]) -> None:
    ratios, ranges = [each.centroid_ratio for each in rows], [each.hits_range_db for each in rows]
    least, every = min(each.least_step_db for each in rows), median(each.all_steps_db for each in rows)
    print(
        f"{title:10} {median(ratios):8.2f} {max(ratios):10.2f} {least:12.2f} {every:6.1f} "
        f"{median(ranges):9.2f} {max(ranges):9.2f} {median(each.hits_mel_db for each in rows):9.2f}"
    )


if __name__ == "__main__":
    main()
