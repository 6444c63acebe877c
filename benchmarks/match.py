"""How near matches come to their targets, and how fast: every distance over a folder of one-shots.

Beside the distances stands what else a match is judged by; `playable.py` says more of that.

    python benchmarks/match.py FOLDER --out benchmarks/results/match.json --picture docs/images/distances.png
    python benchmarks/match.py FOLDER --most 8 --baselines --out benchmarks/results/baselines.json
    python benchmarks/match.py FOLDER --executor ray --address auto

A file named FAMILY-NAME counts to that family, whose take-to-take floor (the distance between two takes of one drum)
its distances are also given as a ratio to. With `--baselines`, every file is also given to the searches of
`baselines.py`, in the same run, on the same thread, with the plugin that the match chose.
"""

import argparse
import statistics
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import backbeat
from backbeat import plugins
from backbeat.executors import Failure, Local, Ray
from backbeat.losses import FLOORS, auditory_distance, family_of, pitch_error_cents
from backbeat.matching import QUALITIES
from backbeat.matching.judgement import judge
from baselines import BASELINES, Found, task_of
from folder import one_shots
from machine import describe_machine, write_figures

FIGURES = (
    "mel_db",
    "lsd_db",
    "mrstft",
    "envelope_db",
    "auditory",
    "pitch_cents",
    "mel_to_floor",
    "mrstft_to_floor",
    "envelope_to_floor",
    "true",
    "bounded",
    "alive",
    "numbers",
    "seconds",
)
SHARES = "true", "bounded", "alive"
RATIOS = {"mel_to_floor": "mel", "mrstft_to_floor": "MR-STFT", "envelope_to_floor": "envelope"}


@dataclass(frozen=True)
class Row:
    """One sample's match, or why there is none; figures are none where they have no meaning."""

    sample: str
    family: str
    plugin: str = ""
    error: str = ""
    mel_db: float | None = None
    lsd_db: float | None = None
    mrstft: float | None = None
    envelope_db: float | None = None
    auditory: float | None = None
    pitch_cents: float | None = None
    mel_to_floor: float | None = None
    mrstft_to_floor: float | None = None
    envelope_to_floor: float | None = None
    true: float | None = None
    bounded: bool | None = None
    alive: bool | None = None
    numbers: int | None = None
    seconds: float | None = None
    sound_s: float = 0.0
    steps: int = 0
    baselines: Mapping[str, Found] = field(default_factory=dict)


def measure(plugin: str, quality: str, seed: int, device: str, baselines: bool, path: Path) -> Row:
    """Match one file."""
    family = family_of(path.stem) or "perc"
    try:
        result = backbeat.match(path, plugin, quality=quality, seed=seed, device=device)
    except backbeat.BackbeatError as error:
        return Row(path.name, family, error=str(error))
    found = result.distances
    sounds = (result.audio, result.target, result.sample_rate)
    judged = judge(result.patch, result.target, result.sample_rate, name=path.stem, lead_in=result.lead_in)
    chosen = plugins.get(result.patch.plugin, **result.patch.options)
    return Row(
        path.name,
        family,
        chosen.name,
        mel_db=found.mel_db,
        lsd_db=found.lsd_db,
        mrstft=found.mrstft,
        envelope_db=found.envelope_db,
        auditory=float(auditory_distance(*sounds)),
        pitch_cents=pitch_error_cents(*sounds),
        mel_to_floor=judged.near.mel,
        mrstft_to_floor=judged.near.mrstft,
        envelope_to_floor=judged.near.envelope,
        true=judged.true,
        bounded=judged.bounded.holds,
        alive=judged.alive.holds if judged.alive else None,
        numbers=judged.numbers,
        seconds=result.seconds,
        sound_s=result.target.shape[-1] / result.sample_rate,
        steps=result.steps,
        baselines={name: search(task_of(path, chosen, seed)) for name, search in BASELINES.items()}
        if baselines
        else {},
    )


def summarise(rows: Iterable[Row]) -> dict[str, dict[str, float]]:
    """Median and 90th percentile of every figure; the mean of what is a share."""
    done = list(rows)
    summary: dict[str, dict[str, float]] = {}
    for name in FIGURES:
        values = sorted(value for row in done if (value := getattr(row, name)) is not None)
        if values and name in SHARES:
            summary[name] = {"mean": statistics.mean(values)}
        elif values:
            last = values[round(0.9 * (len(values) - 1))]
            summary[name] = {"median": statistics.median(values), "p90": last}
    return summary


def against(rows: Iterable[Row]) -> dict[str, dict[str, float]]:
    """By baseline: medians of the match's mel distance, and of its time, as shares of the baseline's."""
    done = [row for row in rows if row.baselines and row.mel_db is not None and row.seconds is not None]
    return {
        name: {
            "mel": statistics.median((row.mel_db or 0.0) / row.baselines[name].mel_db for row in done),
            "seconds": statistics.median((row.seconds or 0.0) / row.baselines[name].seconds for row in done),
        }
        for name in BASELINES
        if done
    }


def line(label: str, figures: Iterable[float | None]) -> str:
    """One row of the table."""
    return f"{label:32}" + "".join("        -" if figure is None else f"{figure:9.2f}" for figure in figures)


def draw(rows: list[Row], path: Path) -> None:
    """A dot for every match, by family: its distances as shares of the floor."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 3.6), dpi=120, layout="constrained")
    families = [family for family in FLOORS if any(row.family == family for row in rows)]
    for axes, (name, title) in zip(figure.subplots(1, len(RATIOS), sharey=True), RATIOS.items(), strict=True):
        for index, family in enumerate(families):
            shares = [share for row in rows if row.family == family and (share := getattr(row, name)) is not None]
            axes.plot(shares, [index] * len(shares), "o", color="#0072B2", alpha=0.6, markersize=6)
            axes.plot(statistics.median(shares), index, "|", color="#D55E00", markersize=18, markeredgewidth=2.5)
        axes.axvline(1.0, color="#444444", linewidth=1.0, linestyle=(0, (4, 2)))
        axes.set_yticks(range(len(families)), families)
        axes.set_ylim(len(families) - 0.5, -0.5)
        axes.set_xlim(left=0.0)
        axes.set_title(title, fontsize=11, loc="left")
        axes.set_xlabel("share of the distance of two takes", fontsize=9)
        axes.grid(axis="x", color="#dddddd")
    figure.savefig(path)


def show(row: Row) -> None:
    """Print a file's row."""
    print(row.sample, row.error) if row.error else print(line(row.sample, (getattr(row, n) for n in FIGURES)))
    for name, found in row.baselines.items():
        print(f"  {name:30}{found.mel_db:9.2f} dB mel, {found.mrstft:.2f} MR-STFT, {found.seconds:.1f} s")
    sys.stdout.flush()


def main() -> None:
    """Run the benchmark and write its table, JSON and picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="one-shots, named FAMILY-NAME")
    parser.add_argument("--plugin", default="auto")
    parser.add_argument("--quality", default="normal", choices=list(QUALITIES))
    parser.add_argument("--family", help="only this family")
    parser.add_argument("--most", type=int, help="so many files, evenly spread over the folder")
    parser.add_argument("--baselines", action="store_true", help="search in other ways too")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu", help="as PyTorch names it")
    parser.add_argument("--executor", choices=("local", "ray"), default="local")
    parser.add_argument("--workers", type=int, default=1, help="matches at a time, which take longer than one alone")
    parser.add_argument("--address", help="of a Ray cluster")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    parser.add_argument("--picture", type=Path, help="write their distribution here as PNG")
    arguments = parser.parse_args()

    paths = one_shots(
        parser,
        arguments.folder,
        most=arguments.most,
        fits=lambda path: path.stem.startswith(f"{arguments.family}-" if arguments.family else ""),
    )
    print(f"{'':32}" + "".join(f"{name[:8]:>9}" for name in FIGURES))
    rows: list[Row] = []
    work = partial(measure, arguments.plugin, arguments.quality, arguments.seed, arguments.device, arguments.baselines)
    executor = Ray(arguments.address, arguments.workers) if arguments.executor == "ray" else Local(arguments.workers)
    for path, found in executor.run(work, paths):
        rows.append(
            Row(path.name, family_of(path.stem) or "perc", error=found.reason) if isinstance(found, Failure) else found
        )
        show(rows[-1])
    rows.sort(key=lambda row: row.sample)

    families = {family: summarise(row for row in rows if row.family == family) for family in {r.family for r in rows}}
    overall, others = summarise(rows), against(rows)
    failures = sum(bool(row.error) for row in rows)
    for label, summary in [*sorted(families.items()), ("all", overall)]:
        for share in ("median", "p90", "mean"):
            print(line(f"{label}, {share}", (summary.get(name, {}).get(share) for name in FIGURES)))
    for name, shares in others.items():
        print(f"against {name}: {shares['mel']:.2f} of its mel distance in {shares['seconds']:.2f} of its time")
    print(f"{len(rows)} files, {failures} failed; the means are of what is a share")
    if arguments.out:
        document = {
            "plugin": arguments.plugin,
            "quality": arguments.quality,
            "seed": arguments.seed,
            "machine": describe_machine(),
            "overall": overall,
            "families": families,
            "against": others,
            "failures": failures,
            "rows": [asdict(row) for row in rows],
        }
        write_figures(arguments.out, document)
    if arguments.picture:
        draw(rows, arguments.picture)


if __name__ == "__main__":
    main()
