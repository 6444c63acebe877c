"""The colour of a one-shot's noise: level, decay and first burst of each band."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backbeat.matching.analysis.envelope import BLOCK_S, fit_decay, level_db
from backbeat.types import Series

_SNAP_S = 0.01
_QUIET_DB = -80.0


@dataclass(frozen=True)
class Bands:
    """One entry per band.

    Attributes:
        level_db: where the decay starts, as the amplitude of uniform noise of full bandwidth.
        t60_s: of the decay.
        snap_db: of what the first milliseconds have beyond it, in the same terms.
    """

    level_db: Series
    t60_s: Series
    snap_db: Series


def fit_bands(signal: Series, sample_rate: int, centers_hz: Sequence[float]) -> Bands:
    """Measure each band of the noise of a one-shot.

    Args:
        signal: what modes left of it, (samples,).
        sample_rate: in Hz.
        centers_hz: middle of each band, in Hz: what lies between two middles is shared out on the mel scale.
    """
    order, bands = np.argsort(centers_hz), len(centers_hz)
    length = 1 << len(signal).bit_length()
    spectrum = np.fft.rfft(signal, length)
    frequencies = np.fft.rfftfreq(length, 1.0 / sample_rate)
    mel = np.log1p(np.asarray(centers_hz)[order] / 700.0)
    position = np.interp(np.log1p(frequencies / 700.0), mel, np.arange(bands))
    level, t60, snap = np.full(bands, _QUIET_DB), np.full(bands, 0.05), np.full(bands, _QUIET_DB)
    for place, band in enumerate(order):
        response = np.maximum(1.0 - np.abs(position - place), 0.0)
        share = float(np.mean(response**2)) / 3.0  # power of uniform noise in this band
        if share == 0.0:
            continue
        part = np.fft.irfft(spectrum * response, length)[: len(signal)]
        if not np.any(part):
            continue
        unit_db = 10.0 * np.log10(share)
        levels = level_db(part, sample_rate)
        after = part[round(_SNAP_S * sample_rate) :] if len(levels) * BLOCK_S > 3.0 * _SNAP_S else part
        fall = fit_decay(after, sample_rate)
        start_db = min(fall.level_db + 60.0 * (_SNAP_S + fall.attack_s) / fall.t60_s, float(np.max(levels)) + 3.0)
        level[band], t60[band] = start_db - unit_db, fall.t60_s
        extra = 10.0 ** (np.max(levels[: round(_SNAP_S / BLOCK_S)]) / 10.0) - 10.0 ** (start_db / 10.0)
        snap[band] = 10.0 * np.log10(max(extra, 1e-12)) - unit_db
    return Bands(level, t60, snap)
