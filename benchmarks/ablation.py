"""What each part of the drum's voice brings: matches with one part left out, or with fewer tones and bands.

    python benchmarks/ablation.py FOLDER --most 14 --out benchmarks/results/ablation.json

A part is left out by holding its parameters at the value where it does nothing, from the first start to the last step.
"""

import argparse
import statistics
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

import backbeat
from backbeat import plugins
from backbeat.dsp import Grid, Signal
from backbeat.losses import FLOORS, family_of
from backbeat.matching import QUALITIES
from backbeat.matching.search import begin, descend
from backbeat.parameters import Table
from baselines import task_of
from folder import one_shots
from machine import describe_machine, write_figures


@dataclass(frozen=True)
class Voice:
    """A drum of some size with some parameters held."""

    tones: int = 128
    noise_bands: int = 32
    held: Mapping[str, float] = field(default_factory=dict)


VOICES = {
    "all": Voice(),
    "48 tones": Voice(tones=48),
    "12 tones": Voice(tones=12),
    "16 bands of noise": Voice(noise_bands=16),
    "4 bands of noise": Voice(noise_bands=4),
    "no shapes of decay": Voice(held={"tone_shape": 1.0, "noise_shape": 1.0}),
    "one decay for all bands": Voice(held={"noise_band_ratio": 1.0}),
    "no snap": Voice(held={"snap_db": -80.0, "burst_db": -60.0}),
    "no repeats of the snap": Voice(held={"burst_db": -60.0}),
    "no sweep": Voice(held={"sweep_st": 0.0}),
    "no transient": Voice(held={"transient_db": -60.0}),
    "no gate": Voice(held={"gate_s": 10.0}),
    "with the resonator": Voice(held={"resonator_db": -30.0}),
}
FIGURES = ("mel_to_floor", "mrstft_to_floor", "envelope_to_floor")


class _Held:
    """Controls of which some stay where they are, whatever is given for them."""

    def __init__(self, controls: Table, held: Mapping[str, float]) -> None:
        self._controls, self._held = controls, held

    def __getattr__(self, name: str) -> Any:
        control = getattr(self._controls, name)
        return 0.0 * control + self._held[name] if name in self._held else control


def measure(task: tuple[str, Path], steps: int) -> tuple[str, dict[str, float]]:
    """Match one file with one voice."""
    torch.set_num_threads(1)
    name, path = task
    voice = VOICES[name]
    plugin = plugins.get("drum", tones=voice.tones, noise_bands=voice.noise_bands)

    def render(grid: Grid, c: Table) -> Signal:
        return plugin.render(grid, _Held(c, voice.held))

    job = task_of(path, replace(plugin, render=render), seed=0)
    *_, last = descend(begin(job.starts(1)), job.objective, plugin.table, steps)
    with torch.no_grad():
        found = backbeat.distances(job.sound(last.best_params.unsqueeze(0)), job.target, job.sample_rate)
    floor = FLOORS[family_of(path.stem) or "perc"]
    shares = (found.mel_db / floor.mel_db, found.mrstft / floor.mrstft, found.envelope_db / floor.envelope_db)
    return name, dict(zip(FIGURES, shares, strict=True))


def main() -> None:
    """Match every file with every voice; print and write the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="one-shots, named FAMILY-NAME")
    parser.add_argument("--most", type=int, default=14, help="so many files, evenly spread over the folder")
    parser.add_argument("--steps", type=int, default=QUALITIES["normal"].steps)
    parser.add_argument("--jobs", type=int, default=2, help="so many at once, on one thread each")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    arguments = parser.parse_args()

    paths = one_shots(parser, arguments.folder, most=arguments.most)
    print(f"{'':26}" + "".join(f"{figure:>20}" for figure in FIGURES) + "   (medians)")
    tasks = [(name, path) for name in VOICES for path in paths]
    found: dict[str, list[dict[str, float]]] = {name: [] for name in VOICES}
    table: dict[str, dict[str, float]] = {}
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for name, shares in pool.map(partial(measure, steps=arguments.steps), tasks):
            found[name].append(shares)
            if len(found[name]) == len(paths):
                table[name] = {figure: statistics.median(row[figure] for row in found[name]) for figure in FIGURES}
                print(f"{name:26}" + "".join(f"{table[name][figure]:20.3f}" for figure in FIGURES), flush=True)
    if arguments.out:
        document = {
            "machine": describe_machine(),
            "steps": arguments.steps,
            "files": [path.name for path in paths],
            "medians": table,
        }
        write_figures(arguments.out, document)


if __name__ == "__main__":
    main()
