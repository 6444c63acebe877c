"""Matches of this tree beside those of another commit, in turn, on the same thread: how near, how bounded, how fast.

    python benchmarks/parent.py FOLDER --commit HEAD~1 --out benchmarks/results/parent.json

The other commit is checked out beside this tree, for as long as this takes. Both are installed into folders of their
own, and read in by a process each, with what else this virtual environment holds. Every sound is matched by both, one
after the other, and which begins changes from sound to sound: what else the machine does falls on both alike. Times are
medians of so many repeats.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from folder import one_shots
from machine import describe_machine, write_figures

ROOT = Path(__file__).resolve().parents[1]
LONGEST_S = 4.0
"""Times are compared for sounds up to here."""
_WORKER = """
import json, sys, time
import backbeat
from backbeat.losses import FLOORS, family_of
for line in sys.stdin:
    path, quality = json.loads(line)
    began = time.perf_counter()
    found = backbeat.match(path, quality=quality)
    seconds = time.perf_counter() - began
    family = family_of(found.name) or "perc"
    figures = {
        "seconds": seconds,
        "sound_s": found.target.shape[-1] / found.sample_rate,
        "plugin": found.patch.plugin,
        "mel_to_floor": found.distances.mel_db / FLOORS[family].mel_db,
        "mrstft_to_floor": found.distances.mrstft / FLOORS[family].mrstft,
        "envelope_to_floor": found.distances.envelope_db / FLOORS[family].envelope_db,
    }
    print(json.dumps(figures), flush=True)
"""
_DISTANCES = "mel_to_floor", "mrstft_to_floor", "envelope_to_floor"


class Tree:
    """A tree, installed, in a process that matches what it is told to."""

    def __init__(self, source: Path, stack: ExitStack) -> None:
        installed = stack.enter_context(tempfile.TemporaryDirectory(prefix="backbeat-installed-"))
        constraints = {each: str(ROOT / "constraints.txt") for each in ("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT")}
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", installed, str(source)]
        subprocess.run(install, env={**os.environ, **constraints}, check=True)
        path = os.pathsep.join([installed, sysconfig.get_path("purelib")])
        environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
        self._process = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-S", "-c", _WORKER],  # without `site`, which would read in an editable install
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )

    def match(self, path: Path, quality: str) -> dict[str, float]:
        """Figures of one match."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(path), quality]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            sys.exit(f"{path}: could not be matched; its process ended with {self._process.wait()}")
        figures: dict[str, float] = json.loads(line)
        return figures


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """A folder that holds a commit of this repository, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="backbeat-parent-") as folder:
        where = Path(folder) / "tree"
        added = subprocess.run(
            ["git", "-C", str(ROOT), "worktree", "add", "--quiet", "--detach", str(where), commit],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if added.returncode:
            sys.exit(f"--commit: found {commit!r}; must be a commit of this repository ({added.stderr.strip()})")
        try:
            yield where
        finally:
            remove = ["git", "-C", str(ROOT), "worktree", "remove", "--force", str(where)]
            subprocess.run(remove, capture_output=True, check=False)


def compare(paths: list[Path], commit: str, quality: str, repeats: int) -> list[dict[str, object]]:
    """For each sound the figures of this tree and of the commit."""
    rows: list[dict[str, object]] = []
    with ExitStack() as stack:
        parent = Tree(stack.enter_context(checked_out(commit)), stack)
        trees = {"here": Tree(ROOT, stack), "parent": parent}
        for tree in trees.values():
            tree.match(paths[0], "draft")  # which compiles, and reads in what is read once
        for count, path in enumerate(paths):
            found: dict[str, list[dict[str, float]]] = {name: [] for name in trees}
            for repeat in range(repeats):
                order = list(trees) if (count + repeat) % 2 else list(reversed(trees))
                for name in order:
                    found[name].append(trees[name].match(path, quality))
            row = {
                name: {**each[0], "seconds": statistics.median(one["seconds"] for one in each)}
                for name, each in found.items()
            }
            rows.append({"sample": path.name, **row})
            ratio = row["here"]["seconds"] / row["parent"]["seconds"]
            shares = "  ".join(f"{row['parent'][name]:5.2f} → {row['here'][name]:5.2f}" for name in _DISTANCES)
            print(f"{path.name:32}{shares}  {row['here']['seconds']:6.2f} s  {ratio:5.2f} × parent", flush=True)
    return rows


def summary(rows: list[dict[str, object]]) -> dict[str, float]:
    """Medians and 90th percentiles over all sounds; time ratios over those up to `LONGEST_S`."""
    figures: dict[str, float] = {}
    for tree in ("parent", "here"):
        for name in _DISTANCES:
            values = sorted(row[tree][name] for row in rows)  # type: ignore[index]
            figures[f"{tree} {name} median"] = statistics.median(values)
            figures[f"{tree} {name} p90"] = values[round(0.9 * (len(values) - 1))]
    short = [row for row in rows if row["here"]["sound_s"] <= LONGEST_S]  # type: ignore[index]
    ratios = [row["here"]["seconds"] / row["parent"]["seconds"] for row in short]  # type: ignore[index]
    seconds = {tree: statistics.median(row[tree]["seconds"] for row in short) for tree in ("here", "parent")}  # type: ignore[index]
    figures["median of time ratios"] = statistics.median(ratios)
    figures["ratio of median times"] = seconds["here"] / seconds["parent"]
    return figures


def main() -> None:
    """Match every sound by both trees, print the table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="one-shots, named FAMILY-NAME")
    parser.add_argument("--commit", default="HEAD~1", help="what to compare with, as git names it")
    parser.add_argument("--quality", default="normal")
    parser.add_argument("--most", type=int, help="so many files, evenly spread over the folder")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    arguments = parser.parse_args()

    paths = [path.resolve() for path in one_shots(parser, arguments.folder, most=arguments.most)]
    rows = compare(paths, arguments.commit, arguments.quality, arguments.repeats)
    figures = summary(rows)
    for name, value in figures.items():
        print(f"{name:36}{value:7.2f}")
    if arguments.out:
        document = {"machine": describe_machine(), "quality": arguments.quality, "summary": figures, "rows": rows}
        write_figures(arguments.out, document)


if __name__ == "__main__":
    main()
