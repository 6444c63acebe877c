"""What a training from nothing reaches in so many minutes: the error on held-out sounds, beside the untrained one.

    python benchmarks/training.py --plugin kick --minutes 20 --out benchmarks/results/training.json

The error is the mean distance of params in [0, 1] from the truth, of the likeliest proposal. The number of steps is
what fits into the time, by the speed of the first ones; the learning rate falls along with them.
"""

import argparse
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from backbeat.inversion import Training, train
from machine import describe_machine, write_figures

TRIED_STEPS = 20


def main() -> None:
    """Time, train, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plugin", nargs="+", default=[], help="instruments; none is all there are")
    parser.add_argument("--batch", type=int, default=8, help="sounds of each instrument a step")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    options = parser.parse_args()
    curve: list[dict[str, float]] = []
    began = time.perf_counter()

    def report(step: int, figures: Mapping[str, float]) -> None:
        curve.append({"step": step, "minutes": (time.perf_counter() - began) / 60.0, **figures})
        print(f"step {step:6}: {curve[-1]['minutes']:5.1f} min, error {figures['validation_error']:.4f}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        tried = Training(options.plugin, steps=2 * TRIED_STEPS, every=TRIED_STEPS, batch=options.batch, audio_from=1.0)
        train(tried, Path(folder) / "tried", device="cpu", report=report)
        step_s = 60.0 * (curve[2]["minutes"] - curve[1]["minutes"]) / TRIED_STEPS
        steps = max(TRIED_STEPS, int(60.0 * options.minutes / step_s))
        curve.clear()
        began = time.perf_counter()
        train(replace(tried, steps=steps, every=max(1, steps // 10)), folder, device="cpu", report=report)
    untrained, trained = curve[0]["validation_error"], curve[-1]["validation_error"]
    figures = {"minutes": curve[-1]["minutes"], "steps": steps, "untrained": untrained, "trained": trained}
    print(f"{', '.join(f'{name} {value:.4g}' for name, value in figures.items())}, share {trained / untrained:.3f}")
    if options.out:
        write_figures(options.out, {"machine": describe_machine(), "plugin": options.plugin, **figures, "curve": curve})


if __name__ == "__main__":
    main()
