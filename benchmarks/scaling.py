"""What a million one-shots cost, by the rates that the other benchmarks measured and kept.

    python benchmarks/scaling.py

Reads `benchmarks/results`, and prints core-hours: means over the one-shots there, times a million. Cores share nothing
but the index, so hours are core-hours over cores; where the work is short (`invert`), reading the files counts too.
"""

import json
import statistics
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
MILLION = 1_000_000
MATCHES = {"draft": "match-draft", "normal": "match", "best": "match-best"}


def main() -> None:
    """Print the table."""
    core_s = {f"match, {quality}": _mean_seconds(name) for quality, name in MATCHES.items()}
    core_s["library match, draft (sounds of 0.33 s)"] = _read("library")["core_seconds_a_sound"]
    core_s["invert"] = _read("inversion")["one-shots"]["summary"]["invert"]["ms"] / 1e3
    dataset = _read("dataset")
    core_s["dataset write, kick of 1 s"] = dataset["seconds"] * dataset["workers"] / dataset["items"]
    print(f"{'':42}{'core-seconds each':>18}{'core-hours a million':>22}{'hours on 64 cores':>19}")
    for job, seconds in core_s.items():
        hours = seconds * MILLION / 3600.0
        print(f"{job:42}{seconds:18.4f}{hours:22.1f}{hours / 64.0:19.2f}")


def _mean_seconds(name: str) -> float:
    return statistics.mean(row["seconds"] for row in _read(name)["rows"])


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    main()
