"""How fast the plugin's drum machine is: its audio thread, and how soon a kit plays.

    python benchmarks/plugin.py --out benchmarks/results/plugin.json

The audio thread: 64 voices at once, all ringing through, at 48 kHz in blocks of 64; its share of a core is by the
processor's time, its worst block by the clock and by the processor's time (on a machine that others use, the clock
counts them too). A kit is playable when each pad has a hit, whole when all are rendered; 16 pads, 16 steps of velocity,
4 hits of each, by the clock and by the processor's time of all threads. Needs a compiler.
"""

import argparse
import ctypes
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from backbeat.kits.bundle import to_json  # noqa: E402
from backbeat.kits.factory import factory_kit  # noqa: E402
from machine import describe_machine, write_figures  # noqa: E402
from ports.drum_machine import DrumMachine, Event, build  # noqa: E402

RATE, BLOCK, VOICES, BLOCKS = 48_000, 64, 64, 700
KITS = ("909", "acoustic")


def audio_thread(library: ctypes.CDLL) -> dict[str, float]:
    """Shares of a block's time."""
    kit = factory_kit("909")
    ringing = [pad.note for pad in kit.pads if pad.name in ("crash", "ride", "ride-bell", "kick-long")]
    notes = [Event(0, (ctypes.c_uint8 * 3)(0x90, ringing[k % len(ringing)], 127 - k % 16)) for k in range(VOICES)]
    clock, processor = np.zeros(BLOCKS), np.zeros(BLOCKS)
    pointers = [each.ctypes.data_as(ctypes.c_void_p) for each in (clock, processor)]
    with DrumMachine(library, to_json(kit), RATE) as machine:
        given = (Event * VOICES)(*notes)
        library.machine_time(machine.handle, given, ctypes.c_size_t(VOICES), BLOCKS, BLOCK, *pointers)
    lasts_s = BLOCK / RATE
    return {
        "share_of_a_core": processor.mean() / lasts_s,
        "worst_block_by_processor": processor.max() / lasts_s,
        "worst_block_by_clock": clock.max() / lasts_s,
    }


def loading(library: ctypes.CDLL, name: str, times: int) -> dict[str, float]:
    """Seconds until a kit is playable, and whole."""
    found: dict[str, list[float]] = {}
    text = to_json(factory_kit(name))
    for _ in range(times):
        with DrumMachine(library, None, RATE) as machine:
            clock, processor = time.perf_counter(), time.process_time()
            machine.load(text)
            found.setdefault("playable_s", []).append(time.perf_counter() - clock)
            found.setdefault("playable_processor_s", []).append(time.process_time() - processor)
            machine.wait()
            found.setdefault("whole_s", []).append(time.perf_counter() - clock)
            found.setdefault("whole_processor_s", []).append(time.process_time() - processor)
    return {each: median(values) for each, values in found.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=3, help="that each kit is loaded; the median is taken")
    parser.add_argument("--out", type=Path, default=None, help="a JSON file for the figures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = ROOT / "ports" / "plugin" / "testing.cpp"
        faster = ["-O3"]  # as the plugin is built
        library = ctypes.CDLL(str(build(Path(folder), source, name="machine.so", link=["-shared"], options=faster)))
        figures: dict[str, Any] = {"machine": describe_machine(), "audio_thread": audio_thread(library)}
        for name in KITS:
            figures[name] = loading(library, name, options.times)
    for group, values in figures.items():
        if group != "machine":
            print(group, ", ".join(f"{name} {value:.3f}" for name, value in values.items()))
    if options.out is not None:
        write_figures(options.out, figures)


if __name__ == "__main__":
    main()
