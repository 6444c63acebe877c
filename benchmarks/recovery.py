"""Whether a match finds what the synth itself made: random patches of a plugin, rendered and matched again.

    python benchmarks/recovery.py kick --count 200 --out benchmarks/results/recovery-kick.json

A patch is recovered if the match is within 1 dB mel, its pitch within 5 cents and its T60 within 10 %. Both are the
sound's: the level-weighted median of the pitch's error over time (where there is a pitch), and a straight line through
the level from the loudest 10 ms on. The mean of the pitch's error, which the onset decides, is given too.

The match is given the seed of the patch's noise: with another seed, the patch itself is over 1 dB mel from itself where
noise is loud, which is printed too.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

import backbeat
from backbeat import patch, plugins
from backbeat.losses import distances, pitch_error_cents, pitch_track
from backbeat.matching import QUALITIES
from machine import describe_machine, write_figures

SAMPLE_RATE = 44_100
_BLOCK_S = 0.01
NEAR_MEL_DB, NEAR_CENTS, NEAR_T60 = 1.0, 5.0, 0.1


@dataclass(frozen=True)
class Row:
    """One patch, found again.

    Attributes:
        seed: of the random patch.
        mel_db: distance of the match.
        cents: median error of pitch over time; none where the sound has no pitch.
        mean_cents: mean of the same.
        other_noise_db: mel distance of the patch from itself with another seed.
        t60_error: |T60 / T60 of the target - 1|.
        seconds: what the match took.
    """

    seed: int
    mel_db: float
    cents: float | None
    mean_cents: float | None
    other_noise_db: float
    t60_error: float
    seconds: float

    @property
    def near(self) -> dict[str, bool]:
        """What holds of it, and whether all does."""
        found = {
            "mel": self.mel_db < NEAR_MEL_DB,
            "pitch": self.cents is None or self.cents < NEAR_CENTS,
            "t60": self.t60_error < NEAR_T60,
        }
        return {**found, "all": all(found.values())}


def t60_error(found: np.ndarray, target: np.ndarray) -> float:
    """`|T60 / T60 of the target - 1|`, from straight lines through the levels of blocks of 10 ms.

    Both start at the target's loudest block; a block counts the less the quieter the target is in it, and nothing at
    -50 dB. Backward integration, the usual way, would take the end of the sound for the end of its decay.
    """
    block = round(_BLOCK_S * SAMPLE_RATE)
    levels_db = [10.0 * np.log10(np.mean(_blocks(sound, block) ** 2, axis=1) + 1e-20) for sound in (found, target)]
    start = int(np.argmax(levels_db[1]))
    fallen_db = levels_db[1][start:] - levels_db[1][start]
    weights = np.clip(1.0 + fallen_db / 50.0, 1e-3, None)
    times_s = _BLOCK_S * np.arange(len(weights))
    slope, wanted = (np.polyfit(times_s, level_db[start:], 1, w=weights)[0] for level_db in levels_db)
    return float(abs(wanted / slope - 1.0))


def _blocks(signal: np.ndarray, block: int) -> np.ndarray:
    return signal[: len(signal) // block * block].reshape(-1, block)


def median_cents(estimate: torch.Tensor, target: torch.Tensor) -> float | None:
    """Level-weighted median of the error of pitch."""
    hz, level = pitch_track(target, SAMPLE_RATE)
    found_hz, _ = pitch_track(estimate, SAMPLE_RATE)
    cents, order = (1200.0 * torch.log2(found_hz / hz)).abs().sort()
    below = level[order].cumsum(0)
    return float(cents[int((below < 0.5 * below[-1]).sum())]) if below[-1] > 0.0 else None


def recover(seed: int, plugin: str, seconds: float, quality: str) -> Row:
    """Render a random patch and match it."""
    torch.set_num_threads(1)
    made = patch.randomise(plugins.get(plugin), seed)
    placement = patch.Placement(SAMPLE_RATE, round(seconds * SAMPLE_RATE), 0)
    target, other = (each.render(placement) for each in (made, replace(made, seed=seed + 1)))
    result = backbeat.match(target, plugin, sample_rate=SAMPLE_RATE, quality=quality, seed=seed)
    return Row(
        seed,
        result.distances.mel_db,
        median_cents(result.audio[0, 0], target[0, 0]),
        pitch_error_cents(result.audio, target, SAMPLE_RATE),
        distances(other, target, SAMPLE_RATE).mel_db,
        t60_error(*(sound[0, 0].double().numpy() for sound in (result.audio, target))),
        result.seconds,
    )


def main() -> None:
    """Recover so many patches; print and write what share was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plugin", choices=plugins.names())
    parser.add_argument("--count", type=int, default=200, help="so many patches")
    parser.add_argument("--first", type=int, default=0, help="seed of the first")
    parser.add_argument("--seconds", type=float, default=0.6, help="length of each sound")
    parser.add_argument("--quality", default="normal", choices=list(QUALITIES))
    parser.add_argument("--jobs", type=int, default=2, help="so many at once, on one thread each")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    arguments = parser.parse_args()

    seeds = range(arguments.first, arguments.first + arguments.count)
    work = partial(recover, plugin=arguments.plugin, seconds=arguments.seconds, quality=arguments.quality)
    rows = []
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for row in pool.map(work, seeds):
            rows.append(row)
            cents = "no pitch" if row.cents is None else f"{row.cents:6.1f} cents"
            held = "recovered" if row.near["all"] else ""
            print(
                f"{row.seed:4} {row.mel_db:6.2f} dB {cents:>13} T60 {100.0 * row.t60_error:5.1f} % off "
                f"{row.seconds:5.1f} s {held}",
                flush=True,
            )
    shares = {name: sum(row.near[name] for row in rows) / len(rows) for name in ("mel", "pitch", "t60", "all")}
    print(", ".join(f"{name} {100.0 * share:.0f} %" for name, share in shares.items()))
    noisy = sum(row.other_noise_db >= NEAR_MEL_DB for row in rows) / len(rows)
    print(f"{100.0 * noisy:.0f} % of the patches are {NEAR_MEL_DB:g} dB and more from themselves with another seed")
    if arguments.out:
        document = {
            "plugin": arguments.plugin,
            "quality": arguments.quality,
            "seconds": arguments.seconds,
            "machine": describe_machine(),
            "shares": shares,
            "share_far_with_other_noise": noisy,
            "rows": [asdict(row) for row in rows],
        }
        write_figures(arguments.out, document)


if __name__ == "__main__":
    main()
