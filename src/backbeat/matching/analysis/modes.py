"""The damped sinusoids a one-shot is made of, by orthogonal matching pursuit."""

import math
from dataclasses import dataclass

import numpy as np

from backbeat.dsp.units import LN_1000
from backbeat.types import Series

_T60S = np.geomspace(0.012, 4.0, 12)
_LONGEST_S = 1.5
_ZERO_PADDING = 2
_RIDGE = 1e-4


@dataclass(frozen=True)
class Modes:
    """Damped sinusoids `gain · exp(-ln 1000 · t / T60) · sin 2π(f t + φ)`, loudest first as they were found.

    Attributes:
        frequency_hz: f.
        t60_s: T60.
        gain: amplitude at t = 0.
        start_cycles: φ.
        residual: what they leave of the signal, (samples,).
    """

    frequency_hz: Series
    t60_s: Series
    gain: Series
    start_cycles: Series
    residual: Series


def find_modes(signal: Series, sample_rate: int, count: int, *, lowest_hz: float, highest_hz: float) -> Modes:
    """Pick modes one by one; after each, fit all their amplitudes and phases to the signal at once.

    The inner product of the residual with every atom of one decay is one FFT of the residual times that decay. The
    atom that takes most energy away joins, its frequency and T60 refined between the grid's points by a parabola.

    Args:
        signal: (samples,).
        sample_rate: in Hz.
        count: how many modes.
        lowest_hz: least frequency.
        highest_hz: greatest frequency.
    """
    heard = signal[: round(_LONGEST_S * sample_rate)]
    t = np.arange(len(heard)) / sample_rate
    length = 1 << (_ZERO_PADDING * len(heard) - 1).bit_length()
    frequencies = np.fft.rfftfreq(length, 1.0 / sample_rate)
    band = (frequencies >= lowest_hz) & (frequencies <= min(highest_hz, 0.45 * sample_rate))
    decays = np.exp(-LN_1000 * t / _T60S[:, None])
    energies = np.sum(decays**2, axis=1, keepdims=True)
    picked_hz: list[float] = []
    picked_s: list[float] = []
    atoms: list[Series] = []
    solution: Series = np.zeros(0)
    residual = heard
    for _ in range(count):
        score = np.abs(np.fft.rfft(residual * decays, length, axis=1)) ** 2 / energies
        row, column = np.unravel_index(int(np.argmax(np.where(band, score, 0.0))), score.shape)
        frequency = (column + _peak(np.sqrt(score[row]), column)) * sample_rate / length
        step = math.log(_T60S[1] / _T60S[0])
        t60 = float(_T60S[row] * math.exp(step * _peak(score[:, column], row)))
        picked_hz.append(float(frequency))
        picked_s.append(t60)
        envelope, angle = np.exp(-LN_1000 * t / t60), 2.0 * math.pi * frequency * t
        atoms += [envelope * np.sin(angle), envelope * np.cos(angle)]
        matrix = np.stack(atoms, axis=1)
        gram = matrix.T @ matrix
        gram[np.diag_indices_from(gram)] *= 1.0 + _RIDGE
        solution = np.linalg.solve(gram, matrix.T @ heard)
        residual = heard - matrix @ solution
    sines, cosines = solution[0::2], solution[1::2]
    return Modes(
        np.array(picked_hz),
        np.array(picked_s),
        np.hypot(sines, cosines),
        (np.arctan2(cosines, sines) / (2.0 * math.pi)) % 1.0,
        np.concatenate([residual, signal[len(heard) :]]),
    )


def _peak(values: Series, index: int | np.intp) -> float:
    """Where between its neighbours a sampled peak lies, in steps, by a parabola; 0 at an edge."""
    if not 0 < index < len(values) - 1:
        return 0.0
    left, middle, right = (float(values[index + k]) for k in (-1, 0, 1))
    bend = left - 2.0 * middle + right
    return float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5)) if bend < 0.0 else 0.0
