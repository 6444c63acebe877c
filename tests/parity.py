"""One patch, one sound: hits rendered by the engine wherever it runs here, and whether their bits are equal.

    make test-parity

The hits are of every preset, of patches by chance, with and without detail, and of matches of the example sounds, at
three rates, three velocities and two hit numbers. The first row is what the others are compared with. A row is left out
where what it needs is not here. Ends with 1 where a hit differs.

The plugin plays kits, whose hits end where they are no longer heard: the same patches on the pads of kits, in a host of
CLAP, are compared with the hits that `backbeat kit render` mixes.
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

from backbeat import match, plugins
from backbeat.kernels.library import VARIANT, library
from backbeat.kits import Kit, Pad
from backbeat.kits.hits import Hit, Hits
from backbeat.kits.state import state
from backbeat.patch import Patch, Placement, load, preset, presets, randomise, save
from backbeat.patch.hits import amounts
from kernels.crossbuilt import ROOT, build
from kernels.webassembly import Engine, Program
from ports.browser import CHROMIUM, opened, served
from ports.clap_host import Host, midi
from ports.conftest import DPF, build_plugin

SAMPLES = 4096
PLACES = [(rate, SAMPLES) for rate in (44100, 48000, 96000)]
STRIKES = list(product((1.0, 0.6, 0.05), (0, 7)))
BY_CHANCE = 20
"""Patches of each instrument, every second one with detail."""
PADS, FIRST_NOTE = 16, 36
LAYERS, TAKES = 3, 2
"""Of the kits that the plugin plays: velocities of 1, 2/3 and 1/3, and two hit numbers."""
BUILT = ROOT / "build" / "parity"
MATCHED = BUILT / "matched"
RUNNER = ROOT / "tests" / "ports" / "run.mjs"
REFERENCE = "--reference"


def patches() -> list[Patch]:
    sizes = [{}, {"detail_partials": 5, "detail_bands": 8}]
    chosen = product(plugins.names(), range(BY_CHANCE))
    random = (randomise(plugins.get(name, **sizes[seed % 2]), seed) for name, seed in chosen)
    return [*map(preset, presets()), *random, *map(load, sorted(MATCHED.glob("*.json")))]


def match_sounds() -> None:
    """Once for all engines, which are processes of their own."""
    shutil.rmtree(MATCHED, ignore_errors=True)
    MATCHED.mkdir(parents=True)
    for path in sorted((ROOT / "examples" / "sounds").glob("*.flac")):
        found = match(path, quality="draft", detail="normal").patch
        save(found, MATCHED / f"{path.stem}.json")


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


def kits() -> list[Kit]:
    """All patches, on the pads of as many kits as it takes, each with an output of its own."""
    made, every = [], patches()
    for start in range(0, len(every), PADS):
        pads = [Pad(f"pad {k}", FIRST_NOTE + k, patch) for k, patch in enumerate(every[start : start + PADS])]
        made.append(Kit(f"patches from {start}", tuple(pads), layers=LAYERS, round_robins=TAKES))
    return made


def kits_by_python() -> list[str]:
    found = []
    for kit, (rate, samples) in product(kits(), PLACES):
        hits = Hits(kit, rate)
        for layer, take, pad in product(range(LAYERS), range(TAKES), kit.pads):
            sound = hits[Hit(pad.name, pad.note, layer, take)][0, :samples]
            found.append(sha(np.pad(sound, (0, samples - len(sound)))))
    return found


def kits_by_plugin() -> list[str]:
    folder = BUILT / "plugin"
    folder.parent.mkdir(parents=True, exist_ok=True)
    host = Host(build_plugin(folder) / "backbeat.clap")
    found = []
    for kit, (rate, samples) in product(kits(), PLACES):
        drums = host.begun()
        assert drums.load(state(kit))
        drums.start(rate, samples)
        for layer, _ in product(range(LAYERS), range(TAKES)):
            velocity = 127 * (layer + 1) // LAYERS
            outputs = drums.play(samples, [midi(0, 0x90, pad.note, velocity) for pad in kit.pads])
            assert isinstance(outputs, np.ndarray)
            found += [sha(outputs[2 + 2 * k]) for k in range(len(kit.pads))]
            drums.play(samples, [midi(0, 0xB0, 120, 0)])  # all sound off, and until it is
        drums.stop()
        drums.destroy()
    return found


def kit_rows() -> Iterator[tuple[str, Callable[[], list[str]]]]:
    yield "kits, kernels", kits_by_python
    if DPF.is_dir() and shutil.which("c++"):
        yield "kits, plugin in a CLAP host", kits_by_plugin


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


def printed(engines: Iterator[tuple[str, Callable[[], list[str]]]]) -> bool:
    """Print a row for each, and tell whether all have the bits of the first."""
    expected: list[str] = []
    all_equal = True
    for name, render in engines:
        found = render()
        expected = expected or found
        equal = sum(each == wanted for each, wanted in zip(found, expected, strict=True))
        all_equal &= equal == len(expected)
        print(f"| {name:<28} | {len(found):>5} | {equal:>10} |", flush=True)
    return all_equal


def main() -> int:
    """Print the table."""
    if sys.argv[1:] == [REFERENCE]:
        print(json.dumps(by_python()))
        return 0
    legacy = BUILT / "legacy"
    legacy.mkdir(parents=True, exist_ok=True)
    wasm = build("wasm32-wasi", legacy, options=["-DBACKBEAT_LEGACY_EXCEPTIONS=ON"]) / "backbeat.wasm"
    match_sounds()
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder)
        subprocess.run([sys.executable, ROOT / "ports/web/package.py", wasm, "--out", package], check=True)
        print(f"{len(patches())} patches, {len(PLACES)} rates, {len(STRIKES)} hits, {SAMPLES} samples each\n")
        print(f"| {'engine':<28} | {'hits':>5} | {'equal bits':>10} |\n|{'-' * 30}|{'-' * 6}:|{'-' * 11}:|")
        all_equal = printed(rows(package))
        all_equal &= printed(kit_rows())
    return 0 if all_equal else 1


if __name__ == "__main__":
    sys.exit(main())
