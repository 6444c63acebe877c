"""One patch, one sound: hits rendered by the engine wherever it runs here, and whether their bits are equal.

    make test-parity

The hits are of every preset and of patches by chance, with and without detail, at three rates, three velocities and two
hit numbers. The first row is what the others are compared with. A row is left out where what it needs is not here. Ends
with 1 where a hit differs.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from backbeat import plugins
from backbeat.kernels.library import VARIANT, library
from backbeat.patch import Patch, Placement, preset, presets, randomise
from backbeat.patch.hits import amounts
from kernels.crossbuilt import ROOT, build
from kernels.webassembly import Engine, Program
from ports.browser import CHROMIUM, opened, served

SAMPLES = 4096
PLACES = [(rate, SAMPLES) for rate in (44100, 48000, 96000)]
STRIKES = list(product((1.0, 0.6, 0.05), (0, 7)))
BY_CHANCE = 20
"""Patches of each instrument, every second one with detail."""
BUILT = ROOT / "build" / "parity"
RUNNER = ROOT / "tests" / "ports" / "run.mjs"
REFERENCE = "--reference"


def patches() -> list[Patch]:
    sizes = [{}, {"detail_partials": 5, "detail_bands": 8}]
    chosen = product(plugins.names(), range(BY_CHANCE))
    return [*map(preset, presets()), *(randomise(plugins.get(name, **sizes[seed % 2]), seed) for name, seed in chosen)]


def sha(sound: Any) -> str:
    return hashlib.sha256(sound.tobytes()).hexdigest()


def by_python() -> list[str]:
    """Of the kernels that this process has loaded."""
    return [
        sha(patch.hit(*strike).sound(Placement(*place))) for patch, place, strike in product(patches(), PLACES, STRIKES)
    ]


def by_kernels(variant: str) -> list[str]:
    command = [sys.executable, __file__, REFERENCE]
    done = subprocess.run(command, env={**os.environ, VARIANT: variant}, capture_output=True, text=True, check=True)
    found: list[str] = json.loads(done.stdout)
    return found


def by_wasmtime() -> list[str]:
    engine = Engine(build("wasm32-wasi", BUILT) / "backbeat.wasm")
    found = []
    for patch in patches():
        program, own = Program(engine, json.dumps(_program(patch))), amounts(patch)
        values = patch.instrument.table.flat(patch.values)
        for (rate, samples), strike in product(PLACES, STRIKES):
            struck, seed = program.hit(values, *strike, patch.seed, own.velocity, own.curves, own.humanize)
            found.append(sha(program.render(struck[np.newaxis], np.array([seed], np.int64), samples, float(rate))))
    return found


def by_node(package: Path) -> list[str]:
    path = package / "task.json"
    path.write_text(json.dumps({"task": "render", "given": _task()}), encoding="utf-8")
    done = subprocess.run(["node", RUNNER, package, path], capture_output=True, text=True, check=True)
    found: list[str] = json.loads(done.stdout)
    return found


def by_chromium(package: Path) -> list[str]:
    (package / "task.json").write_text(json.dumps(_task()), encoding="utf-8")
    with served(package) as address, opened(address) as page:
        page.wait("document.readyState === 'complete'")
        found: list[str] = page.run(_IN_A_PAGE)
        return found


_IN_A_PAGE = """(async () => {
  const engine = await (await import("/backbeat.js")).load();
  const { patches, places, strikes } = await (await fetch("/task.json")).json();
  const found = [];
  for (const { program, patch } of patches)
    for (const place of places)
      for (const strike of strikes) {
        const sound = engine.render(program, patch, { ...place, ...strike });
        const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", sound));
        found.push(Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""));
      }
  return found;
})()"""


def _program(patch: Patch) -> Any:
    assert patch.instrument.program is not None
    return patch.instrument.program.as_json()


def _task() -> dict[str, Any]:
    written = [(_program(patch), json.loads(patch.with_amounts().to_json())) for patch in patches()]
    return {
        "patches": [{"program": program, "patch": patch} for program, patch in written],
        "places": [{"sampleRate": rate, "samples": samples} for rate, samples in PLACES],
        "strikes": [{"velocity": velocity, "hit": number} for velocity, number in STRIKES],
    }


def rows(package: Path) -> Iterator[tuple[str, Callable[[], list[str]]]]:
    """What there is here, by its name."""
    loaded = library()
    own = loaded.backbeat_variant().decode() if loaded else ""
    variants = [f"v{number}" for number in range(loaded.backbeat_processor(), 1, -1)] if loaded else []
    for variant in variants or [own]:
        yield f"kernels, {variant}", lambda variant=variant: by_kernels(variant)
    yield "WebAssembly, wasmtime", by_wasmtime
    if node := shutil.which("node"):
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        yield f"WebAssembly, Node {version}", lambda: by_node(package)
    if CHROMIUM:
        yield "WebAssembly, Chromium", lambda: by_chromium(package)


def main() -> int:
    """Print the table."""
    if sys.argv[1:] == [REFERENCE]:
        print(json.dumps(by_python()))
        return 0
    legacy = BUILT / "legacy"
    legacy.mkdir(parents=True, exist_ok=True)
    wasm = build("wasm32-wasi", legacy, options=["-DBACKBEAT_LEGACY_EXCEPTIONS=ON"]) / "backbeat.wasm"
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder)
        subprocess.run([sys.executable, ROOT / "ports/web/package.py", wasm, "--out", package], check=True)
        print(f"{len(patches())} patches, {len(PLACES)} rates, {len(STRIKES)} hits, {SAMPLES} samples each\n")
        print(f"| {'engine':<28} | {'hits':>5} | {'equal bits':>10} |\n|{'-' * 30}|{'-' * 6}:|{'-' * 11}:|")
        expected: list[str] = []
        all_equal = True
        for name, render in rows(package):
            found = render()
            expected = expected or found
            equal = sum(each == wanted for each, wanted in zip(found, expected, strict=True))
            all_equal &= equal == len(expected)
            print(f"| {name:<28} | {len(found):>5} | {equal:>10} |", flush=True)
    return 0 if all_equal else 1


if __name__ == "__main__":
    sys.exit(main())
