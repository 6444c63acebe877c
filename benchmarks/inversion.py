"""What the inverter predicts, beside simpler answers: on held-out synthetic sounds and on a folder of one-shots.

    python benchmarks/inversion.py FOLDER --out benchmarks/results/inversion.json

For each sound, the patch that is predicted is rendered and compared with it:

- `invert`: the nearest of the likeliest three instruments' proposals, which is what `backbeat invert` does;
- `head`: the nearest proposal of the head of the sound's own instrument, without what analysis tells;
- `analysis`: the start that a match would descend from, without a step of descent;
- `neighbour`: the nearest of `--items` training sounds of the instrument, by the network's own features;
- `mean`: the mean of the training set's params.

The last four are given the instrument: of one-shots, where their family has one (`RIGHT` in `router.py`), the first.
The distance is the mel distance over the take-to-take floor of the sound's family. Each answer is given the sound's
level, as the inverter's are. With `--steps`, a search descends from each answer, as many steps from each, without a
polish. Times are of one thread, files read and network loaded. Which instrument is right is told by the odds alone, the
generic one aside, and by the answer of `invert`.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from backbeat import audio
from backbeat.datasets import Synthetic
from backbeat.encoder.features import SAMPLE_RATE, Features, features
from backbeat.inversion import Inverter, Proposal, invert, load_inverter, pretrained
from backbeat.inversion.onset import begun
from backbeat.inversion.proposals import Heard
from backbeat.losses import FLOORS, distances, family_of
from backbeat.matching.candidate import Candidate
from backbeat.matching.search import begin, descend
from backbeat.matching.starts import levelled
from backbeat.plugins import Plugin
from backbeat.synth import render
from backbeat.types import Audio, Params
from folder import one_shots
from machine import describe_machine, write_figures
from router import GENERIC, RIGHT

MOST = 3

Answer = Callable[[Audio], tuple[Plugin, Params]]
"""An instrument and params (1, P) that are predicted for a sound at `SAMPLE_RATE`."""


@dataclass(frozen=True)
class Case:
    """A sound, and the instruments that are right for it: none, where any is."""

    name: str
    family: str
    right: tuple[str, ...]
    sound: Audio


@dataclass(frozen=True)
class Row:
    """One answer for one sound."""

    sound: str
    right: tuple[str, ...]
    method: str
    plugin: str
    mel_to_floor: float
    refined_mel_to_floor: float
    seconds: float


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="of one-shots; none leaves them out")
    parser.add_argument("--weights", type=Path, help="a folder of `backbeat train`, instead of what ships")
    parser.add_argument("--count", type=int, default=40, help="held-out synthetic sounds of each instrument")
    parser.add_argument("--items", type=int, default=1024, help="training sounds for the neighbour and the mean")
    parser.add_argument("--steps", type=int, default=0, help="of descent from each answer")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    options = parser.parse_args()
    torch.set_num_threads(1)
    inverter = load_inverter(options.weights) if options.weights else pretrained()
    document: dict[str, object] = {"machine": describe_machine()}
    answers = {name: _answers(inverter, plugin, options.items) for name, plugin in inverter.plugins.items()}
    rows: list[Row] = []
    for name, plugin in inverter.plugins.items():
        cases = _held_out(plugin, options.count)
        _measure(cases[0], name, answers[name], 0)  # so that what is kept for the next time is there
        found = [_measure(case, name, answers[name], options.steps) for case in cases]
        document[name] = _told(name, inverter, cases, [row for some in found for row in some])
        rows += [row for some in found for row in some]
    document["synthetic"] = _summaries(f"all {len(inverter.plugins)}", rows)
    if options.folder:
        cases = [
            Case(path.name, family, RIGHT[family], audio.read(path, sample_rate=SAMPLE_RATE).audio)
            for path in one_shots(parser, options.folder)
            for family in [family_of(path.stem) or "perc"]
        ]
        rows = []
        for case in cases:
            own = case.right[0] if case.right else GENERIC
            rows += _measure(case, own, answers[own], options.steps)
        document["one-shots"] = {**_told("one-shots", inverter, cases, rows), "rows": [asdict(row) for row in rows]}
    if options.out:
        write_figures(options.out, document)


def _held_out(plugin: Plugin, count: int) -> list[Case]:
    batch = Synthetic(plugin, "played", split="test").at(torch.arange(count))
    family = family_of(plugin.name) or "perc"
    return [Case(f"{plugin.name} {k}", family, (plugin.name,), batch.audio[k : k + 1]) for k in range(count)]


def _measure(case: Case, own: str, answers: dict[str, Answer], steps: int) -> list[Row]:
    rows = []
    for method, answer in answers.items():
        began = time.perf_counter()
        plugin, params = answer(case.sound)
        seconds = time.perf_counter() - began
        near = _distance(case, plugin, params)
        refined = _distance(case, plugin, _refined(plugin, params, case.sound, steps)) if steps else near
        rows.append(Row(case.name, case.right, method, plugin.name, near, refined, seconds))
    return rows


def _distance(case: Case, plugin: Plugin, params: Params) -> float:
    named = _sound(plugin, params, case.sound)
    return distances(named, case.sound, SAMPLE_RATE).mel_db / FLOORS[case.family].mel_db


def _refined(plugin: Plugin, params: Params, sound: Audio, steps: int) -> Params:
    """Params (1, P) after a descent from others."""
    found = params
    for state in descend(begin(params), Candidate(plugin, sound, SAMPLE_RATE, 0).objective, plugin.table, steps):
        found = state.best_params.unsqueeze(0)
    return found


def _told(title: str, inverter: Inverter, cases: Sequence[Case], rows: Sequence[Row]) -> dict[str, object]:
    """Print and return how near each method comes, and how often the instrument is right."""
    judged = [case for case in cases if case.right]
    first = among = 0
    for case in judged:
        odds = inverter.answer(Heard.of(case.sound, SAMPLE_RATE, whole=False).features).log_odds[0].tolist()
        known = {name: each for name, each in zip(inverter.plugins, odds, strict=True) if _counts(name, case)}
        best = sorted(known, key=lambda name: -known[name])[:MOST]
        first += best[0] in case.right
        among += any(name in case.right for name in best)
    chosen = sum(row.plugin in row.right for row in rows if row.method == "invert")
    summary = _summaries(title, rows)
    print(
        f"  right instrument of {len(judged)}: by odds {first}, among {MOST} {among}; by the answer {chosen}",
        flush=True,
    )
    return {"summary": summary, "judged": len(judged), "first": first, "among": among, "chosen": chosen}


def _counts(name: str, case: Case) -> bool:
    """Whether odds of an instrument count: those of the generic one do for its own sounds alone."""
    return name != GENERIC or GENERIC in case.right


def _summaries(title: str, rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    print(f"{title}: mel / floor median, 90th percentile, median after steps, ms")
    summaries = {}
    for method in dict.fromkeys(row.method for row in rows):
        some = [row for row in rows if row.method == method]
        ratios = sorted(row.mel_to_floor for row in some)
        summaries[method] = {
            "mel_to_floor": statistics.median(ratios),
            "mel_to_floor_p90": ratios[int(0.9 * (len(ratios) - 1))],
            "refined_mel_to_floor": statistics.median(row.refined_mel_to_floor for row in some),
            "ms": 1e3 * statistics.median(row.seconds for row in some),
        }
        print(f"  {method:10}" + "".join(f"{value:9.2f}" for value in summaries[method].values()))
    return summaries


def _answers(inverter: Inverter, plugin: Plugin, items: int) -> dict[str, Answer]:
    known = Synthetic(plugin, "played")
    parts = [known.at(torch.arange(first, min(items, first + 64))) for first in range(0, items, 64)]
    params = torch.cat([part.params for part in parts])
    seen = torch.cat([_flat(features(begun(part.audio, SAMPLE_RATE))).half() for part in parts])
    mean = params.mean(0, keepdim=True)

    def by_all(sound: Audio) -> tuple[Plugin, Params]:
        return _first(invert(sound, inverter, sample_rate=SAMPLE_RATE))

    def by_head(sound: Audio) -> tuple[Plugin, Params]:
        return _first(invert(sound, inverter, plugin=plugin.name, sample_rate=SAMPLE_RATE, analysis=False))

    def by_neighbour(sound: Audio) -> tuple[Plugin, Params]:
        heard = _flat(features(begun(sound, SAMPLE_RATE)))
        return as_loud(params[(seen - heard).square().sum(-1).argmin()].unsqueeze(0), sound)

    def by_analysis(sound: Audio) -> tuple[Plugin, Params]:
        return as_loud(Candidate(plugin, sound, SAMPLE_RATE, 0).starts(1), sound)

    def as_loud(found: Params, sound: Audio) -> tuple[Plugin, Params]:
        return plugin, levelled(plugin, found, _sound(plugin, found, sound), sound)[0]

    return {
        "invert": by_all,
        "head": by_head,
        "analysis": by_analysis,
        "neighbour": by_neighbour,
        "mean": lambda sound: as_loud(mean, sound),
    }


def _first(found: list[Proposal]) -> tuple[Plugin, Params]:
    patch = found[0].patch
    return patch.instrument, patch.params().float().unsqueeze(0)


def _sound(plugin: Plugin, params: Params, like: Audio) -> Audio:
    """What params (1, P) sound like, as long as another sound."""
    with torch.no_grad():
        return render(plugin, params, samples=like.shape[-1], sample_rate=SAMPLE_RATE)


def _flat(heard: Features) -> Tensor:
    return torch.cat([each.flatten(1) for each in heard], dim=-1)


if __name__ == "__main__":
    main()
