"""Parts that several instruments have: noise whose colour, decay and strike are curves, and the onset of the whole."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from backbeat import dsp
from backbeat.dsp import Control, Grid, Signal
from backbeat.dsp.units import LN_1000
from backbeat.parameters import OUTPUT, Parameter, Value, decibels, numbers
from backbeat.plugins.base import Macro

if TYPE_CHECKING:
    from backbeat.types import Series

BAND_POWER_HZ = 3.0 * 22050.0
"""What raises a band of noise to an RMS of 1, times its width, whatever that is."""
SNAP = Macro("dB", ("onset_db",), "Level of the first moments against the rest.")
_ONSET_S = 0.02
_MEL_HZ = 700.0
_MELS = 2.0 * math.log1p(dsp.band_centers_hz(1)[0] / _MEL_HZ)
"""Up to the end of the last band, whatever their number."""


def onset_level() -> Parameter:
    """The parameter `onset_db`; matches leave room for `snap` at its low end."""
    help = "Level of the first moments of all, against the rest."
    return decibels(
        -12.0, 36.0, default=0.0, musical=(-2.0, 5.0), matched=(-6.0, 36.0), help=help, role=OUTPUT.onset_db
    )


def drive(default: float, musical: tuple[float, float]) -> Parameter:
    """The parameter `drive_db`; matches leave so much of it that the macro is heard."""
    return decibels(
        -20.0,
        36.0,
        default=default,
        musical=musical,
        matched=(-15.0, 36.0),
        help="Drive into the soft clipper.",
        role=OUTPUT.drive_db,
    )


def onset_gain(grid: Grid, onset_db: Control) -> Signal:
    """A gain over time that makes the first moments louder: `1 + (10^(L / 20) - 1) exp(-ln 1000 t / 20 ms)`."""
    return 1.0 + (dsp.db_to_gain(onset_db) - 1.0) * dsp.decay(grid, grid.constant(_ONSET_S))


def onset_curve(onset_db: float, samples: int, sample_rate: int) -> Series:
    """The same of a number, (samples,)."""
    t = np.arange(samples) / sample_rate
    return 1.0 + (10.0 ** (onset_db / 20.0) - 1.0) * np.exp(-LN_1000 * t / _ONSET_S)


def curve_over_mel(curve: Control, at_hz: Control) -> Control:
    """What a curve is at some frequencies: straight lines over mel through its points, flat beyond both ends.

    Args:
        curve: its points, at as many `dsp.band_centers_hz`.
        at_hz: the frequencies, in Hz.
    """
    place = dsp.clamp(dsp.log(1.0 + at_hz / _MEL_HZ) * (curve.size / _MELS) - 0.5, 0.0, curve.size - 1.0)
    found: Control = 0.0 * place
    for k in range(curve.size):
        found = found + dsp.maximum(1.0 - abs(place - float(k)), 0.0) * curve[k]
    return found


def curved_noise(
    grid: Grid,
    c: Any,
    bands: int,
    strike_db: Control,
    strike_s: Control,
    *,
    shape: Control | None = None,
    attack_s: Control | float = 0.0,
) -> Signal:
    """Noise in bands that follow curves over mel, which `color_ratio` moves, and a strike.

    Args:
        grid: where to render.
        c: controls with `noise_db`, `noise_s`, `color_ratio`, and the curves `band_db` and `band_ratio`.
        bands: their number.
        strike_db: level of the strike, a curve.
        strike_s: its T60.
        shape: of the bands' fall, a curve.
        attack_s: their rise.
    """
    at_hz = grid.constant(*dsp.band_centers_hz(bands)) / c.color_ratio
    return dsp.noise_bands(
        grid,
        stream=0,
        gain=dsp.db_to_gain(c.noise_db + curve_over_mel(c.band_db, at_hz)),
        t60_s=c.noise_s * dsp.exp(curve_over_mel(dsp.log(c.band_ratio), at_hz)),
        shape=None if shape is None else dsp.exp(curve_over_mel(dsp.log(shape), at_hz)),
        attack_s=attack_s,
        snap_gain=dsp.db_to_gain(curve_over_mel(strike_db, at_hz)),
        snap_s=strike_s,
    )


def frequencies_on_curves(values: Mapping[str, Value], name: str) -> tuple[float, ...]:
    """Frequencies of the entries of a level, for `Macro`: of the modes, or of a curve of `curved_noise`."""
    if name == "mode_db":
        return numbers(values["mode_hz"])
    (ratio,) = numbers(values["color_ratio"])
    return tuple(ratio * hz for hz in dsp.band_centers_hz(len(numbers(values[name]))))
