"""Everything that a GPU can tell of backbeat, in at most four minutes, from a bare source checkout.

    PYTHONPATH=src python3 benchmarks/gpu.py --out benchmarks/results/gpu.json
    PYTHONPATH=src python3 benchmarks/gpu.py --device cpu --quick

It needs no installed backbeat, no network and no sound library: numpy, torch, triton, jaxtyping and safetensors are
enough. Each part, in `gpu_checks.py` or `gpu_speed.py`, runs in a process of its own, under a time limit of its own.
Each result is printed and written to the JSON file at once. A part that fails is named with its traceback, and the next
one begins. Parts that measure compiled code compile it from the first moment on, while other parts run.
"""

import argparse
import json
import os
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from backbeat.files import replacing

Figures = Mapping[str, object]
PLUGINS = "kick", "drum"
LIMITS_S = {
    "device": 30.0,
    "kernels": 40.0,
    "difference": 30.0,
    "speed": 45.0,
    "match": 60.0,
    "kick_compiled": 90.0,
    "profile": 40.0,
    "precision": 30.0,
    "peers": 45.0,
    "drum_compiled": 90.0,
}
"""The parts in order of worth, and how long each may take."""
COMPILED = {f"{name}_compiled": name for name in PLUGINS}
"""Parts that compile from the first moment on, while others run, and by plugin."""
_THREADS = 4
"""Of each process: fewer than cores, since threads that wait for a busy core hold up all the others."""
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
    """What is known so far, in a file that is whole after every result.

    Parts that an earlier run left in the file stay there until they run again; each says when it ran.
    """

    def __init__(self, path: Path, setting: Setting) -> None:
        self._path, self._begun = path, set[str]()
        self._document: dict[str, object] = {"device": setting.device, "quick": setting.quick}
        earlier = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        fits = all(earlier.get(name) == value for name, value in self._document.items())
        self._parts: dict[str, dict[str, object]] = earlier["parts"] if fits else {}
        self._document["parts"] = self._parts

    def begin(self, part: str) -> None:
        """Name a part that runs from now on."""
        print(f"\n== {part}", flush=True)
        self._begun.add(part)
        self._parts[part] = {"ran": datetime.now(UTC).isoformat(timespec="seconds"), "status": "running", "results": []}
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
        """The parts that this run began and that did not reach their end."""
        return [name for name in self._begun if self._parts[name]["status"] != "done"]

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self._path) as temporary:
            temporary.write_text(json.dumps(self._document, indent=1) + "\n", encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Run the parts; 0 where every one reached its end."""
    options = _parse(arguments)
    setting = Setting(options.device, options.quick)
    report, ends = Report(options.out, setting), time.monotonic() + options.limit_s
    for variable in ("OMP_NUM_THREADS", "TORCHINDUCTOR_COMPILE_THREADS"):
        os.environ.setdefault(variable, str(min(_THREADS, os.cpu_count() or 1)))
    early = {part: Process(part, setting) for part in options.parts if part in COMPILED}
    try:
        for part in options.parts:
            report.begin(part)
            _run(early.get(part) or Process(part, setting), part, report, ends)
    finally:
        for process in early.values():
            process.stop()
    if report.failed:
        print(f"\nnot done: {', '.join(report.failed)}", flush=True)
    return bool(report.failed)


class Process:
    """A part in a process of its own: it gets ready, waits to be told to go on, and sends its results."""

    def __init__(self, part: str, setting: Setting) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(part, setting, theirs))
        self._process.start()
        theirs.close()

    @property
    def exit_code(self) -> int | None:
        """How it ended, once it has."""
        self._process.join(5.0)
        return self._process.exitcode

    def stop(self) -> None:
        """End it."""
        if self._process.is_alive():
            self._process.terminate()
            self._process.join(5.0)
        if self._process.is_alive():
            self._process.kill()
        self._process.join()


def _run(process: Process, part: str, report: Report, ends: float) -> None:
    """One part, until it ends, or its time does."""
    began = time.monotonic()
    until = min(began + _START_S + LIMITS_S[part], ends)
    status, reason = "stopped", f"stopped after its {LIMITS_S[part]:.0f} s, or at the end of the time for all parts"
    try:
        process.pipe.send("go on")
        while process.pipe.poll(max(0.0, until - time.monotonic())):
            kind, line, figures = process.pipe.recv()
            if kind == "ready":
                until = min(time.monotonic() + LIMITS_S[part], ends)
            elif kind == "result":
                report.add(part, line, figures)
            else:
                status, reason = kind, line
                break
    except (EOFError, BrokenPipeError):
        status, reason = "failed", f"its process ended without a word (exit code {process.exit_code})"
    finally:
        process.stop()
    report.end(part, status, time.monotonic() - began, reason)


def _work(part: str, setting: Setting, pipe: Connection) -> None:
    """A part, in its process: what it finds goes through the pipe."""
    try:
        import gpu_checks
        import gpu_speed

        if part in COMPILED:
            results = chain(
                [gpu_checks.compile_plugin(COMPILED[part], setting)], gpu_speed.compiled(COMPILED[part], setting)
            )
        else:
            results = getattr(gpu_checks if hasattr(gpu_checks, part) else gpu_speed, part)(setting)
        pipe.recv()
        pipe.send(("ready", "", {}))
        for line, figures in results:
            pipe.send(("result", line, figures))
        pipe.send(("done", "", {}))
    except (EOFError, BrokenPipeError):  # nobody listens any more
        sys.exit(1)
    except BaseException:
        pipe.send(("failed", traceback.format_exc(), {}))


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
