"""What analysis and the field of starts are worth: matches beside one random start with 1,000 steps of Adam.

    python benchmarks/baseline.py FOLDER --most 6 --out benchmarks/results/baseline.json

Both use the same plugin at the same size, the same loss and the same step sizes, one after the other on one thread.
"""

import argparse
import json
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

import backbeat
from backbeat import plugins
from backbeat.matching.search import begin, descend
from backbeat.synth import render
from machine import describe_machine

STEPS = 1000


@dataclass(frozen=True)
class Row:
    """One sample, found by both."""

    sample: str
    match_mel_db: float
    match_s: float
    random_mel_db: float
    random_s: float


def from_random(path: Path, plugin: plugins.Plugin, seed: int) -> tuple[float, float]:
    """Mel distance and seconds of one random start."""
    began = time.perf_counter()
    recording = backbeat.read(path)
    target, rate = recording.audio, recording.sample_rate
    loss = backbeat.DrumLoss()
    prepared = loss.prepare(target, rate)

    def sound(params: torch.Tensor) -> torch.Tensor:
        return render(plugin, params, samples=target.shape[-1], sample_rate=rate, seed=seed)

    params = torch.rand(1, plugin.table.size, generator=torch.Generator().manual_seed(seed))
    state = begin(params)
    for latest in descend(state, lambda rows: loss(prepared, sound(rows)), plugin.table, STEPS):
        state = latest
    with torch.no_grad():
        found = backbeat.distances(sound(state.best_params.unsqueeze(0)), target, rate)
    return found.mel_db, time.perf_counter() - began


def main() -> None:
    """Run both on every sample; print the table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="one-shots")
    parser.add_argument("--plugin", default="drum")
    parser.add_argument("--most", type=int, default=6, help="so many samples, evenly spread over the folder")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    arguments = parser.parse_args()

    torch.set_num_threads(1)  # as the command line does
    plugin = plugins.get(arguments.plugin, **plugins.get(arguments.plugin).match_options)
    paths = sorted(path for path in arguments.folder.iterdir() if path.suffix.lower() in {".flac", ".wav"})
    if not paths:
        parser.error(f"{arguments.folder}: no one-shots; must hold .flac or .wav files")
    rows = []
    for path in paths[:: -(-len(paths) // arguments.most)]:
        result = backbeat.match(path, plugin, seed=arguments.seed)
        row = Row(path.name, result.distances.mel_db, result.seconds, *from_random(path, plugin, arguments.seed))
        rows.append(row)
        print(
            f"{row.sample:32} match {row.match_mel_db:5.2f} dB in {row.match_s:5.1f} s, "
            f"random start {row.random_mel_db:5.2f} dB in {row.random_s:5.1f} s",
            flush=True,
        )
    distance = statistics.median(row.match_mel_db / row.random_mel_db for row in rows)
    seconds = statistics.median(row.match_s / row.random_s for row in rows)
    print(f"median: {distance:.2f} of its distance in {seconds:.2f} of its time")
    if arguments.out:
        document = {"machine": describe_machine(), "rows": [asdict(row) for row in rows]}
        arguments.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
