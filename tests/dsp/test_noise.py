"""Noise: equal to its description bit for bit, white, uniform, and of no other seed's likeness."""

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.signal import fftconvolve

from backbeat import dsp
from backbeat.dsp import Grid
from oracles import SAMPLE_RATE, hashed_noise, make_grid

SAMPLES = 1 << 17
SEEDS = [0, 1, 2, 3, 41, 2**16, 2**31 - 1]
GOLDEN = {
    (0, 0): [-715970906, -1653375189, 169304800, -500330163],
    (0, 1): [1079189612, 515288653, -1073828177, 247785082],
    (1, 0): [-1440148907, 1442115457, -1560683309, 1351986557],
    (2**31 - 1, 3): [1946829704, 411788582, 1883917316, 1916839418],
}
"""By (seed, stream), samples 0, 1, 2 and 44099 times 2³¹: what a port to another language must give."""


def words(noise: torch.Tensor) -> list[int]:
    """The integers behind float64 noise."""
    return [int(x) for x in (noise.double() * 2.0**31).tolist()]


def long_noise(seed: int, stream: int = 0) -> np.ndarray:
    return dsp.noise(make_grid(SAMPLES, seeds=[seed]), stream)[0].numpy()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("stream", [0, 1, 7])
def test_unsigned_arithmetic_gives_the_same_words(seed, stream):
    noise = dsp.noise(make_grid(5000, seeds=[seed]), stream)[0]
    np.testing.assert_array_equal(noise, hashed_noise(seed, stream, 5000))


@pytest.mark.parametrize(("seed", "stream"), GOLDEN)
def test_golden_words(seed, stream):
    noise = dsp.noise(make_grid(44100, seeds=[seed]), stream)[0]
    assert words(noise[[0, 1, 2, 44099]]) == GOLDEN[seed, stream]


def test_float32_is_the_float64_noise_rounded():
    wide = dsp.noise(make_grid(5000), 0)
    narrow = dsp.noise(make_grid(5000, dtype=torch.float32), 0)
    assert narrow.dtype == torch.float32
    assert torch.equal(narrow, wide.float())
    assert narrow.abs().max() <= 1.0


@pytest.mark.parametrize("sample_rate", [8000.0, 44100.0, 48000.0, 96000.0, 192000.0, 44101.5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_batch_position_and_length_change_nothing(sample_rate, dtype):
    def render(samples: int, *seeds: int) -> torch.Tensor:
        return dsp.noise(make_grid(samples, seeds=list(seeds), sample_rate=sample_rate, dtype=dtype), 2)

    alone, batch = render(4000, 5)[0], render(999, 7, 5, 5, 0)
    assert torch.equal(batch[1], alone[:999])
    assert torch.equal(batch[2], alone[:999])
    assert not torch.equal(batch[0], alone[:999])


@pytest.mark.parametrize("sample_rate", [48000.0, 88200.0, 96000.0, 192000.0])
def test_other_sample_rates_read_between_the_points(sample_rate):
    """Up to 18 kHz the noise is the same signal: what lies there at 44.1 kHz, by a sinc over all of its points."""
    seconds = 0.2
    lattice = long_noise(5)[: round(2 * seconds * SAMPLE_RATE)]
    spectrum = np.fft.rfft(lattice * np.hanning(len(lattice)))
    samples = round(2 * seconds * sample_rate)
    found = dsp.noise(make_grid(samples, seeds=[5], sample_rate=sample_rate), 0)[0].numpy()
    other = np.fft.rfft(found * np.hanning(samples)) * SAMPLE_RATE / sample_rate
    below = slice(0, int(17_000 * 2 * seconds))
    assert np.abs(other[below] - spectrum[below]).max() < 0.01 * np.abs(spectrum[below]).max()


@pytest.mark.parametrize("sample_rate", [8000.0, 22050.0, 48000.0, 96000.0, 192000.0])
def test_its_density_is_the_same_at_every_sample_rate(sample_rate):
    samples = round(2.0 * sample_rate)
    found = dsp.noise(make_grid(samples, seeds=list(range(8)), sample_rate=sample_rate), 0).numpy()
    power = np.square(np.abs(np.fft.rfft(found))).mean(0) / (samples * sample_rate)
    hz = np.fft.rfftfreq(samples, 1.0 / sample_rate)
    highest_hz = min(18_000.0, 0.4 * sample_rate)
    for low_hz, high_hz in (
        (50.0, 0.1 * highest_hz),
        (0.1 * highest_hz, 0.5 * highest_hz),
        (0.5 * highest_hz, highest_hz),
    ):
        level = power[(hz >= low_hz) & (hz < high_hz)].mean()
        assert 10.0 * np.log10(level * 3.0 * SAMPLE_RATE) == pytest.approx(0.0, abs=0.25)
    assert power[hz > 26_000.0].max(initial=0.0) < 1e-5 / SAMPLE_RATE


def test_seeds_of_any_integer_type():
    wide = dsp.noise(Grid(44100.0, 100, torch.tensor([9], dtype=torch.int64)), 0)
    assert torch.equal(dsp.noise(Grid(44100.0, 100, torch.tensor([9], dtype=torch.int32)), 0), wide)


@pytest.mark.parametrize("seed", SEEDS)
class TestOneStream:
    def test_is_uniform(self, seed):
        assert stats.kstest(long_noise(seed), stats.uniform(-1.0, 2.0).cdf).pvalue > 1e-3

    def test_has_a_flat_spectrum(self, seed):
        # 64 bands of 1,024 bins: each band's power is the sum of that many exponentials, so near normal.
        power = np.abs(np.fft.rfft(long_noise(seed))[1:]) ** 2 / (SAMPLES / 3.0)
        bands = power.reshape(64, -1).sum(-1)
        deviations = (bands - 1024.0) / np.sqrt(1024.0)
        assert stats.chi2(64).sf(np.sum(deviations**2)) > 1e-3

    def test_has_no_serial_correlation(self, seed):
        x = long_noise(seed)
        lagged = fftconvolve(x, x[::-1])[SAMPLES : SAMPLES + 2000] / (SAMPLES / 3.0)
        # Largest of 2,000 normal values of deviation 1/√n: 5.5 deviations happen once in 13,000 tries.
        assert np.abs(lagged).max() < 5.5 / np.sqrt(SAMPLES)

    def test_has_random_low_bits(self, seed):
        low = np.array(words(torch.tensor(long_noise(seed)))) & 0xFF
        assert stats.chisquare(np.bincount(low, minlength=256)).pvalue > 1e-3

    def test_neighbouring_pairs_fill_the_square(self, seed):
        cells = np.floor((long_noise(seed) + 1.0) * 8.0).astype(int)
        counts = np.bincount(cells[::2] * 16 + cells[1::2], minlength=256)
        assert stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize(
    ("first", "second"),
    [((a, 0), (b, 0)) for a in (0, 1, 2, 1000) for b in (a + 1, a + 2, a ^ 0x8000, a + 2**30)]
    + [((s, 0), (s, 1)) for s in (0, 1, 2)]
    + [((0, 1), (1, 0)), ((3, 1), (3, 2)), ((1, 2), (2, 1))],
)
def test_no_correlation_between_seeds_or_streams_at_any_lag(first, second):
    x, y = long_noise(*first), long_noise(*second)
    # Circular, by FFT: a shifted copy of the same noise would stand out as a lag.
    lagged = np.fft.irfft(np.fft.rfft(x) * np.conj(np.fft.rfft(y)), SAMPLES) / (SAMPLES / 3.0)
    assert np.abs(lagged).max() < 6.5 / np.sqrt(SAMPLES)


def test_different_seeds_share_no_run_of_words():
    # A counter hash under one key would give shifted copies: two equal neighbours in two streams are no chance.
    noise = dsp.noise(make_grid(20000, seeds=list(range(30))), 0).numpy()
    pairs = np.stack([noise[:, :-1].ravel(), noise[:, 1:].ravel()], axis=-1)
    assert len(np.unique(pairs, axis=0)) == len(pairs)


def test_first_samples_over_many_seeds_are_uniform_and_uncorrelated():
    grid = make_grid(2, seeds=list(range(20000)))
    for stream in (0, 1):
        first, second = dsp.noise(grid, stream).numpy().T
        assert stats.kstest(first, stats.uniform(-1.0, 2.0).cdf).pvalue > 1e-3
        assert abs(np.corrcoef(first, second)[0, 1]) < 4.0 / np.sqrt(20000)
        assert abs(np.corrcoef(first[:-1], first[1:])[0, 1]) < 4.0 / np.sqrt(20000)
