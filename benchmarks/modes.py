"""How well analysis finds modes: errors of frequency, T60, amplitude and phase against the noise they lie in.

    python benchmarks/modes.py --out benchmarks/results/modes.json

Six random modes, 60 Hz to 8 kHz and a third of an octave apart at least, for half a second, under white noise. A mode
is found if one of the six that come back is within 50 cents.
"""

import argparse
import math
from pathlib import Path

import numpy as np

from backbeat.dsp.units import LN_1000
from backbeat.matching.analysis import find_modes
from machine import write_figures

SAMPLE_RATE, SECONDS, MODES = 44_100, 0.5, 6
NOISES_DB = (None, -60.0, -40.0, -30.0, -20.0, -10.0)
FOUND_CENTS = 50.0
ERRORS = ("cents", "t60_percent", "gain_db", "cycles")


def draw(random: np.random.Generator) -> np.ndarray:
    """Frequency, T60, gain and phase of random modes, (modes, 4)."""
    octaves = math.log2(8000.0 / 60.0) - (MODES - 1) / 3.0
    hz = 60.0 * 2.0 ** (np.sort(random.uniform(0.0, octaves, MODES)) + np.arange(MODES) / 3.0)
    t60_s = np.exp(random.uniform(math.log(0.05), math.log(1.0), MODES))
    gain = 10.0 ** (random.uniform(-20.0, 0.0, MODES) / 20.0)
    return np.stack([hz, t60_s, gain, random.uniform(0.0, 1.0, MODES)], axis=1)


def errors(modes: np.ndarray, noise_db: float | None, random: np.random.Generator) -> list[tuple[float, ...]]:
    """Of the modes that are found: cents, % of T60, dB, cycles."""
    t = np.arange(round(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    sound = sum(g * np.exp(-LN_1000 * t / t60) * np.sin(2.0 * np.pi * (hz * t + start)) for hz, t60, g, start in modes)
    if noise_db is not None:
        power = np.mean(np.square(sound)) * 10.0 ** (noise_db / 10.0)
        sound = sound + math.sqrt(power) * random.standard_normal(len(t))
    found = find_modes(np.asarray(sound), SAMPLE_RATE, MODES, lowest_hz=30.0, highest_hz=16_000.0)
    rows: list[tuple[float, ...]] = []
    for hz, t60, gain, start in modes:
        nearest = int(np.argmin(np.abs(np.log2(found.frequency_hz / hz))))
        cents = abs(1200.0 * math.log2(found.frequency_hz[nearest] / hz))
        if cents < FOUND_CENTS:
            turn = abs((found.start_cycles[nearest] - start + 0.5) % 1.0 - 0.5)
            level = abs(20.0 * math.log10(found.gain[nearest] / gain))
            rows.append((cents, 100.0 * abs(found.t60_s[nearest] / t60 - 1.0), level, turn))
    return rows


def main() -> None:
    """Print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100, help="so many sounds at each level of noise")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    arguments = parser.parse_args()
    table = []
    print(f"{'noise':>8}{'found':>8}" + "".join(f"{name:>22}" for name in ERRORS) + "   (median, 90th percentile)")
    for noise_db in NOISES_DB:
        random = np.random.default_rng(0)
        rows = [row for _ in range(arguments.count) for row in errors(draw(random), noise_db, random)]
        middle, high = np.median(rows, axis=0), np.percentile(rows, 90, axis=0)
        share = len(rows) / (MODES * arguments.count)
        label = "none" if noise_db is None else f"{noise_db:.0f} dB"
        print(f"{label:>8}{share:8.2f}" + "".join(f"{m:11.3f}{h:11.3f}" for m, h in zip(middle, high, strict=True)))
        table.append(
            {
                "noise_db": noise_db,
                "found": share,
                "median": dict(zip(ERRORS, middle.tolist(), strict=True)),
                "p90": dict(zip(ERRORS, high.tolist(), strict=True)),
            }
        )
    if arguments.out:
        write_figures(arguments.out, table)


if __name__ == "__main__":
    main()
