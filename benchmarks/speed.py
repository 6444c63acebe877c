"""How fast the plugins render, forward and with gradients, beside torchsynth's Voice in the same run.

    python benchmarks/speed.py --out benchmarks/results/speed.json

Every repetition times every case once, so that whatever else the machine does falls on all of them alike. Peak memory
is the growth of a fresh process' resident set over what it holds once the case has run at the smallest size.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from backbeat.synth import Synth
from machine import describe_machine, write_figures
from peers import torchsynth_voice

PLUGINS = ("kick", "drum")
MODES = ("forward", "forward + backward")
PEER = "torchsynth Voice"

Job = Callable[[], Tensor]
"""One batch: rendered, or rendered and differentiated."""


@dataclass(frozen=True)
class Size:
    """What one call renders."""

    batch: int
    seconds: float
    sample_rate: int

    @property
    def smallest(self) -> "Size":
        """What loads the same code without its memory."""
        return Size(1, 0.05, self.sample_rate)


@dataclass(frozen=True)
class Result:
    """One row of the table."""

    name: str
    mode: str
    median_ms: float
    fastest_ms: float
    times_real_time: float
    times_torchsynth: float | None
    peak_mb: float


def main(arguments: list[str] | None = None) -> None:
    """Measure, print the table and write the JSON."""
    options = _parse(arguments)
    torch.set_num_threads(options.threads)
    size = Size(options.batch, options.seconds, options.sample_rate)
    if options.peak_of:
        name, mode = options.peak_of
        print(_own_peak_mb(name, mode, size))
        return
    cases = [(name, mode) for name in PLUGINS for mode in MODES]
    if not options.no_peers:
        if find_spec("torchsynth") is None:
            sys.exit("torchsynth: not installed; pip install -r benchmarks/requirements.txt, or pass --no-peers")
        cases.append((PEER, "forward"))
    peaks_mb = [_peak_mb(name, mode, size, options.threads) for name, mode in cases]
    times_s = time_interleaved([job(name, mode, size) for name, mode in cases], options.repeats)
    medians_s = [statistics.median(each) for each in times_s]
    peer_s = None if options.no_peers else medians_s[-1]
    results = [
        Result(
            name,
            mode,
            median_ms=1e3 * median_s,
            fastest_ms=1e3 * min(each),
            times_real_time=size.batch * size.seconds / median_s,
            times_torchsynth=None if peer_s is None else median_s / peer_s,
            peak_mb=peak_mb,
        )
        for (name, mode), each, median_s, peak_mb in zip(cases, times_s, medians_s, peaks_mb, strict=True)
    ]
    print(table(results))
    if options.out:
        report = {
            "machine": describe_machine(),
            "date": datetime.now(UTC).date().isoformat(),
            "size": asdict(size),
            "repeats": options.repeats,
            "results": [asdict(result) for result in results],
        }
        write_figures(options.out, report)


def job(name: str, mode: str, size: Size) -> Job:
    """What is timed: a plugin or the peer at random params, the same ones in every run."""
    if name == PEER:
        return torchsynth_voice(size.batch, size.seconds, size.sample_rate)
    synth = Synth(name, size.sample_rate, size.seconds)
    params = torch.rand(size.batch, synth.num_params, generator=torch.Generator().manual_seed(0))

    def forward() -> Tensor:
        with torch.no_grad():
            return synth(params, seed=0)

    def forward_and_backward() -> Tensor:
        leaf = params.clone().requires_grad_()
        return torch.autograd.grad(synth(leaf, seed=0).square().mean(), leaf)[0]

    return forward if mode == "forward" else forward_and_backward


def time_interleaved(jobs: list[Job], repeats: int) -> list[list[float]]:
    """Seconds of each repetition of each job, one repetition of all after the other; the first is not counted."""
    times_s: list[list[float]] = [[] for _ in jobs]
    for repetition in range(repeats + 1):
        for run, taken_s in zip(jobs, times_s, strict=True):
            started_s = time.perf_counter()
            run()
            if repetition > 0:
                taken_s.append(time.perf_counter() - started_s)
    return times_s


def table(results: list[Result]) -> str:
    """The results in columns."""
    lines = [f"{'':18}{'':20}{'median ms':>10}{'fastest':>9}{'× real time':>13}{'× torchsynth':>14}{'peak MB':>9}"]
    for r in results:
        ratio = "" if r.times_torchsynth is None else f"{r.times_torchsynth:.2f}"
        lines.append(
            f"{r.name:18}{r.mode:20}{r.median_ms:10.1f}{r.fastest_ms:9.1f}{r.times_real_time:13.0f}{ratio:>14}"
            f"{r.peak_mb:9.0f}"
        )
    return "\n".join(lines)


def _peak_mb(name: str, mode: str, size: Size, threads: int) -> float:
    """Peak memory of one case, measured in a process of its own."""
    command = [sys.executable, __file__, "--peak-of", name, mode, "--threads", str(threads)]
    command += ["--batch", str(size.batch), "--seconds", str(size.seconds), "--sample-rate", str(size.sample_rate)]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def _own_peak_mb(name: str, mode: str, size: Size) -> float:
    job(name, mode, size.smallest)()
    before_mb = _resident_peak_mb()
    job(name, mode, size)()
    return _resident_peak_mb() - before_mb


def _resident_peak_mb() -> float:
    status = Path("/proc/self/status")
    if status.exists():  # on Linux `getrusage` would start from the parent's peak
        peak = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return float(peak.split()[1]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time the plugins beside torchsynth.")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--sample-rate", type=int, default=44100)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--no-peers", action="store_true", help="leave torchsynth out")
    parser.add_argument("--out", type=Path, help="a JSON file to write")
    parser.add_argument("--peak-of", nargs=2, metavar=("NAME", "MODE"), help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
