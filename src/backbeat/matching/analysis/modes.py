"""The damped sinusoids a one-shot is made of, by orthogonal matching pursuit."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from backbeat.dsp.units import LN_1000
from backbeat.matching.analysis.glide import Glide
from backbeat.types import Series

_T60S = np.geomspace(0.012, 4.0, 12)
_LONGEST_S = 1.5
_ZERO_PADDING = 2
_RIDGE = 1e-4
_ONE_BY_ONE = 8
_AT_A_TIME = 4
_SHARE_AT_A_TIME = 0.25
_APART_HZ = 25.0


@dataclass(frozen=True)
class Modes:
    """Damped sinusoids `gain · exp(-ln 1000 · t / T60) · sin 2π(f θ(t) + φ)`, loudest first as they were found.

    θ(t) is t, or the time of the glide that they share.

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

    @property
    def level_db(self) -> Series:
        """The gain in dB, -180 at least."""
        level: Series = 20.0 * np.log10(self.gain + 1e-9)
        return level


def find_modes(
    signal: Series,
    sample_rate: int,
    count: int,
    *,
    lowest_hz: float,
    highest_hz: float,
    glide: Glide | None = None,
) -> Modes:
    """Pick modes, the loudest one by one and then several at a time; after each time, fit all amplitudes and phases.

    The inner product of the residual with every atom of one decay is one FFT of the residual times that decay, run at
    θ's pace. The atom that takes most energy away joins, its frequency and T60 refined between the grid's points by a
    parabola.

    Args:
        signal: (samples,).
        sample_rate: in Hz.
        count: how many modes.
        lowest_hz: least frequency.
        highest_hz: greatest frequency.
        glide: of all modes; none is steady.

    Returns:
        As many; where a sound is too short to tell so many apart, the last are silent.
    """
    times = _Times(signal, sample_rate, glide)
    length = 1 << (_ZERO_PADDING * len(times.even) - 1).bit_length()
    frequencies = np.fft.rfftfreq(length, 1.0 / sample_rate)
    band = (frequencies >= lowest_hz) & (frequencies <= min(highest_hz, 0.45 * sample_rate))
    decays = torch.from_numpy(np.exp(-LN_1000 * times.even / _T60S[:, None]).astype(np.float32))
    energies = (decays.square() * torch.from_numpy(times.slowness.astype(np.float32))).sum(-1, keepdim=True)
    spacing = math.log(_T60S[1] / _T60S[0])
    picked_hz: list[float] = []
    picked_s: list[float] = []
    fit = _Fit(times, count)
    while len(picked_hz) < count:
        spectra = torch.fft.rfft(torch.from_numpy(times.evenly(fit.residual)) * decays, length)
        score = (torch.view_as_real(spectra).square().sum(-1) / energies).numpy()
        free = np.where(band, score, 0.0)
        for _ in range(min(_at_a_time(len(picked_hz)), count - len(picked_hz))):
            if not free.any():
                break
            row, column = np.unravel_index(int(np.argmax(free)), score.shape)
            picked_hz.append(float((column + _peak(np.sqrt(score[row]), column)) * sample_rate / length))
            picked_s.append(float(_T60S[row] * math.exp(spacing * _peak(score[:, column], row))))
            free[:, np.abs(frequencies - frequencies[column]) < _APART_HZ] = 0.0
        if len(picked_hz) == fit.modes:
            break
        fit.add(picked_hz[fit.modes :], picked_s[fit.modes :])
    return _silent_from(_modes(signal, fit, picked_hz, picked_s), count, lowest_hz)


def first_modes(modes: Modes, count: int, signal: Series, sample_rate: int, glide: Glide | None = None) -> Modes:
    """The first modes that were found in a signal, with amplitudes and phases as if they were all."""
    frequency_hz, t60_s = modes.frequency_hz[:count].tolist(), modes.t60_s[:count].tolist()
    fit = _Fit(_Times(signal, sample_rate, glide), count)
    fit.add(frequency_hz, t60_s)
    return _modes(signal, fit, frequency_hz, t60_s)


def _modes(signal: Series, fit: "_Fit", frequency_hz: list[float], t60_s: list[float]) -> Modes:
    sines, cosines = fit.solution[0::2], fit.solution[1::2]
    return Modes(
        np.array(frequency_hz),
        np.array(t60_s),
        np.hypot(sines, cosines),
        (np.arctan2(cosines, sines) / (2.0 * math.pi)) % 1.0,
        np.concatenate([fit.residual, signal[len(fit.residual) :]]),
    )


def _silent_from(modes: Modes, count: int, frequency_hz: float) -> Modes:
    """The modes, made up to `count` by silent ones."""
    missing = count - len(modes.gain)
    return Modes(
        np.append(modes.frequency_hz, np.full(missing, frequency_hz)),
        np.append(modes.t60_s, np.full(missing, _T60S[0])),
        np.append(modes.gain, np.zeros(missing)),
        np.append(modes.start_cycles, np.zeros(missing)),
        modes.residual,
    )


class _Times:
    """The time axes of an analysis.

    Attributes:
        analysed: the part of the signal that is analysed.
        t: time of its samples.
        theta: θ at its samples.
        even: t where θ is a multiple of the sampling period.
        slowness: dt/dθ there.
    """

    def __init__(self, signal: Series, sample_rate: int, glide: Glide | None) -> None:
        self.analysed = signal[: round(_LONGEST_S * sample_rate)]
        self.t: Series = np.arange(len(self.analysed)) / sample_rate
        self.theta: Series = self.t
        self.even: Series = self.t
        self.slowness: Series = np.ones_like(self.t)
        if glide is not None:
            self.theta = glide.warp(self.t)
            grid = np.arange(math.ceil(self.theta[-1] * sample_rate)) / sample_rate
            self.even = np.interp(grid, self.theta, self.t)
            self.slowness = 1.0 / glide.pace(self.even)

    def evenly(self, signal: Series) -> NDArray[np.float32]:
        """A signal by even steps of θ, times dt/dθ."""
        if self.even is self.t:
            return signal.astype(np.float32)
        return (np.interp(self.even, self.t, signal) * self.slowness).astype(np.float32)


class _Fit:
    """Least squares of a growing number of modes.

    Attributes:
        modes: how many.
        solution: amplitudes of their sines and cosines, in turn.
        residual: what they leave.
    """

    def __init__(self, times: _Times, most: int) -> None:
        self.modes = 0
        self.solution: Series = np.zeros(0)
        self.residual = times.analysed
        self._times = times
        # In float32, where the sums are twice as fast: the ridge is far above its rounding.
        self._atoms = np.empty((2 * most, len(times.analysed)), np.float32)
        self._gram: Series = np.zeros((2 * most, 2 * most))
        self._analysed_by: Series = np.zeros(2 * most)

    def add(self, frequency_hz: list[float], t60_s: list[float]) -> None:
        """Let more modes take part, and solve again."""
        old = 2 * self.modes
        for frequency, t60 in zip(frequency_hz, t60_s, strict=True):
            envelope = np.exp((-LN_1000 / t60 * self._times.t).astype(np.float32))
            angle = (2.0 * math.pi * np.modf(frequency * self._times.theta)[0]).astype(np.float32)
            row = 2 * self.modes
            np.multiply(envelope, np.sin(angle), out=self._atoms[row])
            np.multiply(envelope, np.cos(angle), out=self._atoms[row + 1])
            self.modes += 1
        now = 2 * self.modes
        atoms, new = self._atoms[:now], self._atoms[old:now]
        across = atoms @ new.T
        self._gram[:now, old:now], self._gram[old:now, :now] = across, across.T
        self._analysed_by[old:now] = new @ self._times.analysed.astype(np.float32)
        damped = self._gram[:now, :now] + _RIDGE * np.diag(np.diag(self._gram)[:now])
        self.solution = np.linalg.solve(damped, self._analysed_by[:now])
        self.residual = self._times.analysed - self.solution.astype(np.float32) @ atoms


def _at_a_time(picked: int) -> int:
    """How many more modes to pick from one residual."""
    return 1 if picked < _ONE_BY_ONE else max(_AT_A_TIME, round(_SHARE_AT_A_TIME * picked))


def _peak(values: Series, index: int | np.intp) -> float:
    """Where between its neighbours a sampled peak lies, in steps, by a parabola; 0 at an edge."""
    if not 0 < index < len(values) - 1:
        return 0.0
    left, middle, right = (float(values[index + k]) for k in (-1, 0, 1))
    bend = left - 2.0 * middle + right
    return float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5)) if bend < 0.0 else 0.0
