"""How fast a dataset is written, killed on its way: every item once, every byte as it was.

    python benchmarks/dataset.py kick --count 100000 --out benchmarks/results/dataset.json

`backbeat dataset write` is killed (SIGKILL, with its workers) after a quarter and after a half of the shards, and then
let finish; `verify` must find nothing, and then the one byte that is changed. The speed counts all three runs.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from backbeat.datasets import verify
from backbeat.datasets.shards import ITEMS_PER_SHARD
from machine import describe_machine, write_figures

COMMAND = (sys.executable, "-c", "from backbeat.cli import main; main()", "dataset", "write")


def main() -> None:
    """Write, kill, write, verify."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plugin", nargs="?", default="kick")
    parser.add_argument("--count", type=int, default=100_000, help="items")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    options = parser.parse_args()
    shards = -(-options.count // ITEMS_PER_SHARD)
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "dataset"
        command = [*COMMAND, options.plugin, "--out", str(folder), "--count", str(options.count)]
        command += ["--seconds", str(options.seconds), "--workers", str(options.workers)]
        began = time.perf_counter()
        kills = [_killed(command, folder, shards * share // 4) for share in (1, 2)]
        subprocess.run(command, check=True)
        taken_s = time.perf_counter() - began
        problems = verify(folder)
        size = sum(path.stat().st_size for path in folder.iterdir())
        found = _finds_a_changed_byte(folder)
    figures = {
        "plugin": options.plugin,
        "items": options.count,
        "workers": options.workers,
        "killed_after_shards": kills,
        "seconds": taken_s,
        "times_real_time": options.count * options.seconds / taken_s,
        "bytes": size,
        "problems": problems,
        "changed_byte_found": found,
    }
    for name, value in figures.items():
        print(f"{name.replace('_', ' ')}: {value}")
    if options.out:
        write_figures(options.out, {"machine": describe_machine(), **figures})


def _killed(command: list[str], folder: Path, shards: int) -> int:
    """Kill a run that has written so many shards; how many there were."""
    process = subprocess.Popen(command, start_new_session=True)
    while len(list(folder.glob("*-*.tar"))) < shards and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return len(list(folder.glob("*-*.tar")))


def _finds_a_changed_byte(folder: Path) -> bool:
    path = sorted(folder.glob("*-*.tar"))[len(list(folder.glob("*-*.tar"))) // 2]
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
    return any(str(path) in problem for problem in verify(folder))


if __name__ == "__main__":
    main()
