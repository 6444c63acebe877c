"""How fast the plugins render, forward and with gradients, beside torchsynth and SynthAX.

    python benchmarks/speed.py --out benchmarks/results/speed.json
    python benchmarks/speed.py --device cuda --batches 64 1024 4096 16384 --out benchmarks/results/speed-gpu.json

A CPU renders by the engine, a GPU by the formula, eager and compiled. With gradients, params get the gradient that a
given gradient of the samples causes: what a loss takes is the loss's. One seed serves a batch, so that its noise is
made once, or each sound has its own. Each case renders in a process of its own, as its user has it: a library leaves
its mark on the memory allocator, and so on the speed of the next. Of one batch size, every repetition times every case
once, so that whatever else the machine does falls on all of them alike (on a GPU, whose memory is for one, case by
case); right after a batch of its kind, as in a loop. Peak memory is what a case's first batch takes over the smallest
size: on a CPU the growth of its process' resident set, on a GPU what PyTorch has allocated. A case whose batch does not
fit into memory is left out, and said to be.
"""

import argparse
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path

import torch

from backbeat.memory import is_out_of_memory
from machine import describe_machine, write_figures
from peers import synthax_voice, torchsynth_voice
from rendering import COMPILED, Rendering, codes

PEERS = {"torchsynth": torchsynth_voice, "synthax": synthax_voice}
_OUT_OF_MEMORY_IN_JAX = "RESOURCE_EXHAUSTED"
_DOES_NOT_FIT = "does not fit into memory"
FORWARD, OWN_SEEDS, BOTH = "forward", "forward, own seeds", "forward + backward"

Job = Callable[[], object]
"""One batch: rendered, or rendered and differentiated, and done when it returns."""


@dataclass(frozen=True)
class Case:
    """What one call renders.

    Attributes:
        name: a plugin or a peer.
        code: `engine`, `formula` or `compiled`; a peer has its own.
        mode: forward, with a seed for all sounds or one for each, or forward and backward.
        batch: sounds.
        seconds: length of each.
        sample_rate: in Hz.
        device: as PyTorch names it.
    """

    name: str
    code: str
    mode: str
    batch: int
    seconds: float
    sample_rate: int
    device: str

    @property
    def smallest(self) -> "Case":
        """What loads the same code without its memory."""
        return replace(self, batch=2) if self.code == COMPILED else replace(self, batch=1, seconds=0.05)


@dataclass(frozen=True)
class Result:
    """One row of the table."""

    case: Case
    median_ms: float
    fastest_ms: float
    times_real_time: float
    times_torchsynth: float | None
    peak_bytes_per_sample: float


def main(arguments: list[str] | None = None) -> None:
    """Measure, print the table and write the JSON."""
    options = _parse(arguments)
    if not options.no_peers and (missing := [name for name in PEERS if find_spec(name) is None]):
        sys.exit(f"{missing[0]}: not installed; pip install -r benchmarks/requirements.txt, or pass --no-peers")
    try:
        torch.zeros(1, device=options.device)
    except (RuntimeError, AssertionError):
        sys.exit(f"--device: found {options.device!r}; must be one that PyTorch can use here, such as cpu")
    results: list[Result] = []
    failed = False
    for batch in options.batches:
        found, errors = _measure(_cases(options, batch), options)
        print(table(found, heading=batch == options.batches[0]), flush=True)
        for case, reason in errors.items():
            print(f"{case.batch:6} {case.name:12}{case.code:10}{case.mode:20}  {reason}", flush=True)
        results += found
        failed |= any(reason != _DOES_NOT_FIT for reason in errors.values())
        if options.out:
            write_figures(options.out, _report(results, options.repeats))
    if failed:
        sys.exit("some cases failed")


def _report(results: list[Result], repeats: int) -> dict[str, object]:
    return {
        "machine": describe_machine(),
        "date": datetime.now(UTC).date().isoformat(),
        "repeats": repeats,
        "results": [{**asdict(each.case), **_figures(each)} for each in results],
    }


def _cases(options: argparse.Namespace, batch: int) -> list[Case]:
    size = batch, options.seconds, options.sample_rate, options.device
    cases = [
        Case(name, code, mode, *size)
        for name in options.plugins
        for code in codes(options.device)
        for mode in (FORWARD, OWN_SEEDS, BOTH)
    ]
    return cases if options.no_peers else [*cases, *(Case(name, "", FORWARD, *size) for name in PEERS)]


def _measure(cases: list[Case], options: argparse.Namespace) -> tuple[list[Result], dict[Case, str]]:
    """What each case takes, and why others have no result."""
    # A GPU's memory is for one process at a time.
    groups = [cases] if options.device == "cpu" else [[case] for case in cases]
    timed: dict[Case, tuple[float, list[float]]] = {}
    errors: dict[Case, str] = {}
    for group in groups:
        with ExitStack() as stack:
            processes = {
                case: stack.enter_context(
                    ProcessPoolExecutor(1, get_context("spawn"), torch.set_num_threads, (options.threads,))
                )
                for case in group
            }
            for case, process in processes.items():
                try:
                    timed[case] = process.submit(_prepare, case).result(), []
                except Exception as error:  # whatever a library may raise: the others are measured all the same
                    errors[case] = _reason(error)
            for _ in range(options.repeats):
                for case in group:
                    if case in timed:
                        timed[case][1].append(processes[case].submit(_time_prepared).result())
    of_peer = [times_s for case, (_, times_s) in timed.items() if case.name == "torchsynth"]
    peer_s = statistics.median(of_peer[0]) if of_peer else None
    results = []
    for case, (peak_bytes, times_s) in timed.items():
        median_s = statistics.median(times_s)
        results.append(
            Result(
                case,
                median_ms=1e3 * median_s,
                fastest_ms=1e3 * min(times_s),
                times_real_time=case.batch * case.seconds / median_s,
                times_torchsynth=None if peer_s is None else peer_s / median_s,
                peak_bytes_per_sample=peak_bytes / (case.batch * case.seconds * case.sample_rate),
            )
        )
    return results, errors


def _reason(error: Exception) -> str:
    said = str(error)
    if is_out_of_memory(error) or _OUT_OF_MEMORY_IN_JAX in said:
        return _DOES_NOT_FIT
    return f"failed ({type(error).__name__}: {next(iter(said.splitlines()), '')})"


_prepared: list[Job] = []
"""What a process of its own has to time."""


def _prepare(case: Case) -> float:
    """Make a case ready to be timed, in its process: the bytes that its first batch took at their peak."""
    job(case.smallest)()
    before = _peak_bytes(case.device)
    _prepared.append(job(case))
    _prepared[0]()
    return _peak_bytes(case.device) - before


def _time_prepared() -> float:
    return time_once(_prepared[0])


def job(case: Case) -> Job:
    """What is timed: a plugin or a peer at random params, the same ones in every run."""
    if case.name in PEERS:
        return synchronised(PEERS[case.name](case.batch, case.seconds, case.sample_rate, case.device), case.device)
    synth = Rendering(case.name, case.code, case.sample_rate, case.seconds)
    params = torch.rand(case.batch, synth.num_params, generator=torch.Generator().manual_seed(0)).to(case.device)

    seeds = torch.arange(case.batch, device=case.device) if case.mode == OWN_SEEDS else 0

    def forward() -> object:
        with torch.no_grad():
            return synth(params, seed=seeds)

    if case.mode != BOTH:
        return synchronised(forward, case.device)
    gradient = torch.randn(case.batch, 1, synth.samples, generator=torch.Generator().manual_seed(1)).to(case.device)

    def forward_and_backward() -> object:
        leaf = params.clone().requires_grad_()
        return torch.autograd.grad(synth(leaf, seed=0), leaf, gradient)[0]

    return synchronised(forward_and_backward, case.device)


def synchronised(run: Job, device: str) -> Job:
    """The job, which returns when the device has done it."""

    def finished() -> object:
        done = run()
        if device != "cpu":
            torch.accelerator.synchronize()
        return done

    return finished


def time_interleaved(jobs: list[Job], repeats: int) -> list[list[float]]:
    """Seconds of each repetition of each job, one repetition of all after the other."""
    times_s: list[list[float]] = [[] for _ in jobs]
    for _ in range(repeats):
        for run, taken_s in zip(jobs, times_s, strict=True):
            taken_s.append(time_once(run))
    return times_s


def time_once(run: Job) -> float:
    """Seconds of a job's second run: the first has to fetch the memory that the job before it gave back."""
    run()
    started_s = time.perf_counter()
    run()
    return time.perf_counter() - started_s


def table(results: list[Result], *, heading: bool = True) -> str:
    """The results in columns."""
    columns = ("median ms", "fastest", "× real time", "× torchsynth", "bytes/sample")
    lines = [f"{'batch':>6} {'':12}{'':10}{'':20}" + "".join(f"{column:>14}" for column in columns)] if heading else []
    for result in results:
        case, numbers = result.case, ""
        for value, decimals in (
            (result.median_ms, 1),
            (result.fastest_ms, 1),
            (result.times_real_time, 0),
            (result.times_torchsynth, 2),
            (result.peak_bytes_per_sample, 0),
        ):
            numbers += f"{'' if value is None else f'{value:.{decimals}f}':>14}"
        lines.append(f"{case.batch:6} {case.name:12}{case.code:10}{case.mode:20}{numbers}")
    return "\n".join(lines)


def _figures(result: Result) -> dict[str, float | None]:
    return {name: value for name, value in vars(result).items() if name != "case"}


def _peak_bytes(device: str) -> float:
    if device != "cpu":
        return float(torch.cuda.max_memory_allocated())
    status = Path("/proc/self/status")
    if status.exists():  # on Linux `getrusage` would start from the parent's peak
        peak = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return float(peak.split()[1]) * 1024.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1.0 if sys.platform == "darwin" else 1024.0)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plugins", nargs="+", default=["kick", "drum"])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 16, 64, 256], help="sounds per call")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--sample-rate", type=int, default=44100)
    parser.add_argument("--device", default="cpu", help="as PyTorch names it")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--no-peers", action="store_true", help="leave torchsynth and SynthAX out")
    parser.add_argument("--out", type=Path, help="a JSON file to write")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
