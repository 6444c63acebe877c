"""Loops, and one-shots that might be taken for some: sequenced from shipped sounds and presets.

    python -m matching.loops [COUNT] [FOLDER]

Prints how many of each kind are taken for loops, with the one-shots of a folder instead of the shipped ones.
"""

import sys
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
import torch
from scipy import signal

from backbeat.matching.excerpt import Excerpt, excerpt
from backbeat.patch import Placement, preset, presets
from matching.lead_ins import gain
from matching.sounds import RATE, Signal, fall, noise, times_s

SHIPPED = Path("examples/sounds")
STYLES = ("two", "quarters", "eighths", "sixteenths", "hats", "kit", "pattern")
OTHERS = ("clap", "flam", "ruff", "roll", "echo", "double kick", "room", "beating")
Random = np.random.Generator


@cache
def kit(folder: Path = SHIPPED) -> dict[str, Signal]:
    """Sounds by name, at full scale."""
    sounds = {path.stem: soundfile.read(path)[0] for path in sorted(folder.glob("*.flac"))}
    for name in presets():
        sounds[name] = preset(name).render(Placement(RATE, RATE))[0, 0].double().numpy()
    return {name: sound / np.abs(sound).max() for name, sound in sounds.items()}


def drums(sounds: dict[str, Signal], *words: str) -> list[Signal]:
    return [sound for name, sound in sounds.items() if any(word in name.lower() for word in words)]


def heard(sound: Signal, *, whole: bool = False) -> Excerpt:
    return excerpt(torch.from_numpy(sound).float()[None, None], RATE, whole=whole)


def sequence(hits: Iterable[tuple[float, Signal, float]], seconds: float) -> Signal:
    """Sounds at times, each at a level in dB; the loudest sample at full scale."""
    loop = np.zeros(round(seconds * RATE))
    for time_s, sound, level_db in hits:
        start = round(time_s * RATE)
        part = sound[: max(0, len(loop) - start)]
        loop[start : start + len(part)] += gain(level_db) * part
    return loop / np.abs(loop).max()


def loop(style: str, random: Random, sounds: dict[str, Signal]) -> tuple[Signal, list[float]]:
    """A loop at 70 to 180 bpm, of two hits to two bars, and the times of its hits."""

    def one_of(some: list[Signal]) -> Signal:
        return some[random.integers(len(some))]

    beat_s, bars = 60.0 / random.uniform(70.0, 180.0), int(random.integers(1, 3))
    drum = one_of(list(sounds.values()))
    kick, snare, hat = (
        one_of(drums(sounds, *words)) for words in (("kick", "bd_"), ("snare", "sn_"), ("hat", "cymbal"))
    )
    if style == "two":
        other = drum if random.random() < 0.5 else one_of(list(sounds.values()))
        level_db = random.uniform(-2.5, 4.0) if other is drum else random.uniform(-8.0, 6.0)
        step_s = beat_s * random.choice([0.5, 1.0, 2.0])
        hits, seconds = [(0.0, drum, 0.0), (step_s, other, level_db)], 2.0 * step_s
    elif style in ("quarters", "eighths", "sixteenths", "hats"):
        step_s = (
            beat_s * {"quarters": 1.0, "eighths": 0.5, "sixteenths": 0.25, "hats": random.choice([0.25, 0.5])}[style]
        )
        count = int(random.integers(3, round(4.0 * bars * beat_s / step_s) + 1))
        sound = hat if style == "hats" else drum
        hits, seconds = [(k * step_s, sound, random.uniform(-8.0, 0.0)) for k in range(count)], count * step_s
    elif style == "kit":
        hats_db, per_beat, seconds = random.uniform(-22.0, -8.0), random.choice([1, 2, 4]), 4.0 * bars * beat_s
        hits = [(b * beat_s, (kick, snare)[b % 2], random.uniform(-6.0, 0.0)) for b in range(4 * bars)]
        steps = range(4 * bars * per_beat)
        hits += [(k * beat_s / per_beat, hat, hats_db + random.uniform(-4.0, 2.0)) for k in steps]
    else:
        seconds = 4.0 * bars * beat_s
        steps = [0, *(k for k in range(1, 16 * bars) if random.random() < 0.4)]
        hits = [(k * beat_s / 4.0, one_of([kick, snare, hat, drum]), random.uniform(-14.0, 0.0)) for k in steps]
    return sequence(hits, min(seconds, 10.0)), sorted({time_s for time_s, _, _ in hits})


def one_shot(kind: str, random: Random, sounds: dict[str, Signal]) -> Signal:
    """A one-shot of several bursts, or that swells and dies."""
    drum = list(sounds.values())[random.integers(len(sounds))]
    seconds = len(drum) / RATE
    match kind:
        case "clap":
            at = np.cumsum([0.0, *random.uniform(0.008, 0.03, random.integers(1, 4))])
            t = times_s(0.5)
            hiss = noise(len(t), int(random.integers(2**16)))
            burst, last = (fall(t, random.uniform(*t60_s)) * hiss for t60_s in ((0.01, 0.05), (0.15, 0.5)))
            hits = [*((a, burst, random.uniform(-4.0, 0.0)) for a in at[:-1]), (at[-1], last, 0.0)]
            corners = [800.0, random.uniform(3000.0, 9000.0)]
            return signal.sosfilt(signal.butter(2, corners, "band", output="sos", fs=RATE), sequence(hits, 0.6))
        case "flam" | "ruff":
            apart_s, graces = random.uniform(0.01, 0.06), 1 if kind == "flam" else int(random.integers(2, 5))
            hits = [(k * apart_s, drum, random.uniform(-14.0, -3.0)) for k in range(graces)]
            return sequence([*hits, (graces * apart_s, drum, 0.0)], graces * apart_s + seconds)
        case "roll":
            snares = drums(sounds, "snare", "sn_", "tom")
            drum, strokes_hz, count = (
                snares[random.integers(len(snares))],
                random.uniform(20.0, 30.0),
                int(random.integers(6, 40)),
            )
            swell_db = random.choice([-18.0, 0.0, 18.0])
            strokes = [(k / strokes_hz, drum, random.uniform(-3.0, 0.0) + swell_db * k / count) for k in range(count)]
            return sequence(strokes, count / strokes_hz + len(drum) / RATE)
        case "echo":
            delay_s, wet_db, feedback_db = (
                random.uniform(0.09, 0.6),
                random.uniform(-9.0, -3.0),
                random.uniform(-10.0, -3.0),
            )
            damping = signal.butter(1, random.uniform(2000.0, 8000.0), output="sos", fs=RATE)
            damped, hits, repeat = random.random() < 0.5, [(0.0, drum, 0.0)], drum
            for k in range(8):
                repeat = signal.sosfilt(damping, repeat) if damped else repeat
                hits.append(((k + 1) * delay_s, repeat, wet_db + k * feedback_db))
            return sequence(hits, min(10.0, 8.0 * delay_s + seconds))
        case "double kick":
            kicks = drums(sounds, "kick", "bd_")
            kick, apart_s = kicks[random.integers(len(kicks))], random.uniform(0.05, 0.13)
            return sequence(
                [(k * apart_s, kick, random.uniform(-6.0, 0.0)) for k in (0, 1)], apart_s + len(kick) / RATE
            )
        case "room":
            t = times_s(1.5)
            room = fall(t, random.uniform(0.3, 1.5)) * noise(len(t), int(random.integers(2**16)))
            room[: round(random.uniform(0.005, 0.05) * RATE)] = 0.0
            late = signal.fftconvolve(drum, room)
            return sequence(
                [(0.0, drum, 0.0), (0.0, late / np.abs(late).max(), random.uniform(-12.0, 0.0))], len(late) / RATE
            )
    t = times_s(2.0)
    low_hz, beat_hz = random.uniform(60.0, 900.0), random.uniform(3.0, 14.0)
    tones = [np.sin(2.0 * np.pi * hz * t) for hz in (low_hz, low_hz + beat_hz)]
    return 0.5 * fall(t, random.uniform(0.8, 3.0)) * (tones[0] + random.uniform(0.3, 1.0) * tones[1])


def taken_for_loops(count: int, folder: Path = SHIPPED) -> tuple[Counter[str], Counter[str]]:
    """Of so many loops and other sounds each, how many of each kind are taken for loops."""
    sounds, found = kit(folder), (Counter[str](), Counter[str]())
    for number in range(count):
        for kinds, made, counts in ((STYLES, lambda *some: loop(*some)[0], found[0]), (OTHERS, one_shot, found[1])):
            for kind in kinds:
                counts[kind] += (
                    heard(made(kind, np.random.default_rng([number, len(kind), kinds.index(kind)]), sounds)).hits > 1
                )
    return found


if __name__ == "__main__":
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    torch.set_num_threads(1)
    for kinds in taken_for_loops(times, *map(Path, sys.argv[2:3])):
        print(*(f"{kind}: {number} of {times}" for kind, number in kinds.items()), sep="\n")
