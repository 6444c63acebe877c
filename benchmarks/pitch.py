"""Whether the pitch of a kick is found over its whole sweep, loud or quiet: every preset, matched by `kick`.

python benchmarks/pitch.py --out benchmarks/results/pitch.json
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch

import backbeat
from backbeat import patch
from backbeat.losses import pitch_error_cents
from backbeat.matching import QUALITIES
from machine import describe_machine, write_figures

SAMPLE_RATE, SECONDS = 44_100, 0.6
PEAKS_DBFS = (0.0, -20.0, -40.0)
NEAR_CENTS = 5.0


@dataclass(frozen=True)
class Row:
    """One preset at one level: the error of the match's pitch over time, and its mel distance."""

    preset: str
    peak_dbfs: float
    cents: float | None
    mel_db: float


def measure(task: tuple[str, float], quality: str) -> Row:
    """Match one preset at one level."""
    torch.set_num_threads(1)
    name, peak_dbfs = task
    sound = patch.preset(name).render(patch.Placement(SAMPLE_RATE, round(SECONDS * SAMPLE_RATE), 0))
    target = sound * (10.0 ** (peak_dbfs / 20.0) / sound.abs().max())
    result = backbeat.match(target, "kick", sample_rate=SAMPLE_RATE, quality=quality)
    return Row(name, peak_dbfs, pitch_error_cents(result.audio, target, SAMPLE_RATE), result.distances.mel_db)


def main() -> None:
    """Match every preset at every level; print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quality", default="normal", choices=list(QUALITIES))
    parser.add_argument("--jobs", type=int, default=2, help="so many at once, on one thread each")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    arguments = parser.parse_args()

    names = [name for name in patch.presets() if name.startswith("kick/")]
    tasks = [(name, peak_dbfs) for name in names for peak_dbfs in PEAKS_DBFS]
    rows = []
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for row in pool.map(partial(measure, quality=arguments.quality), tasks):
            rows.append(row)
            cents = "no pitch" if row.cents is None else f"{row.cents:.1f} cents"
            print(f"{row.preset:20} {row.peak_dbfs:6.0f} dBFS {cents:>12} {row.mel_db:6.2f} dB mel", flush=True)
    near = sum(row.cents is None or row.cents < NEAR_CENTS for row in rows)
    print(f"{near} of {len(rows)} within {NEAR_CENTS:g} cents")
    if arguments.out:
        document = {"machine": describe_machine(), "quality": arguments.quality, "rows": [asdict(row) for row in rows]}
        write_figures(arguments.out, document)


if __name__ == "__main__":
    main()
