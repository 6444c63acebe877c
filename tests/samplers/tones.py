"""Kits of short tones, one frequency for each take: what a player played can be told from its spectrum."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backbeat.audio import write
from backbeat.samplers import Layer, SampledKit, SampledPad, Take

RATE = 48_000
STEP_HZ = 50.0
"""Between two takes; a tone of 20 ms or more has a whole number of periods of each."""

NAME = "Kick & #1 $x=50% – é"


@dataclass(frozen=True)
class Spec:
    """A pad to make: its notes, what of it, and how long its tones are."""

    note: int
    layers: tuple[tuple[int, int], ...] = ((1, 127),)
    takes: int = 1
    name: str = NAME
    high_note: int | None = None
    root_note: int | None = None
    choke_group: int = 0
    seconds: float = 0.02
    channels: int = 1


def make(folder: Path, specs: list[Spec]) -> SampledKit:
    """Write the tones of a kit into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    number, pads = 0, []
    for pad, spec in enumerate(specs):
        layers = []
        for step, (low, high) in enumerate(spec.layers):
            takes = []
            for _ in range(spec.takes):
                file = folder / f"tone {number}.wav"
                level = 0.5 * (step + 1) / len(spec.layers)
                write(file, tone(number, level, spec.seconds, spec.channels), RATE, bit_depth="24")
                takes.append(Take(file))
                number += 1
            layers.append(Layer(low, high, tuple(takes)))
        pads.append(
            SampledPad(
                f"{spec.name}{pad or ''}",
                spec.note,
                spec.high_note or spec.note,
                tuple(layers),
                root_note=spec.root_note,
                choke_group=spec.choke_group,
            )
        )
    return SampledKit(NAME, tuple(pads), author="Ann & Bob <a@b>", licence="CC0-1.0")


def frequency_hz(number: int) -> float:
    return 500.0 + STEP_HZ * number


def tone(number: int, level: float, seconds: float, channels: int) -> np.ndarray:
    """A tone that begins at its loudest, a click with a tail; right of two channels is the softer."""
    time_s = np.arange(round(seconds * RATE)) / RATE
    wave = level * np.cos(2.0 * np.pi * frequency_hz(number) * time_s)
    sides = np.array([1.0, 0.5])[:channels, None]
    return (sides * wave).astype(np.float32)[None]


def heard(audio: np.ndarray, take_count: int) -> int:
    """The number of the tone that is loudest in (2, samples)."""
    frames = round(RATE / STEP_HZ)
    spectrum = np.abs(np.fft.rfft(audio[:, :frames], frames, axis=1)).sum(axis=0)
    first = round(500.0 / STEP_HZ)
    return int(np.argmax(spectrum[first : first + take_count]))


def level_db(audio: np.ndarray) -> float:
    """Of the energy, relative to one sample of full scale."""
    return 10.0 * float(np.log10(np.sum(np.square(audio, dtype=np.float64)) + 1e-30))
