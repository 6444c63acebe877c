"""A folder of one-shots, some of them broken, matched on Ray while workers and the driver are killed, and then locally.

    python benchmarks/library.py FOLDER --out benchmarks/results/library.json

The folder's one-shots are cut, and played at other speeds and levels, until there are as many as asked for; every
thirtieth file is broken. On Ray, a worker is killed (SIGKILL) after a fifth of the results, and the driver with its
cluster after a half, and the command is given again. Each file must then have one result or one reason, and patches,
sounds, thumbnails and distances must be those of a run in processes of this machine, bit for bit.
"""

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil
import soundfile

from folder import one_shots
from machine import describe_machine, write_figures

COMMAND = (sys.executable, "-c", "from backbeat.cli import main; main()", "library", "match")
LONGEST_S = 0.6
BROKEN_EVERY = 30
BREAK: tuple[Callable[[Path], object], ...] = (
    lambda path: path.write_bytes(b""),
    lambda path: path.write_text("no sound"),
    lambda path: path.write_bytes(path.read_bytes()[:30]),
    lambda path: soundfile.write(path, np.zeros(4410), 44100),
    lambda path: soundfile.write(path, np.full(4410, np.nan), 44100, subtype="FLOAT"),
)
RESULTS = "SELECT path, plugin, patch, mel_db, lsd_db, mrstft, envelope_db, steps, remarks, likeness"


def main() -> None:
    """Make the folder, match it twice, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="of one-shots")
    parser.add_argument("--count", type=int, default=300, help="files")
    parser.add_argument("--quality", default="draft")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    options = parser.parse_args()
    sources = one_shots(parser, options.folder)
    with tempfile.TemporaryDirectory() as parent:
        samples, on_ray, here = (Path(parent) / name for name in ("samples", "ray", "here"))
        length_s, broken = _fill(samples, sources, options.count)
        arguments = [str(samples), "--quality", options.quality, "--workers", str(options.workers)]
        ray_s = _matched(
            [*COMMAND, *arguments, "--executor", "ray", "--out", str(on_ray)],
            on_ray,
            kills={options.count // 5: _kill_a_worker, options.count // 2: _kill_the_driver},
        )
        here_s = _matched([*COMMAND, *arguments, "--out", str(here)], here, kills={})
        found = _rows(on_ray, f"{RESULTS} FROM samples JOIN matches USING (content)")
        reasons = _rows(on_ray, "SELECT path, reason FROM samples WHERE reason IS NOT NULL")
        same = found == _rows(here, f"{RESULTS} FROM samples JOIN matches USING (content)") and _same_files(
            on_ray, here
        )
    figures = {
        "files": options.count,
        "broken": broken,
        "sound_s": length_s,
        "quality": options.quality,
        "workers": options.workers,
        "results": len(found),
        "reasons": len(reasons),
        "in_both_or_twice": len(found) + len(reasons) - len({row[0] for row in (*found, *reasons)}),
        "ray_is_local_bit_for_bit": same,
        "ray_s": ray_s,
        "local_s": here_s,
        "core_seconds_a_sound": here_s * options.workers / len(found),
    }
    for name, value in figures.items():
        print(f"{name.replace('_', ' ')}: {value}")
    if options.out:
        write_figures(options.out, {"machine": describe_machine(), **figures})


def _fill(folder: Path, sources: list[Path], count: int) -> tuple[float, int]:
    """Write sounds, each unlike the others; seconds of sound, and how many files are broken."""
    folder.mkdir()
    random = np.random.default_rng(0)
    length_s, broken = 0.0, 0
    for number in range(count):
        source = sources[number % len(sources)]
        frames, sample_rate = soundfile.read(source, always_2d=True)
        sound = frames[:, 0][: round(random.uniform(0.5, 1.0) * LONGEST_S * sample_rate)]
        speed = random.uniform(0.8, 1.25)
        sound = np.interp(np.arange(0, len(sound) - 1, speed), np.arange(len(sound)), sound)
        path = folder / source.stem.partition("-")[0] / f"{number:04d}-{source.stem}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, random.uniform(0.3, 0.9) * sound / np.abs(sound).max(), sample_rate, subtype="PCM_24")
        if number % BROKEN_EVERY == BROKEN_EVERY - 1:
            BREAK[broken % len(BREAK)](path)
            broken += 1
        else:
            length_s += len(sound) / sample_rate
    return length_s, broken


def _matched(command: list[str], out: Path, kills: dict[int, Callable[["subprocess.Popen[bytes]"], None]]) -> float:
    """Run a command, kill at these numbers of results, and go on until it ends by itself; seconds."""
    began = time.perf_counter()
    waiting = sorted(kills)
    while True:
        process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
        while process.poll() is None:
            if waiting and _done(out) >= waiting[0]:
                kills[waiting.pop(0)](process)
            time.sleep(0.1)
        if process.returncode >= 0:
            return time.perf_counter() - began


def _kill_a_worker(driver: "subprocess.Popen[bytes]") -> None:
    below = psutil.Process(driver.pid).children(recursive=True)
    next(each for each in below if any("ray::attempt" in part for part in each.cmdline())).kill()


def _kill_the_driver(driver: "subprocess.Popen[bytes]") -> None:
    below = psutil.Process(driver.pid).children(recursive=True)
    for each in (driver, *below):
        each.kill()


def _done(out: Path) -> int:
    try:
        count = len(_rows(out, "SELECT content FROM matches"))
    except sqlite3.Error:  # not begun yet
        return 0
    return count


def _rows(out: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{out / 'library.sqlite'}?mode=ro", uri=True)) as connection:
        return sorted(connection.execute(query).fetchall())


def _same_files(one: Path, other: Path) -> bool:
    files = [
        {path.relative_to(folder): path.read_bytes() for path in (folder / "matches").rglob("*") if path.is_file()}
        for folder in (one, other)
    ]
    return files[0] == files[1]


if __name__ == "__main__":
    main()
