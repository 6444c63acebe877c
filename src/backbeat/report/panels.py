"""The panels of a report's picture: each draws one view of target and match into the axes it is given.

Target and match differ in colour and in line style, so that either alone tells them apart.

References:
    | Color Universal Design: how to make figures that are colorblind-friendly (Okabe and Ito, 2008)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator
from numpy.typing import NDArray

from backbeat.losses.envelope import block_power, block_samples
from backbeat.losses.spectra import mel_frequencies, mel_spectrogram_db

INK = "#222222"
FAINT = "#dddddd"
TARGET_STYLE: dict[str, Any] = {"color": "#0072B2", "linestyle": "-", "label": "target"}
MATCH_STYLE: dict[str, Any] = {"color": "#D55E00", "linestyle": (0, (4, 1.5)), "label": "match"}

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


def draw_waveforms(axes: Axes, sounds: Sounds, span_s: float, title: str) -> None:
    """Draw both waveforms over each other, from their start to `span_s`."""
    samples = max(2, round(span_s * sounds.sample_rate))
    shown = (sounds.target[:samples], sounds.match[:samples])
    for signal, style in zip(shown, (TARGET_STYLE, MATCH_STYLE), strict=True):
        positions, values = _outline(signal)
        axes.plot(positions * 1e3 / sounds.sample_rate, values, linewidth=1.1, alpha=0.9, **style)
    peak = max(float(np.abs(signal).max()) for signal in shown)
    limit = 1.08 * peak if peak > 0.0 else 1.0
    axes.set_ylim(-limit, limit)
    axes.set_xlim(0.0, span_s * 1e3)
    _label(axes, title, "time (ms)", "amplitude (full scale = 1)")
    _legend(axes)


def spectrograms(sounds: Sounds) -> tuple[Signal, Signal, NDArray[np.float64]]:
    """Log-mel spectrograms of target and match, dB below the higher peak of the two, and the mel bands' frequencies.

    Returns:
        Two images (rows, frames), evenly spaced in octaves from the lowest band to the highest; those bands, in Hz.
    """
    hop = max(SPECTRUM_WINDOW // 32, -(-sounds.target.size // SPECTRUM_FRAMES))
    pair = torch.from_numpy(np.stack([sounds.target, sounds.match]))
    levels_db = mel_spectrogram_db(
        pair, sounds.sample_rate, window=SPECTRUM_WINDOW, hop=hop, bands=SPECTRUM_BANDS, floor_db=SILENCE_DBFS
    ).numpy()
    bands_hz = mel_frequencies(SPECTRUM_BANDS, sounds.sample_rate).numpy()
    # Silence has no peak of its own: it lies at the bottom of the scale, not at its top.
    peak_db = max(float(levels_db.max()), SILENCE_DBFS + SPECTRUM_RANGE_DB)
    below_peak_db = np.maximum(levels_db - peak_db, -SPECTRUM_RANGE_DB)
    target_db, match_db = (_on_log_frequency(levels, bands_hz) for levels in below_peak_db)
    return target_db, match_db, bands_hz


def draw_spectrograms(
    target_axes: Axes, match_axes: Axes, difference_axes: Axes, sounds: Sounds
) -> tuple[AxesImage, AxesImage]:
    """Draw the log-mel spectrograms of target and match on one scale, and match minus target.

    Returns:
        The images whose scales need a colour bar: levels and difference, both in dB.
    """
    target_db, match_db, bands_hz = spectrograms(sounds)
    octaves = (float(np.log2(bands_hz[0])), float(np.log2(bands_hz[-1])))
    extent = (0.0, sounds.target.size * 1e3 / sounds.sample_rate, *octaves)

    def show(axes: Axes, image_db: Signal, title: str, colours: str, low: float, high: float) -> AxesImage:
        image = axes.imshow(
            image_db, cmap=colours, vmin=low, vmax=high, extent=extent,
            origin="lower", aspect="auto", interpolation="nearest",
        )  # fmt: skip
        axes.xaxis.set_major_locator(MaxNLocator(5, min_n_ticks=2))
        axes.yaxis.set_major_locator(FixedLocator([float(np.log2(tick)) for tick in TICKS_HZ]))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda octave, _: _frequency_text(2.0**octave)))
        axes.set_ylim(*octaves)
        _label(axes, title, "time (ms)", "frequency (Hz)")
        axes.grid(visible=False)
        return image

    show(target_axes, target_db, "Target", "cividis", -SPECTRUM_RANGE_DB, 0.0)
    levels = show(match_axes, match_db, "Match", "cividis", -SPECTRUM_RANGE_DB, 0.0)
    change_db = match_db - target_db
    return levels, show(
        difference_axes, change_db, "Match − target", "RdBu_r", -DIFFERENCE_RANGE_DB, DIFFERENCE_RANGE_DB
    )


def draw_envelopes(axes: Axes, sounds: Sounds) -> None:
    """Draw both levels over time: RMS of blocks of 5 ms, or less for a very short sound, in dBFS."""
    block_s = min(ENVELOPE_BLOCK_S, sounds.target.size / sounds.sample_rate / ENVELOPE_BLOCKS)
    block = block_samples(block_s, sounds.sample_rate)
    block_ms = block * 1e3 / sounds.sample_rate
    top_dbfs = SILENCE_DBFS
    for signal, style in ((sounds.target, TARGET_STYLE), (sounds.match, MATCH_STYLE)):
        power = block_power(torch.from_numpy(signal), block)
        levels_dbfs = 10.0 * power.clamp(min=10.0 ** (SILENCE_DBFS / 10.0)).log10().numpy()
        axes.plot((np.arange(levels_dbfs.size) + 0.5) * block_ms, levels_dbfs, linewidth=1.6, **style)
        top_dbfs = max(top_dbfs, float(levels_dbfs.max()))
    axes.set_xlim(0.0, sounds.target.size * 1e3 / sounds.sample_rate)
    axes.set_ylim(top_dbfs - ENVELOPE_RANGE_DB, top_dbfs + 3.0)
    _label(axes, "Envelope", "time (ms)", "RMS level (dBFS)")
    _legend(axes)


def draw_loss(axes: Axes, history: Sequence[float]) -> None:
    """Draw the lowest loss so far against the optimisation step, on a logarithmic axis."""
    _label(axes, "Loss", "step", "lowest loss so far")
    losses = np.asarray(history, dtype=np.float64)
    plotted = losses[np.isfinite(losses) & (losses > 0.0)]
    if plotted.size == 0:
        axes.set_xticks([])
        axes.set_yticks([])
        axes.text(0.5, 0.5, "no steps taken", transform=axes.transAxes, ha="center", va="center", color=INK)
        return
    axes.set_yscale("log")
    axes.plot(np.arange(1, losses.size + 1), losses, color="#009E73", linewidth=1.8, marker="o", markevery=[-1])
    low, high = float(plotted.min()), float(plotted.max())
    margin = max((high / low) ** 0.06, 1.05)
    axes.set_ylim(low / margin, high * margin)
    axes.set_xlim(0.0, 1.02 * losses.size)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    # Less than a decade leaves a logarithmic locator with too few ticks to read a value from.
    locator = LogLocator(subs=(1.0, 2.0, 5.0)) if high > 10.0 * low else MaxNLocator(5)
    axes.yaxis.set_major_locator(locator)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda loss, _: f"{loss:.3g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())


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


def _frequency_text(frequency_hz: float) -> str:
    return f"{frequency_hz / 1e3:.0f}k" if frequency_hz >= 999.5 else f"{frequency_hz:.0f}"


def _label(axes: Axes, title: str, x_label: str, y_label: str) -> None:
    axes.set_title(title, fontsize=11, fontweight="bold", color=INK, loc="left", pad=5)
    axes.set_xlabel(x_label, fontsize=9, color=INK, labelpad=2)
    axes.set_ylabel(y_label, fontsize=9, color=INK, labelpad=3)
    axes.tick_params(labelsize=9, colors=INK, length=3)
    axes.grid(color=FAINT, linewidth=0.7)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_color("#999999")


def _legend(axes: Axes) -> None:
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False,
        fontsize=9, labelcolor=INK, handlelength=2.4, borderaxespad=0.1, columnspacing=1.2,
    )  # fmt: skip
