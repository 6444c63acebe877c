"""Everything that a GPU can tell of backbeat, in at most four minutes, from a bare source checkout.

    PYTHONPATH=src python3 benchmarks/gpu.py --out benchmarks/results/gpu.json
    PYTHONPATH=src python3 benchmarks/gpu.py --device cpu --quick

It needs no installed backbeat, no network and no sound library: numpy, torch, triton, jaxtyping and safetensors are
enough. Each part, in `gpu_checks.py` or `gpu_speed.py`, runs in a process of its own, under a time limit of its own.
Each result is printed and written to the JSON file at once. A part that fails is named with its traceback, and the next
one begins. Other processes compile from the first moment on: later parts find the code in the compilers' caches.
"""

import argparse
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from backbeat.files import replacing

Figures = Mapping[str, object]
LIMITS_S = {
    "device": 30.0,
    "kernels": 40.0,
    "difference": 30.0,
    "speed": 60.0,
    "match": 60.0,
    "compiled": 90.0,
    "profile": 45.0,
    "precision": 30.0,
}
"""The parts in order of worth, and how long each may take."""
PLUGINS = "kick", "drum"
_COMPILED = {"compiled", "profile"}
"""Parts that use what is compiled beside them, and wait for it: this long in all."""
_COMPILING_S = 160.0
_START_S = 30.0
"""A process that reads in PyTorch for the first time may take so long before its part begins."""


@dataclass(frozen=True)
class Setting:
    """How a part is to run.

    Attributes:
        device: as PyTorch names it.
        quick: whether the sizes are small, to see that everything runs.
    """

    device: str
    quick: bool


class Report:
    """What is known so far, in a file that is whole after every result."""

    def __init__(self, path: Path, setting: Setting) -> None:
        self._path = path
        self._parts: dict[str, dict[str, object]] = {}
        self._document: dict[str, object] = {"device": setting.device, "quick": setting.quick, "parts": self._parts}

    def begin(self, part: str) -> None:
        """Name a part that runs from now on."""
        print(f"\n== {part}", flush=True)
        self._parts[part] = {"status": "running", "results": []}
        self._write()

    def add(self, part: str, line: str, figures: Figures) -> None:
        """Print one result, and keep it."""
        print(line, flush=True)
        results = self._parts[part]["results"]
        assert isinstance(results, list)
        results.append({"line": line, **figures})
        self._write()

    def end(self, part: str, status: str, seconds: float, reason: str = "") -> None:
        """Say how a part ended."""
        self._parts[part] |= {"status": status, "seconds": round(seconds, 2)} | ({"reason": reason} if reason else {})
        print(f"{reason}\n" * bool(reason) + f"-- {part}: {status}, {seconds:.1f} s", flush=True)
        self._write()

    @property
    def failed(self) -> list[str]:
        """The parts that were begun and did not reach their end."""
        return [name for name, part in self._parts.items() if part["status"] != "done"]

    def _write(self) -> None:
        import json

        self._path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self._path) as temporary:
            temporary.write_text(json.dumps(self._document, indent=1) + "\n", encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Run the parts; 0 where every one reached its end."""
    options = _parse(arguments)
    setting = Setting(options.device, options.quick)
    report, began = Report(options.out, setting), time.monotonic()
    ends = began + options.limit_s
    with tempfile.TemporaryDirectory(prefix="backbeat-gpu-") as cache:
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", cache)
        os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", str(max(1, (os.cpu_count() or 2) // 2)))
        context = get_context("spawn")
        compilers = [context.Process(target=_compile, args=(name, setting)) for name in PLUGINS]
        try:
            for each in compilers:
                each.start()
            for part in options.parts:
                report.begin(part)
                for each in compilers:
                    if part in _COMPILED and each.is_alive():
                        each.join(max(0.0, began + _COMPILING_S - time.monotonic()))
                        print(f"compiled for {time.monotonic() - began:.0f} s", flush=True)
                _run(part, setting, report, ends)
        finally:
            for each in compilers:
                _stop(each)
    if report.failed:
        print(f"\nnot done: {', '.join(report.failed)}", flush=True)
    return bool(report.failed)


def _run(part: str, setting: Setting, report: Report, ends: float) -> None:
    """One part, until it ends, or its time does."""
    began = time.monotonic()
    limit_s = min(LIMITS_S[part], ends - began)
    if limit_s <= 0.0:
        report.end(part, "stopped", 0.0, "not begun: the time for all parts is over")
        return
    process, results = _begin(part, setting)
    status, reason = "stopped", f"stopped after its {limit_s:.0f} s"
    until = began + limit_s + min(_START_S, ends - began - limit_s)
    try:
        while results.poll(max(0.0, until - time.monotonic())):
            kind, line, figures = results.recv()
            if kind == "begun":
                until = min(time.monotonic() + limit_s, ends)
            elif kind == "result":
                report.add(part, line, figures)
            else:
                status, reason = kind, line
                break
    except EOFError:
        process.join()
        status, reason = "failed", f"its process ended without a word (exit code {process.exitcode})"
    finally:
        _stop(process)
    report.end(part, status, time.monotonic() - began, reason)


def _begin(part: str, setting: Setting) -> tuple[BaseProcess, Connection]:
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(part, setting, theirs), daemon=False)
    process.start()
    theirs.close()
    return process, ours


def _stop(process: BaseProcess) -> None:
    if process.is_alive():
        process.terminate()
    process.join(5.0)
    if process.is_alive():
        process.kill()
        process.join()


def _compile(plugin: str, setting: Setting) -> None:
    """Fill the compilers' caches, in a process beside the parts."""
    import gpu_checks

    gpu_checks.compile_plugin(plugin, setting)


def _work(part: str, setting: Setting, results: Connection) -> None:
    """A part, in its process: what it finds goes through the pipe."""
    try:
        import gpu_checks
        import gpu_speed

        home = gpu_checks if hasattr(gpu_checks, part) else gpu_speed
        results.send(("begun", "", {}))
        for line, figures in getattr(home, part)(setting):
            results.send(("result", line, figures))
        results.send(("done", "", {}))
    except BrokenPipeError:  # nobody listens any more
        sys.exit(1)
    except BaseException:
        results.send(("failed", traceback.format_exc(), {}))


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", help="as PyTorch names it; cpu tries the script itself")
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--parts", nargs="+", default=list(LIMITS_S), choices=list(LIMITS_S), metavar="PART")
    parser.add_argument("--limit-s", type=float, default=240.0, help="for all parts together, in seconds")
    parser.add_argument("--out", type=Path, default=Path("gpu.json"), help="the JSON file to write")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
