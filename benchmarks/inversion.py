"""What an inverter names, beside simpler answers: on held-out synthetic sounds and on a folder of one-shots.

    python benchmarks/inversion.py kick FOLDER --family kick --out benchmarks/results/inversion-kick.json

For each sound, the patch that is named is rendered and compared with it:

- `inverter`: the nearest of the network's proposals;
- `invert`: the same, with what analysis tells at a glance among them, which is what `backbeat invert` does;
- `mean`: the mean of the training set's params;
- `neighbour`: the nearest of `--items` training sounds, by the network's own features;
- `analysis`: the start that a match would descend from, without a step of descent.

The distance is the mel distance over the take-to-take floor of the sound's family (for synthetic sounds, of the
plugin's). The error of pitch is that of the level-weighted median over time and, of synthetic sounds, that of the pitch
that they settle at, which is the first of what the macro `tune` turns. Each answer is given the sound's level, as the
inverter's are. Times are of one thread, files read and network loaded. Then a search descends from each answer, as many
steps from each, without a polish.
"""

import argparse
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from backbeat import audio
from backbeat.datasets import Synthetic
from backbeat.inversion import Inverter, Proposal, invert, load_inverter, pretrained
from backbeat.inversion.features import SAMPLE_RATE, Features, features
from backbeat.inversion.onset import begun
from backbeat.losses import FLOORS, distances, family_of
from backbeat.matching.candidate import Candidate
from backbeat.matching.search import begin, descend
from backbeat.matching.starts import levelled
from backbeat.plugins import Plugin
from backbeat.synth import render
from backbeat.types import Audio, Params
from folder import one_shots
from machine import describe_machine, write_figures
from recovery import median_cents

NEAR_CENTS = 20.0
HEADINGS = (
    "mel / floor median",
    "p90",
    "median after steps",
    "cents median",
    f"share within {NEAR_CENTS:g} cents over time",
    "(synthetic: where the pitch settles)",
    "ms",
)

Answer = Callable[[Audio], Params]
"""Params (1, P) that are named for a sound at `SAMPLE_RATE`."""

Case = tuple[str, str, Audio, Params | None]
"""A sound's name, family, audio, and the params that made it where they are known."""


@dataclass(frozen=True)
class Row:
    """One answer for one sound."""

    sound: str
    method: str
    mel_to_floor: float
    refined_mel_to_floor: float
    cents: float | None
    settled_cents: float | None
    seconds: float


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plugin")
    parser.add_argument("folder", type=Path, nargs="?", help="of one-shots; none leaves them out")
    parser.add_argument("--weights", type=Path, help="a folder of `backbeat train`, instead of what ships")
    parser.add_argument("--family", nargs="+", help="only one-shots of these families")
    parser.add_argument("--count", type=int, default=100, help="held-out synthetic sounds")
    parser.add_argument("--items", type=int, default=4096, help="training sounds for the neighbour and the mean")
    parser.add_argument("--steps", type=int, default=30, help="of descent from each answer")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    options = parser.parse_args()
    torch.set_num_threads(1)
    inverter = load_inverter(options.weights) if options.weights else pretrained(options.plugin)
    plugin, answers = inverter.plugin, _answers(inverter, options.items)
    cases = {"synthetic": _held_out(plugin, options.count)}
    if options.folder:
        families = options.family
        paths = one_shots(parser, options.folder, fits=lambda path: not families or family_of(path.stem) in families)
        cases["one-shots"] = [
            (path.name, family_of(path.stem) or "perc", audio.read(path, sample_rate=SAMPLE_RATE).audio, None)
            for path in paths
        ]
    document: dict[str, object] = {"machine": describe_machine(), "plugin": plugin.name}
    for kind, some in cases.items():
        rows = [
            _measure(plugin, case, method, answer, options.steps) for case in some for method, answer in answers.items()
        ]
        print(f"{len(some)} {kind}: {', '.join(HEADINGS)}")
        summary = {method: _summary([row for row in rows if row.method == method]) for method in answers}
        for method, figures in summary.items():
            print(f"  {method:10}" + "".join(f"{value:9.2f}" for value in figures.values()))
        document[kind] = {"summary": summary, "rows": [asdict(row) for row in rows]}
    if options.out:
        write_figures(options.out, document)


def _held_out(plugin: Plugin, count: int) -> list[Case]:
    batch = Synthetic(plugin, split="test").at(torch.arange(count))
    family = plugin.name if plugin.name in FLOORS else "perc"
    return [(str(k), family, batch.audio[k : k + 1], batch.params[k : k + 1]) for k in range(count)]


def _measure(plugin: Plugin, case: Case, method: str, answer: Answer, steps: int) -> Row:
    name, family, sound, truth = case
    answer(sound)
    began = time.perf_counter()
    params = answer(sound)
    seconds = time.perf_counter() - began
    named = _sound(plugin, params, sound)
    refined = _sound(plugin, _refined(plugin, params, sound, steps), sound)
    ratio, refined_ratio = (
        distances(each, sound, SAMPLE_RATE).mel_db / FLOORS[family].mel_db for each in (named, refined)
    )
    settled = None if truth is None else abs(_settled_cents(plugin, params) - _settled_cents(plugin, truth))
    return Row(name, method, ratio, refined_ratio, median_cents(named[0, 0], sound[0, 0]), settled, seconds)


def _refined(plugin: Plugin, params: Params, sound: Audio, steps: int) -> Params:
    """Params (1, P) after a descent from others."""
    found = params
    for state in descend(begin(params), Candidate(plugin, sound, SAMPLE_RATE, 0).objective, plugin.table, steps):
        found = state.best_params.unsqueeze(0)
    return found


def _settled_cents(plugin: Plugin, params: Params) -> float:
    pitch_hz = plugin.table.controls(params.double())[plugin.macros["tune"].parameters[0]]
    return float(1200.0 * torch.log2(pitch_hz[0, 0]))


def _summary(rows: list[Row]) -> dict[str, float]:
    ratios = sorted(row.mel_to_floor for row in rows)
    cents = [row.cents for row in rows if row.cents is not None]
    settled = [row.settled_cents for row in rows if row.settled_cents is not None]
    figures = {
        "mel_to_floor": statistics.median(ratios),
        "mel_to_floor_p90": ratios[int(0.9 * (len(ratios) - 1))],
        "refined_mel_to_floor": statistics.median(row.refined_mel_to_floor for row in rows),
        "cents": statistics.median(cents) if cents else math.nan,
        "near_share": _near(cents),
        "settled_near_share": _near(settled),
        "ms": 1e3 * statistics.median(row.seconds for row in rows),
    }
    return {name: value for name, value in figures.items() if not math.isnan(value)}


def _near(cents: list[float]) -> float:
    return sum(each < NEAR_CENTS for each in cents) / len(cents) if cents else math.nan


def _answers(inverter: Inverter, items: int) -> dict[str, Answer]:
    plugin = inverter.plugin
    known = Synthetic(plugin)
    parts = [known.at(torch.arange(first, min(items, first + 64))) for first in range(0, items, 64)]
    params = torch.cat([part.params for part in parts])
    seen = torch.cat([_flat(features(begun(part.audio, SAMPLE_RATE))) for part in parts])
    mean = params.mean(0, keepdim=True)

    def by_inverter(sound: Audio) -> Params:
        return _first(invert(sound, inverter, sample_rate=SAMPLE_RATE, analysis=False))

    def by_both(sound: Audio) -> Params:
        return _first(invert(sound, inverter, sample_rate=SAMPLE_RATE))

    def by_neighbour(sound: Audio) -> Params:
        heard = _flat(features(begun(sound, SAMPLE_RATE)))
        return as_loud(params[(seen - heard).square().sum(-1).argmin()].unsqueeze(0), sound)

    def by_analysis(sound: Audio) -> Params:
        return as_loud(Candidate(plugin, sound, SAMPLE_RATE, 0).starts(1), sound)

    def as_loud(found: Params, sound: Audio) -> Params:
        return levelled(plugin, found, _sound(plugin, found, sound), sound)[0]

    return {
        "inverter": by_inverter,
        "invert": by_both,
        "mean": lambda sound: as_loud(mean, sound),
        "neighbour": by_neighbour,
        "analysis": by_analysis,
    }


def _first(found: list[Proposal]) -> Params:
    return found[0].patch.params().float().unsqueeze(0)


def _sound(plugin: Plugin, params: Params, like: Audio) -> Audio:
    """What params (1, P) sound like, as long as another sound."""
    with torch.no_grad():
        return render(plugin, params, samples=like.shape[-1], sample_rate=SAMPLE_RATE)


def _flat(heard: Features) -> Tensor:
    return torch.cat([each.flatten(1) for each in heard], dim=-1)


if __name__ == "__main__":
    main()
