"""What an inverter's start brings to a match: against analysis alone, in as many steps, in a few more, and in half.

    python benchmarks/starts.py FOLDER --most 12 --out benchmarks/results/starts.json
    python benchmarks/starts.py FOLDER --plugin kick --family kick

Each one-shot is matched four times, one after the other in one process: so the times compare. The inverter's own time
counts.
"""

import argparse
import statistics
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import backbeat
from backbeat.executors import Failure, Local
from backbeat.inversion import suggest
from backbeat.losses import FLOORS, family_of
from backbeat.matching import QUALITIES
from folder import one_shots
from machine import describe_machine, write_figures

METHODS = {
    "analysis": ("analysis", 1.0),
    "inverter": ("inverter", 1.0),
    "inverter, longer": ("inverter", 1.03),
    "inverter, half the steps": ("inverter", 0.5),
}
"""Where a match begins, and its share of the quality's steps."""


@dataclass(frozen=True)
class Row:
    """One match."""

    sound: str
    method: str
    plugin: str
    mel_to_floor: float
    seconds: float


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="of one-shots, FAMILY-NAME")
    parser.add_argument("--plugin", default="auto")
    parser.add_argument("--family", nargs="+", help="only one-shots of these families")
    parser.add_argument("--quality", default="normal", choices=QUALITIES)
    parser.add_argument("--most", type=int, help="so many one-shots at most")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    options = parser.parse_args()
    families = options.family
    paths = one_shots(
        parser, options.folder, most=options.most, fits=lambda path: not families or family_of(path.stem) in families
    )
    rows: list[Row] = []
    for path, found in Local(options.workers).run(partial(_measure, options.plugin, options.quality), paths):
        if isinstance(found, Failure):
            parser.error(f"{path}: {found.reason}")
        rows += found
        print(f"{path.stem:28}", *(f"{row.mel_to_floor:6.2f} in {row.seconds:5.1f} s" for row in found), flush=True)
    first = {row.sound: row for row in rows if row.method == "analysis"}
    summary = {}
    for method in METHODS:
        some = [row for row in rows if row.method == method]
        summary[method] = {
            "mel_to_floor": statistics.median(row.mel_to_floor for row in some),
            "mel_of_analysis": statistics.median(row.mel_to_floor / first[row.sound].mel_to_floor for row in some),
            "time_of_analysis": statistics.median(row.seconds / first[row.sound].seconds for row in some),
            "no_worse_share": sum(row.mel_to_floor <= first[row.sound].mel_to_floor for row in some) / len(some),
        }
        print(f"{method:26}", *(f"{name.replace('_', ' ')} {value:.3f}" for name, value in summary[method].items()))
    if options.out:
        document = {"machine": describe_machine(), "plugin": options.plugin, "quality": options.quality}
        write_figures(options.out, {**document, "summary": summary, "rows": [asdict(row) for row in rows]})


def _measure(plugin: str, quality: str, path: Path) -> list[Row]:
    rows = []
    floor = FLOORS[family_of(path.stem) or "perc"].mel_db
    for method, (start, share) in METHODS.items():
        began = time.perf_counter()
        suggested = suggest(path, plugin) if start == "inverter" else ()
        steps = round(share * QUALITIES[quality].steps)
        result = backbeat.match(path, plugin, quality=quality, steps=steps, suggested=suggested)
        seconds = time.perf_counter() - began
        rows.append(Row(path.stem, method, result.patch.plugin, result.distances.mel_db / floor, seconds))
    return rows


if __name__ == "__main__":
    main()
