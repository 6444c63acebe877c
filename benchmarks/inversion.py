"""What an inverter names, beside simpler answers: on held-out synthetic sounds and on a folder of one-shots.

    python benchmarks/inversion.py kick FOLDER --out benchmarks/results/inversion-kick.json

For each sound, the patch that is named is rendered and compared with it:

- `inverter`: the nearest of the network's proposals;
- `mean`: the mean of the training set's params;
- `neighbour`: the nearest of `--items` training sounds, by the network's own features;
- `analysis`: the start that a match would descend from, without a step of descent.

The distance is the mel distance over the take-to-take floor of the sound's family (of kicks, for synthetic ones), and
the pitch's error the level-weighted median over time, in cents. Each answer is given the sound's level, as the
inverter's are. Times are of one thread, files read and network loaded.
"""

import argparse
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
from backbeat.inversion.proposals import levelled
from backbeat.losses import FLOORS, distances, family_of
from backbeat.matching.candidate import Candidate
from backbeat.plugins import Plugin
from backbeat.synth import render
from backbeat.types import Audio
from folder import one_shots
from machine import describe_machine, write_figures
from recovery import median_cents

NEAR_CENTS = 20.0

Answer = Callable[[Audio], Audio]
"""The sound of the patch that is named for a sound at `SAMPLE_RATE`, as long as that."""


@dataclass(frozen=True)
class Row:
    """One answer for one sound."""

    sound: str
    method: str
    mel_to_floor: float
    cents: float | None
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
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    options = parser.parse_args()
    torch.set_num_threads(1)
    inverter = load_inverter(options.weights) if options.weights else pretrained(options.plugin)
    answers = _answers(inverter, options.items)
    held_out = Synthetic(inverter.plugin, split="test").at(torch.arange(options.count))
    floor_family = inverter.plugin.name if inverter.plugin.name in FLOORS else "perc"
    sounds = {
        "synthetic": [(str(k), floor_family, held_out.audio[k : k + 1]) for k in range(options.count)],
    }
    if options.folder:
        paths = one_shots(
            parser, options.folder, fits=lambda path: not options.family or family_of(path.stem) in options.family
        )
        sounds["one-shots"] = [
            (path.name, family_of(path.stem) or "perc", audio.read(path, sample_rate=SAMPLE_RATE).audio)
            for path in paths
        ]
    document: dict[str, object] = {"machine": describe_machine(), "plugin": inverter.plugin.name}
    for kind, cases in sounds.items():
        rows = [
            _measure(name, family, sound, method, answers[method])
            for name, family, sound in cases
            for method in answers
        ]
        print(f"{len(cases)} {kind}: mel / floor median and p90, cents median, within {NEAR_CENTS:g} cents, ms")
        summary = {method: _summary([row for row in rows if row.method == method]) for method in answers}
        for method, figures in summary.items():
            print(f"  {method:10}" + "".join(f"{value:9.2f}" for value in figures.values()))
        document[kind] = {"summary": summary, "rows": [asdict(row) for row in rows]}
    if options.out:
        write_figures(options.out, document)


def _measure(name: str, family: str, sound: Audio, method: str, answer: Answer) -> Row:
    answer(sound)
    began = time.perf_counter()
    named = answer(sound)
    seconds = time.perf_counter() - began
    mel_db = distances(named, sound, SAMPLE_RATE).mel_db
    return Row(name, method, mel_db / FLOORS[family].mel_db, median_cents(named[0, 0], sound[0, 0]), seconds)


def _summary(rows: list[Row]) -> dict[str, float]:
    ratios = sorted(row.mel_to_floor for row in rows)
    cents = [row.cents for row in rows if row.cents is not None]
    return {
        "mel_to_floor": statistics.median(ratios),
        "mel_to_floor_p90": ratios[int(0.9 * (len(ratios) - 1))],
        "cents": statistics.median(cents) if cents else float("nan"),
        "near_share": sum(each < NEAR_CENTS for each in cents) / max(1, len(cents)),
        "ms": 1e3 * statistics.median(row.seconds for row in rows),
    }


def _answers(inverter: Inverter, items: int) -> dict[str, Answer]:
    plugin = inverter.plugin
    known = Synthetic(plugin)
    parts = [known.at(torch.arange(first, min(items, first + 64))) for first in range(0, items, 64)]
    params = torch.cat([part.params for part in parts])
    seen = torch.cat([_flat(features(begun(part.audio, SAMPLE_RATE))) for part in parts])
    mean = params.mean(0, keepdim=True)

    def by_inverter(sound: Audio) -> Audio:
        best: Proposal = invert(sound, inverter, sample_rate=SAMPLE_RATE)[0]
        return best.patch.render()

    def by_neighbour(sound: Audio) -> Audio:
        heard = _flat(features(begun(sound, SAMPLE_RATE)))
        return _sound(plugin, params[(seen - heard).square().sum(-1).argmin()].unsqueeze(0), sound)

    def by_analysis(sound: Audio) -> Audio:
        return _sound(plugin, Candidate(plugin, sound, SAMPLE_RATE, 0).starts(1), sound)

    return {
        "inverter": by_inverter,
        "mean": lambda sound: _sound(plugin, mean, sound),
        "neighbour": by_neighbour,
        "analysis": by_analysis,
    }


def _sound(plugin: Plugin, params: Tensor, like: Audio) -> Audio:
    """What params (1, P) sound like, as long and as loud as another sound."""
    samples = like.shape[-1]
    with torch.no_grad():
        params = levelled(plugin, params, render(plugin, params, samples=samples, sample_rate=SAMPLE_RATE), like)
        return render(plugin, params, samples=samples, sample_rate=SAMPLE_RATE)


def _flat(heard: Features) -> Tensor:
    return torch.cat([each.flatten(1) for each in heard], dim=-1)


if __name__ == "__main__":
    main()
