"""The panels of a report's picture: each shows one view of target and match.

Target and match differ in colour and in line style, so that either alone tells them apart.

References:
    | Color Universal Design: how to make figures that are colorblind-friendly (Okabe and Ito, 2008)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from backbeat.losses.envelope import block_power, block_samples
from backbeat.losses.spectra import mel_frequencies, mel_spectrogram_db
from backbeat.report.canvas import Stroke
from backbeat.report.colours import BLUE_TO_RED, CIVIDIS, Colours

TARGET, MATCH = Stroke("#0072B2", 1.3), Stroke("#D55E00", 1.3, (5.2, 2.0))
LOSS = Stroke("#009E73", 1.8)

SILENCE_DBFS = -120.0
LINE_COLUMNS = 1200
SPECTRUM_WINDOW = 2048
SPECTRUM_BANDS = 96
SPECTRUM_ROWS = 240
SPECTRUM_FRAMES = 500
SPECTRUM_RANGE_DB = 70.0
DIFFERENCE_RANGE_DB = 30.0
TICKS_HZ = (20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000)

ENVELOPE_BLOCK_S = 0.005
ENVELOPE_BLOCKS = 20
ENVELOPE_RANGE_DB = 60.0

Signal = NDArray[np.float32]
Limits = tuple[float, float]
Ticks = tuple[tuple[float, str], ...]
"""Where they are, and what they say."""


@dataclass(frozen=True)
class Sounds:
    """What is compared.

    Attributes:
        target: (samples,), full scale ±1.
        match: (samples,), full scale ±1.
        sample_rate: of both, in Hz.
    """

    target: Signal
    match: Signal
    sample_rate: int


@dataclass(frozen=True)
class Curve:
    """A curve of a panel, in the units of its axes, and a label for the legend."""

    x: NDArray[Any]
    y: NDArray[Any]
    stroke: Stroke
    label: str = ""


@dataclass(frozen=True)
class Levels:
    """An image of levels in dB.

    Attributes:
        values_db: (rows, columns), from the bottom up.
        colours: that they are shown in.
        limits_db: what has the first and the last of them.
    """

    values_db: Signal
    colours: Colours
    limits_db: Limits


@dataclass(frozen=True)
class Panel:
    """One plot, as `draw_panel` draws it.

    Attributes:
        title: above it.
        x_label: below it.
        y_label: beside it.
        x_limits: ends of the axis.
        y_limits: likewise.
        curves: that are drawn, the last on top.
        levels: an image that fills it.
        y_ticks: where the axis is marked; none is at even steps.
        is_log: whether the y axis is logarithmic.
        x_step: least step of the x axis's marks.
        remark: written in its middle.
    """

    title: str
    x_label: str
    y_label: str
    x_limits: Limits
    y_limits: Limits
    curves: tuple[Curve, ...] = ()
    levels: Levels | None = None
    y_ticks: Ticks | None = None
    is_log: bool = False
    x_step: float = 0.0
    remark: str = ""


def waveforms(sounds: Sounds, span_s: float, title: str) -> Panel:
    """Both waveforms over each other, from their start to `span_s`."""
    samples = max(2, round(span_s * sounds.sample_rate))
    shown = (sounds.target[:samples], sounds.match[:samples])
    outlines = (_outline(signal) for signal in shown)
    times_ms, values = zip(*((positions * 1e3 / sounds.sample_rate, each) for positions, each in outlines), strict=True)
    peak = max(float(np.abs(signal).max()) for signal in shown)
    limit = 1.08 * peak if peak > 0.0 else 1.0
    curves = _both(times_ms, values)
    return Panel(title, "time (ms)", "amplitude (full scale = 1)", (0.0, span_s * 1e3), (-limit, limit), curves)


def spectrograms(sounds: Sounds) -> tuple[Signal, Signal, NDArray[np.float64]]:
    """Log-mel spectrograms of target and match, dB below the higher peak of the two, and the mel bands' frequencies.

    Returns:
        Two images (rows, frames), evenly spaced in octaves from the lowest band to the highest; those bands, in Hz.
    """
    (target_db, match_db), bands_hz = log_spectrograms(np.stack([sounds.target, sounds.match]), sounds.sample_rate)
    return target_db, match_db, bands_hz


def log_spectrograms(signals: Signal, sample_rate: int) -> tuple[list[Signal], NDArray[np.float64]]:
    """Log-mel spectrograms, dB below the highest peak of all, and the mel bands' frequencies.

    Args:
        signals: (signals, samples), full scale ±1.
        sample_rate: in Hz.

    Returns:
        An image (rows, frames) of each, evenly spaced in octaves from the lowest band to the highest; those bands, in
        Hz.
    """
    hop = max(SPECTRUM_WINDOW // 32, -(-signals.shape[1] // SPECTRUM_FRAMES))
    levels_db = mel_spectrogram_db(
        torch.from_numpy(signals),
        sample_rate,
        window=SPECTRUM_WINDOW,
        hop=hop,
        bands=SPECTRUM_BANDS,
        floor_db=SILENCE_DBFS,
    ).numpy()
    bands_hz = mel_frequencies(SPECTRUM_BANDS, sample_rate).numpy()
    # Silence has no peak of its own: it lies at the bottom of the scale, not at its top.
    peak_db = max(float(levels_db.max()), SILENCE_DBFS + SPECTRUM_RANGE_DB)
    below_peak_db = np.maximum(levels_db - peak_db, -SPECTRUM_RANGE_DB)
    return [_on_log_frequency(levels, bands_hz) for levels in below_peak_db], bands_hz


def spectrogram_panels(sounds: Sounds) -> tuple[Panel, Panel, Panel]:
    """The log-mel spectrograms of target and match on one scale, and match minus target; y is in octaves above 1 Hz."""
    target_db, match_db, bands_hz = spectrograms(sounds)
    octaves = (float(np.log2(bands_hz[0])), float(np.log2(bands_hz[-1])))
    span_ms = (0.0, sounds.target.size * 1e3 / sounds.sample_rate)
    ticks = tuple((float(np.log2(hz)), f"{hz / 1e3:.0f}k" if hz >= 1000 else f"{hz}") for hz in TICKS_HZ)

    def panel(title: str, image_db: Signal, colours: Colours, limits_db: Limits) -> Panel:
        levels = Levels(image_db, colours, limits_db)
        return Panel(title, "time (ms)", "frequency (Hz)", span_ms, octaves, levels=levels, y_ticks=ticks)

    scale, difference = (-SPECTRUM_RANGE_DB, 0.0), (-DIFFERENCE_RANGE_DB, DIFFERENCE_RANGE_DB)
    return (
        panel("Target", target_db, CIVIDIS, scale),
        panel("Match", match_db, CIVIDIS, scale),
        panel("Match − target", match_db - target_db, BLUE_TO_RED, difference),
    )


def envelopes(sounds: Sounds) -> Panel:
    """Both levels over time: RMS of blocks of 5 ms, or less for a very short sound, in dBFS."""
    block_s = min(ENVELOPE_BLOCK_S, sounds.target.size / sounds.sample_rate / ENVELOPE_BLOCKS)
    block = block_samples(block_s, sounds.sample_rate)
    powers = (block_power(torch.from_numpy(signal), block) for signal in (sounds.target, sounds.match))
    levels_dbfs = [10.0 * each.clamp(min=10.0 ** (SILENCE_DBFS / 10.0)).log10().numpy() for each in powers]
    times_ms = [(np.arange(each.size) + 0.5) * (block * 1e3 / sounds.sample_rate) for each in levels_dbfs]
    top_dbfs = max(SILENCE_DBFS, *(float(each.max()) for each in levels_dbfs))
    return Panel(
        "Envelope",
        "time (ms)",
        "RMS level (dBFS)",
        (0.0, sounds.target.size * 1e3 / sounds.sample_rate),
        (top_dbfs - ENVELOPE_RANGE_DB, top_dbfs + 3.0),
        _both(times_ms, levels_dbfs),
    )


def losses(history: Sequence[float]) -> Panel:
    """The lowest loss so far against the optimisation step, on a logarithmic axis."""
    title, x_label, y_label = "Loss", "step", "lowest loss so far"
    found = np.asarray(history, dtype=np.float64)
    plotted = found[np.isfinite(found) & (found > 0.0)]
    if plotted.size == 0:
        return Panel(title, x_label, y_label, (0.0, 1.0), (0.0, 1.0), y_ticks=(), remark="no steps taken")
    low, high = float(plotted.min()), float(plotted.max())
    margin = max((high / low) ** 0.06, 1.05)
    # Less than a decade has too few round numbers of a logarithmic kind to read a value from.
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    marks = [mark * 10.0**decade for decade in decades for mark in (1, 2, 5)] if high > 10.0 * low else None
    return Panel(
        title,
        x_label,
        y_label,
        (0.0, 1.02 * found.size),
        (low / margin, high * margin),
        (Curve(np.arange(1, found.size + 1), found, LOSS),),
        y_ticks=None if marks is None else tuple((each, f"{each:.3g}") for each in marks),
        is_log=True,
        x_step=1.0,
    )


def _both(x: Sequence[NDArray[Any]], y: Sequence[NDArray[Any]]) -> tuple[Curve, ...]:
    return Curve(x[0], y[0], TARGET, "target"), Curve(x[1], y[1], MATCH, "match")


def _outline(signal: Signal) -> tuple[Signal, Signal]:
    """Positions in samples and values of a line that looks like the signal at print size.

    A long signal is reduced to the lowest and highest sample of each column, which keeps its peaks.
    """
    block = signal.size // LINE_COLUMNS
    if block < 4:
        return np.arange(signal.size, dtype=np.float32), signal
    columns = np.pad(signal, (0, -signal.size % block), mode="edge").reshape(-1, block)
    values = np.stack([columns.min(axis=1), columns.max(axis=1)], axis=1).reshape(-1)
    return np.arange(values.size, dtype=np.float32) * np.float32(block / 2), values


def _on_log_frequency(levels_db: Signal, bands_hz: NDArray[np.float64]) -> Signal:
    """Resample mel bands (bands, frames) to rows evenly spaced in octaves, low to high."""
    rows_hz = np.geomspace(bands_hz[0], bands_hz[-1], SPECTRUM_ROWS)
    band = np.interp(rows_hz, bands_hz, np.arange(bands_hz.size))
    below = np.minimum(band.astype(int), bands_hz.size - 2)
    weight = (band - below).astype(np.float32)[:, None]
    resampled: Signal = levels_db[below] * (1.0 - weight) + levels_db[below + 1] * weight
    return resampled
