"""How near matches come to their targets, and how fast: every distance over a folder of one-shots.

    python benchmarks/match.py FOLDER --out benchmarks/results/match.json

A file named FAMILY-NAME counts to that family, whose take-to-take floor (the distance between two takes of one drum)
its distances are also given as a ratio to.
"""

import argparse
import json
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

import backbeat
from backbeat.matching import QUALITIES
from machine import describe_machine

FLOORS = {
    "kick": (3.5, 0.40, 2.5),
    "snare": (3.2, 0.61, 1.8),
    "tom": (3.2, 0.45, 1.7),
    "hat": (4.0, 1.30, 2.0),
    "clap": (4.1, 0.83, 2.2),
    "perc": (3.8, 0.80, 1.8),
}
"""By family: mel distance in dB, MR-STFT, envelope in dB, medians over pairs of takes."""

SUFFIXES = {".aif", ".aiff", ".flac", ".mp3", ".ogg", ".wav"}


@dataclass(frozen=True)
class Row:
    """One sample's match, or why there is none."""

    sample: str
    family: str
    error: str = ""
    mel_db: float = 0.0
    lsd_db: float = 0.0
    mrstft: float = 0.0
    envelope_db: float = 0.0
    mel_to_floor: float = 0.0
    mrstft_to_floor: float = 0.0
    envelope_to_floor: float = 0.0
    seconds: float = 0.0
    steps: int = 0


FIGURES = (
    "mel_db",
    "lsd_db",
    "mrstft",
    "envelope_db",
    "mel_to_floor",
    "mrstft_to_floor",
    "envelope_to_floor",
    "seconds",
)


def measure(path: Path, plugin: str, quality: str, seed: int) -> Row:
    """Match one file."""
    family = path.stem.partition("-")[0]
    try:
        result = backbeat.match(path, plugin, quality=quality, seed=seed)
    except backbeat.BackbeatError as error:
        return Row(path.name, family, str(error))
    found = result.distances
    mel, mrstft, envelope = FLOORS.get(family, FLOORS["perc"])
    return Row(
        path.name,
        family,
        "",
        **found.as_dict(),
        mel_to_floor=found.mel_db / mel,
        mrstft_to_floor=found.mrstft / mrstft,
        envelope_to_floor=found.envelope_db / envelope,
        seconds=result.seconds,
        steps=result.steps,
    )


def summarise(rows: Iterable[Row]) -> dict[str, dict[str, float]]:
    """Median and 90th percentile of every figure."""
    done = [row for row in rows if not row.error]
    summary = {}
    for name in FIGURES:
        values = sorted(float(getattr(row, name)) for row in done)
        if values:
            last = values[min(len(values) - 1, round(0.9 * (len(values) - 1)))]
            summary[name] = {"median": statistics.median(values), "p90": last}
    return summary


def line(label: str, figures: Iterable[float]) -> str:
    """One row of the table."""
    return f"{label:32}" + "".join(f"{figure:9.2f}" for figure in figures)


def main() -> None:
    """Run the benchmark and write its table and JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="one-shots, named FAMILY-NAME")
    parser.add_argument("--plugin", default="auto")
    parser.add_argument("--quality", default="normal", choices=list(QUALITIES))
    parser.add_argument("--family", help="only this family")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    arguments = parser.parse_args()

    paths = sorted(path for path in arguments.folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if arguments.family:
        paths = [path for path in paths if path.stem.startswith(f"{arguments.family}-")]
    if not paths:
        parser.error(f"{arguments.folder}: no one-shots; must hold {', '.join(sorted(SUFFIXES))} files")
    torch.set_num_threads(1)  # as the command line does
    print(f"{'':32}" + "".join(f"{name[:8]:>9}" for name in FIGURES))
    rows = []
    for path in paths:
        row = measure(path, arguments.plugin, arguments.quality, arguments.seed)
        rows.append(row)
        print(
            f"{path.name:32}{row.error}" if row.error else line(path.name, (getattr(row, n) for n in FIGURES)),
            flush=True,
        )

    families = {family: summarise(row for row in rows if row.family == family) for family in {r.family for r in rows}}
    overall = summarise(rows)
    failures = sum(bool(row.error) for row in rows)
    for label, summary in [*sorted(families.items()), ("all", overall)]:
        for share in ("median", "p90"):
            print(line(f"{label}, {share}", (summary[name][share] for name in FIGURES if summary)))
    print(f"{len(rows)} files, {failures} failed")
    if arguments.out:
        document = {
            "plugin": arguments.plugin,
            "quality": arguments.quality,
            "seed": arguments.seed,
            "machine": describe_machine(),
            "overall": overall,
            "families": families,
            "failures": failures,
            "rows": [asdict(row) for row in rows],
        }
        arguments.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
