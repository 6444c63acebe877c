"""How far the same patches differ between ways of rendering them: a matrix, in dB of full scale.

    python benchmarks/determinism.py --out benchmarks/results/determinism.json

Random patches in their musical ranges; the greatest difference of any sample of any patch, -inf where every bit is the
same. The first rows are the promise of the engine: alone or at any place in any batch, again and again.
"""

import argparse
import math
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from backbeat import dsp, patch, plugins
from backbeat.synth import Synth
from machine import describe_machine, write_figures
from rendering import COMPILED, Rendering

SAMPLE_RATE = 44_100

Way = Callable[[Tensor, Tensor], Tensor]
"""Params (batch, P) and seeds (batch,) to audio (batch, 1, samples)."""


def ways(plugin: str, seconds: float) -> dict[str, Way]:
    """Every way there is here, the one that the others are held against first."""
    engine = Synth(plugin, SAMPLE_RATE, seconds)
    found: dict[str, Way] = {
        "1 thread": _threads(engine, 1),
        "again": _threads(engine, 1),
        "each alone": _threads(lambda params, seeds: torch.cat([engine(*each) for each in _items(params, seeds)]), 1),
        "other places": _threads(lambda params, seeds: engine(params.flip(0), seeds.flip(0)).flip(0), 1),
        "2 threads": _threads(engine, 2),
        "float64": lambda params, seeds: engine(params.double(), seeds),
    }
    if torch.cuda.is_available():
        found["cuda"] = lambda params, seeds: engine(params.cuda(), seeds.cuda()).cpu()
        quick = Rendering(plugin, COMPILED, SAMPLE_RATE, seconds)
        found["cuda, compiled"] = lambda params, seeds: quick(params.cuda(), seeds.cuda()).cpu()
    return found


def noises(seeds: Tensor, samples: int) -> dict[str, Tensor]:
    """Noise, made in each way."""

    def made(device: str, dtype: torch.dtype) -> Tensor:
        return dsp.noise(dsp.Grid(SAMPLE_RATE, samples, seeds.to(device), dtype), stream=0).cpu()

    found = {"float32": made("cpu", torch.float32), "float64": made("cpu", torch.float64).float()}
    if torch.cuda.is_available():
        found["cuda"] = made("cuda", torch.float32)
    return found


def difference_db(first: Tensor, second: Tensor) -> float:
    """The greatest difference of two samples, in dB of full scale."""
    greatest = float((first.double() - second.double()).abs().max())
    return 20.0 * math.log10(greatest) if greatest > 0.0 else -math.inf


def matrix(sounds: dict[str, Tensor]) -> dict[str, dict[str, float]]:
    """The difference of every two."""
    return {one: {other: difference_db(sounds[one], sounds[other]) for other in sounds} for one in sounds}


def table(differences_db: dict[str, dict[str, float]]) -> str:
    """The matrix in columns."""
    lines = [f"{'':14}" + "".join(f"{name:>14}" for name in differences_db)]
    for one, row in differences_db.items():
        cells = ("equal" if math.isinf(value) else f"{value:.0f}" for value in row.values())
        lines.append(f"{one:14}" + "".join(f"{cell:>14}" for cell in cells))
    return "\n".join(lines)


def _threads(render: Way, count: int) -> Way:
    def rendered(params: Tensor, seeds: Tensor) -> Tensor:
        torch.set_num_threads(count)
        return render(params, seeds)

    return rendered


def _items(params: Tensor, seeds: Tensor) -> list[tuple[Tensor, Tensor]]:
    return [(params[k : k + 1], seeds[k : k + 1]) for k in range(len(params))]


def main() -> None:
    """Render in every way, print the matrices and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plugins", nargs="+", default=plugins.names())
    parser.add_argument("--batch", type=int, default=64, help="so many random patches")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    arguments = parser.parse_args()

    document: dict[str, object] = {"machine": describe_machine(), "batch": arguments.batch}
    seeds = torch.arange(arguments.batch)
    for name in arguments.plugins:
        plugin = plugins.get(name)
        rows = [plugin.table.normalise(patch.randomise(plugin, int(seed)).values) for seed in seeds]
        params = torch.stack(rows).float()
        with torch.no_grad():
            sounds = {way: render(params, seeds) for way, render in ways(name, arguments.seconds).items()}
        differences_db = matrix(sounds)
        print(f"{name}, dB of full scale\n{table(differences_db)}\n", flush=True)
        document[name] = _without_infinity(differences_db)
    differences_db = matrix(noises(seeds, round(arguments.seconds * SAMPLE_RATE)))
    print(f"noise, dB of full scale\n{table(differences_db)}")
    document["noise"] = _without_infinity(differences_db)
    if arguments.out:
        write_figures(arguments.out, document)


def _without_infinity(differences_db: dict[str, dict[str, float]]) -> dict[str, dict[str, float | None]]:
    """What JSON can say: none where all is equal."""
    return {
        one: {other: None if math.isinf(value) else value for other, value in row.items()}
        for one, row in differences_db.items()
    }


if __name__ == "__main__":
    main()
