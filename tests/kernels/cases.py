"""What every operation is tried on: ranges of its controls, and chance and corners within them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from scipy.signal import lfilter
from torch import Tensor

from backbeat.dsp import Grid
from backbeat.dsp.operation import Operation, operations

SAMPLE_RATES = (8000.0, 22050.0, 44100.0, 48000.0, 96000.0, 192000.0)


@dataclass(frozen=True)
class Range:
    """Of a control.

    Attributes:
        low: least value.
        high: greatest value.
        is_log: whether chance is even by ratio.
        bank: name of the bank that it has an entry for each of; a number is of so many entries.
    """

    low: float
    high: float
    is_log: bool = False
    bank: str | int = 1


@dataclass(frozen=True)
class Case:
    """How an operation is called.

    Attributes:
        controls: by name.
        optional: controls that may be left out, together.
        banks: sizes of banks, least and greatest.
        attributes: by name, chosen of these.
        settle: puts controls right that belong together, by the sample rate.
        is_smooth: whether it takes signals, and gradients, that have nothing at Nyquist nor begin or end at once.
        rounding: of a gradient, over that of a sum of samples at full level by as large a control.
    """

    controls: dict[str, Range] = field(default_factory=dict)
    optional: tuple[tuple[str, ...], ...] = ()
    banks: dict[str, tuple[int, int]] = field(default_factory=dict)
    attributes: dict[str, tuple[float, ...]] = field(default_factory=dict)
    settle: Callable[[dict[str, Tensor], float], None] = lambda *_: None
    is_smooth: bool = False
    rounding: float = 2e-6


def _apart(controls: dict[str, Tensor], _: float) -> None:
    """A band is wider than nothing."""
    controls["high_hz"] = controls["low_hz"] * 1.2 + controls["high_hz"]


def _quiet(controls: dict[str, Tensor], _: float) -> None:
    """A bank's gains add up to about full scale."""
    controls["gain"] = controls["gain"] / controls["gain"].shape[-1] ** 0.5


def _shaped(controls: dict[str, Tensor], sample_rate: float) -> None:
    """A mode with a shape of its own lasts a block and a half: within one, its level may rise to many times 1."""
    _quiet(controls, sample_rate)
    if "shape" in controls:
        controls["t60_s"] = controls["t60_s"].clamp(min=96.0 / sample_rate)


T60_S = Range(1e-6, 10.0, is_log=True)
TIME_S = Range(0.0, 1.0)
STREAMS = (0, 1, 7)

CASES = {
    "soft_clip": Case({"drive_db": Range(-40.0, 40.0), "gain_db": Range(-60.0, 12.0)}),
    "tanh_clip": Case({"drive_db": Range(-40.0, 40.0)}, rounding=5e-5),  # of 1 - tanh², where little is left
    "comb": Case(
        {
            "frequency_hz": Range(20.0, 3000.0, is_log=True),
            "feedback": Range(0.0, 0.98),
            "low_hz": Range(5.0, 500.0, is_log=True),
            "high_hz": Range(200.0, 20_000.0, is_log=True),
            "gain": Range(0.0, 1.0),
        },
        is_smooth=True,  # at Nyquist, a fraction of a sample is what the length of the FFT makes of it
        rounding=1e-4,  # of what all bins add up to, where it cancels out
    ),
    "decay": Case({"t60_s": T60_S, "onset_s": TIME_S}, optional=(("onset_s",),)),
    "attack": Case({"attack_s": TIME_S}),
    "adsr": Case(
        {
            "attack_s": Range(0.0, 0.2),
            "hold_s": Range(0.0, 0.3),
            "decay_s": T60_S,
            "sustain": Range(0.0, 1.0),
            "gate_s": TIME_S,
            "release_s": T60_S,
        }
    ),
    "bursts": Case(
        {
            "time_s": Range(0.0, 1.0, bank="bursts"),
            "gain": Range(-1.0, 1.0, bank="bursts"),
            "t60_s": Range(1e-6, 10.0, is_log=True, bank="bursts"),
        },
        banks={"bursts": (1, 9)},
        settle=_quiet,
    ),
    "fir": Case(
        {
            "weights": Range(0.0, 1.0, bank=3),
            "cutoff_hz": Range(10.0, 100_000.0, is_log=True),
            "low_hz": Range(10.0, 3000.0, is_log=True),
            "high_hz": Range(300.0, 100_000.0, is_log=True),
        },
        attributes={"seconds": (0.0, 0.0023, 0.01, 0.023)},
        settle=_apart,
    ),
    "modal": Case(
        {
            "frequency_hz": Range(20.0, 25_000.0, is_log=True, bank="modes"),
            "t60_s": Range(1e-6, 10.0, is_log=True, bank="modes"),
            "gain": Range(0.0, 1.0, bank="modes"),
            "start_cycles": Range(0.0, 1.0, bank="modes"),
        },
        optional=(("start_cycles",),),
        banks={"modes": (1, 130)},
        settle=_quiet,
    ),
    "swept_modal": Case(
        {
            "frequency_hz": Range(20.0, 25_000.0, is_log=True, bank="modes"),
            "t60_s": Range(1e-6, 10.0, is_log=True, bank="modes"),
            "gain": Range(0.0, 1.0, bank="modes"),
            "start_cycles": Range(0.0, 1.0, bank="modes"),
            "sweep_st": Range(-24.0, 36.0),
            "sweep_s": Range(1e-6, 1.0, is_log=True),
            "shape": Range(0.25, 4.0, is_log=True, bank="modes"),
        },
        optional=(("start_cycles",), ("shape",)),
        banks={"modes": (1, 130)},
        settle=_shaped,
    ),
    "noise": Case(attributes={"stream": STREAMS}),
    "noise_bands": Case(
        {
            "gain": Range(0.0, 1.0, bank="bands"),
            "t60_s": Range(1e-6, 10.0, is_log=True, bank="bands"),
            "shape": Range(0.25, 4.0, is_log=True, bank="bands"),
            "attack_s": Range(0.0, 0.3),
            "snap_gain": Range(0.0, 1.0, bank="bands"),
            "snap_s": Range(1e-6, 1.0, is_log=True),
            "burst_s": Range(0.0, 0.2003, bank="bursts"),
            "burst_gain": Range(0.0, 1.0, bank="bursts"),
        },
        optional=(("shape",), ("snap_gain", "snap_s", "burst_s", "burst_gain"), ("burst_s", "burst_gain")),
        banks={"bands": (1, 64), "bursts": (1, 4)},
        attributes={"stream": STREAMS},
    ),
    "sines": Case(
        {
            "pitch_hz": Range(20.0, 500.0, is_log=True),
            "ratio": Range(0.25, 4.0, is_log=True, bank="sines"),
            "gain": Range(-1.0, 1.0, bank="sines"),
            "start_cycles": Range(0.0, 1.0, bank="sines"),
            "sweep_st": Range(-24.0, 24.0, bank="sweeps"),
            "sweep_s": Range(1e-6, 1.0, is_log=True, bank="sweeps"),
            "vibrato_st": Range(0.0, 4.0),
            "vibrato_hz": Range(0.5, 40.0),
        },
        optional=(("sweep_st", "sweep_s"), ("vibrato_st", "vibrato_hz")),
        banks={"sines": (1, 40), "sweeps": (1, 4)},
        settle=_quiet,
        rounding=2e-5,  # of cycles within a block
    ),
}

OPERATIONS = {each.name: each for each in operations()}


@dataclass
class Call:
    """An operation with all that it is given, in float64."""

    operation: Operation
    sample_rate: float
    samples: int
    seeds: Tensor
    signals: dict[str, Tensor]
    controls: dict[str, Tensor]
    attributes: dict[str, float]

    @property
    def inputs(self) -> dict[str, Tensor]:
        """Signals and controls."""
        return {**self.signals, **self.controls}

    def __call__(self, dtype: torch.dtype, inputs: dict[str, Tensor] | None = None) -> Tensor:
        """Float32 is the kernel, float64 the formula; signals are given in it, and controls in float64."""
        given = dict(self.inputs if inputs is None else inputs)
        for name in self.signals:
            given[name] = given[name].to(dtype)
        grid = Grid(self.sample_rate, self.samples, self.seeds, dtype)
        return self.operation(grid, **given, **self.attributes)

    def leaves(self) -> dict[str, Tensor]:
        """The inputs, that a gradient is asked of."""
        return {name: each.clone().requires_grad_() for name, each in self.inputs.items()}

    def item(self, *numbers: int) -> Call:
        """Some items of it as a batch."""
        rows = list(numbers)
        return Call(
            self.operation,
            self.sample_rate,
            self.samples,
            self.seeds[rows],
            {name: each[rows] for name, each in self.signals.items()},
            {name: each[rows] for name, each in self.controls.items()},
            self.attributes,
        )


def draw(
    name: str,
    seed: int,
    samples: int,
    sample_rate: float = 44100.0,
    *,
    items: int = 2,
    corners: float = 0.1,
    smallest: bool = False,
) -> Call:
    """A call by chance, in which so large a share of controls lies at the ends of their ranges."""
    case, operation, random = CASES[name], OPERATIONS[name], np.random.default_rng(seed)
    sizes = {bank: least if smallest else _size(random, least, most) for bank, (least, most) in case.banks.items()}
    left_out = {each for group in case.optional if random.random() < 0.3 for each in group}
    controls = {}
    for each, given in case.controls.items():
        if each not in left_out:
            size = sizes[given.bank] if isinstance(given.bank, str) else given.bank
            controls[each] = torch.tensor(_values(random, given, (items, size), corners))
    case.settle(controls, sample_rate)
    signals = {each: torch.tensor(_signal(random, (items, samples), case.is_smooth)) for each in operation.signals}
    attributes = {each: _pick(random, values) for each, values in case.attributes.items()}
    seeds = torch.tensor(random.integers(0, 2**31, items))
    return Call(operation, sample_rate, samples, seeds, signals, controls, attributes)


def _size(random: np.random.Generator, least: int, most: int) -> int:
    return int(random.choice([least, most, random.integers(least, most + 1), random.integers(least, least + 4)]))


def _pick(random: np.random.Generator, values: tuple[float, ...]) -> float:
    return values[int(random.integers(len(values)))]


def _values(random: np.random.Generator, given: Range, shape: tuple[int, ...], corners: float) -> np.ndarray:
    share = random.random(shape)
    found = (
        given.low * (given.high / given.low) ** share if given.is_log else given.low + (given.high - given.low) * share
    )
    ends = np.where(random.random(shape) < 0.5, given.low, given.high)
    return np.where(random.random(shape) < corners, ends, found)


def _signal(random: np.random.Generator, shape: tuple[int, ...], is_smooth: bool) -> np.ndarray:
    """A burst of noise that float32 has, and silence here and there."""
    sound = random.uniform(-1.0, 1.0, shape) * np.exp(-np.arange(shape[-1]) / random.uniform(10.0, 20_000.0))
    begin = int(random.integers(0, shape[-1]))
    if random.random() < 0.3:
        sound[0, begin : begin + 100] = 0.0
    if random.random() < 0.1:
        sound[...] = 0.0
    return (smoothed(sound) if is_smooth else sound).astype(np.float32).astype(np.float64)


def smoothed(sound: np.ndarray) -> np.ndarray:
    """Without what lies near Nyquist, with soft ends."""
    kernel = np.hanning(26)[1:-1]
    fade = np.minimum(1.0, np.arange(sound.shape[-1]) / 64.0) ** 2
    return lfilter(kernel / kernel.sum(), 1.0, sound) * fade * fade[::-1]
