"""Whether anything fails: one-shots as bad converters, rooms and cuts leave them, matched as drafts.

    python benchmarks/robust.py FOLDER --count 500 --out benchmarks/results/robust.json

Each is a random file of the folder under one or two random changes: gain from -60 to 0 dB, clipping, an offset, noise
at 10 dB below the sound, 8 kHz, reversed, cut to 20 ms. A match is fine if it raises nothing, all of its samples and
distances are finite, and its patch renders its very samples.
"""

import argparse
import math
import statistics
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch
from numpy.typing import NDArray

import backbeat
from backbeat.inversion import suggest
from folder import one_shots
from machine import describe_machine, write_figures

Sound = tuple[NDArray[np.float64], int]
LONGEST_S, SHORTEST_S = 1.0, 0.02


def _gain(sound: Sound, random: np.random.Generator) -> Sound:
    return sound[0] * 10.0 ** (random.uniform(-60.0, 0.0) / 20.0), sound[1]


def _clip(sound: Sound, random: np.random.Generator) -> Sound:
    return np.clip(sound[0] * 10.0 ** random.uniform(0.3, 1.5), -1.0, 1.0), sound[1]


def _offset(sound: Sound, random: np.random.Generator) -> Sound:
    return sound[0] + random.uniform(-0.3, 0.3), sound[1]


def _noise(sound: Sound, random: np.random.Generator) -> Sound:
    level = math.sqrt(float(np.mean(sound[0] ** 2)) / 10.0)
    return sound[0] + level * random.standard_normal(len(sound[0])), sound[1]


def _slow(sound: Sound, random: np.random.Generator) -> Sound:
    return soxr.resample(sound[0], sound[1], 8000), 8000


def _reverse(sound: Sound, random: np.random.Generator) -> Sound:
    return sound[0][::-1].copy(), sound[1]


def _cut(sound: Sound, random: np.random.Generator) -> Sound:
    return sound[0][: round(SHORTEST_S * sound[1])], sound[1]


CHANGES: dict[str, Callable[[Sound, np.random.Generator], Sound]] = {
    "gain": _gain,
    "clipped": _clip,
    "offset": _offset,
    "noise": _noise,
    "8 kHz": _slow,
    "reversed": _reverse,
    "20 ms": _cut,
}


@dataclass(frozen=True)
class Row:
    """One changed sound: what was done to it, and what came of it."""

    sample: str
    changes: str
    mel_db: float | None
    failure: str = ""


def attempt(index: int, paths: list[Path]) -> Row:
    """Change a sound, match it, and look at the result."""
    torch.set_num_threads(1)
    random = np.random.default_rng(index)
    path = paths[random.integers(len(paths))]
    chosen = [str(name) for name in random.choice(list(CHANGES), random.integers(1, 3), replace=False)]
    signal, rate = soundfile.read(path)
    changed = (signal[: round(LONGEST_S * rate)], rate)
    for name in chosen:
        changed = CHANGES[name](changed, random)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "changed.wav"
        soundfile.write(file, *changed, subtype="FLOAT")
        try:
            result = backbeat.match(file, quality="draft", suggested=suggest(file, "auto"))
        except Exception as error:  # whatever it is, it is what is looked for
            return Row(path.name, " + ".join(chosen), None, f"{type(error).__name__}: {error}")
    finite = bool(result.audio.isfinite().all()) and all(map(math.isfinite, result.distances.as_dict().values()))
    same = torch.equal(result.patch.render(), result.audio)
    failure = "" if finite and same else "not finite" if not finite else "the patch renders something else"
    return Row(path.name, " + ".join(chosen), result.distances.mel_db, failure)


def main() -> None:
    """Try so many; print and write what failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="one-shots")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=2, help="so many at once, on one thread each")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    arguments = parser.parse_args()

    paths = one_shots(parser, arguments.folder)
    with ProcessPoolExecutor(arguments.jobs) as pool:
        rows = []
        for row in pool.map(partial(attempt, paths=paths), range(arguments.count), chunksize=4):
            rows.append(row)
            if row.failure:
                print(f"{row.sample}, {row.changes}: {row.failure}", flush=True)
    failures = sum(bool(row.failure) for row in rows)
    distances = [row.mel_db for row in rows if row.mel_db is not None]
    print(f"{len(rows)} one-shots, {failures} failed, median mel distance {statistics.median(distances):.2f} dB")
    if arguments.out:
        document = {"machine": describe_machine(), "failures": failures, "rows": [asdict(row) for row in rows]}
        write_figures(arguments.out, document)


if __name__ == "__main__":
    main()
