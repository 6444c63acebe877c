"""How fast kits are: a song with its stems, and an export for all samplers.

    python benchmarks/kits.py --out benchmarks/results/kits.json

The song: three minutes at 124 bpm, eight pads of a factory kit at random velocities, 16 steps of velocity and 4 hits of
each; every hit is rendered, mixed and written, mix and stems, 24 bits. By the clock of this process, in which nothing
is rendered yet; starting Python is not in it. The export: 16 pads, 4 layers, 4 round robins.
"""

import argparse
import hashlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from backbeat.kits import Kit
from backbeat.kits.factory import factory_kit
from backbeat.kits.hits import Hits
from backbeat.kits.playing import BLOCK, Performance
from backbeat.kits.sampled import with_size, write_hits
from backbeat.kits.writing import write_performance
from backbeat.samplers.writers import WRITERS
from backbeat.songs import Note, Song
from machine import describe_machine, write_figures

SAMPLE_RATE = 44_100
SONG_S, STEP_S = 180.0, 60.0 / 124.0 / 4.0
CHANCES = {
    "kick": 0.3,
    "snare": 0.2,
    "clap": 0.1,
    "closed": 0.6,
    "open": 0.15,
    "low-tom": 0.1,
    "crash": 0.03,
    "shaker": 0.6,
}
"""Of each pad at each sixteenth."""
KIT, LAYERS, ROUND_ROBINS = "909", 4, 4


def song_of(kit: Kit) -> Song:
    """The song, the same every time."""
    random = Random(0)
    notes = [
        Note(step * STEP_S, kit.notes_by_name[name], random.randint(1, 127))
        for step in range(int(SONG_S / STEP_S))
        for name, chance in CHANCES.items()
        if random.random() < chance
    ]
    return Song(tuple(notes), SONG_S)


def play(kit: Kit, song: Song, folder: Path, threads: int, block: int = BLOCK) -> list[Path]:
    """Render mix and stems; their files."""
    performance = Performance(Hits(kit, SAMPLE_RATE), song, threads=threads)
    paths = [folder / f"{number}.wav" for number in range(len(performance.outputs) + 1)]
    write_performance(performance, paths[0], paths[1:], threads=threads, block=block)
    return paths


def digest(paths: list[Path]) -> str:
    """What tells these files from others."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def seconds(work: Callable[[], Any]) -> float:
    """How long it takes, by the clock."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    kit = factory_kit(KIT)
    song = song_of(kit)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        same = (
            len({digest(play(kit, song, folder, arguments.threads, block)) for block in (BLOCK, 1_000, 1 << 20)}) == 1
        )
        songs_s = [seconds(lambda: play(kit, song, folder, arguments.threads)) for _ in range(arguments.times)]
        exported: dict[str, float] = {}
        taken = folder / "hits"
        taken.mkdir()
        sized = with_size(kit, LAYERS, ROUND_ROBINS)
        exported["hits"] = seconds(lambda: write_hits(sized, taken, threads=arguments.threads))
        sampled = write_hits(sized, taken, threads=arguments.threads)
        for each, writer in WRITERS.items():
            path = folder / f"{each}{writer.suffix}"
            exported[each] = seconds(lambda writer=writer, path=path: writer.write(sampled, path))  # type: ignore[misc]
    print(f"{len(song.notes)} notes, {SONG_S:g} s, {len(CHANCES)} stems: median {median(songs_s):.2f} s,", end=" ")
    print(f"{SONG_S / median(songs_s):.0f} x real time; the same bytes at any block: {same}")
    print(f"export of {len(kit.pads)} pads x {LAYERS} layers x {ROUND_ROBINS}: {sum(exported.values()):.2f} s")
    print("  " + ", ".join(f"{each} {found:.2f} s" for each, found in exported.items()))
    if arguments.out:
        figures = {"song_s": songs_s, "times_real_time": SONG_S / median(songs_s), "same_at_any_block": same}
        write_figures(arguments.out, {**describe_machine(), **figures, "export_s": exported})


if __name__ == "__main__":
    main()
