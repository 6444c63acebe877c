"""How long `backbeat match` takes by the clock: start of the process, match and report, one process after the other.

    python benchmarks/process.py FOLDER --quality normal --out benchmarks/results/process-normal.json

Only one-shots of up to 0.6 s count.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import soundfile

from folder import one_shots
from machine import describe_machine, write_figures

LONGEST_S = 0.6


def seconds(path: Path, quality: str) -> float:
    """Wall-clock time of one match on the command line."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        program = str(Path(sys.executable).with_name("backbeat"))
        command = [program, "match", str(path), "--quality", quality, "--out", folder]
        subprocess.run(command, check=True, capture_output=True)
        return time.perf_counter() - began


def main() -> None:
    """Match every file; print and write the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="one-shots")
    parser.add_argument("--quality", default="normal", choices=["draft", "normal", "best"])
    parser.add_argument("--most", type=int, default=12, help="so many files, evenly spread over the folder")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    arguments = parser.parse_args()

    paths = one_shots(
        parser,
        arguments.folder,
        most=arguments.most,
        fits=lambda path: soundfile.info(path).duration <= LONGEST_S,
    )
    times: dict[str, float] = {}
    for path in paths:
        times[path.name] = seconds(path, arguments.quality)
        print(f"{path.name:32} {times[path.name]:6.2f} s", flush=True)
    print(f"median {statistics.median(times.values()):.2f} s")
    if arguments.out:
        document = {
            "machine": describe_machine(),
            "quality": arguments.quality,
            "median_s": statistics.median(times.values()),
            "seconds": times,
        }
        write_figures(arguments.out, document)


if __name__ == "__main__":
    main()
