"""Noise in bands: what the bands add up to, where each lies, and how levels move."""

import numpy as np
import pytest
import torch

from backbeat import dsp
from oracles import SAMPLE_RATE, column, error_db, make_grid

SAMPLES = 1 << 15
BANDS = 16
ENDLESS_S = 1e9


def flat(samples: int, gains: list[float], stream: int = 0, **grid: object) -> torch.Tensor:
    """Bands of steady levels."""
    gain = torch.tensor([gains], dtype=torch.float64)
    return dsp.noise_bands(make_grid(samples, **grid), stream, gain, torch.full_like(gain, ENDLESS_S))[0]


def one_of(band: int, bands: int = BANDS) -> list[float]:
    return [float(k == band) for k in range(bands)]


def test_all_bands_together_are_white_noise():
    found = flat(SAMPLES, [1.0] * BANDS, 3).numpy()
    assert found.std() == pytest.approx(1.0 / np.sqrt(3.0), rel=0.01)
    power = np.abs(np.fft.rfft(found)) ** 2
    parts = [part.mean() for part in np.array_split(power[20:], 32)]
    assert max(parts) / min(parts) < 1.35


@pytest.mark.parametrize(("dtype", "limit_db"), [(torch.float64, -120.0), (torch.float32, -100.0)])
def test_they_are_the_very_noise_moved_by_half_a_kernel(dtype, limit_db):
    found = flat(2000, [1.0] * BANDS, 3, dtype=dtype)
    half = round(0.5 * 0.023 * SAMPLE_RATE)
    expected = dsp.noise(make_grid(2000 + half), 3)[0, half - 1 : half - 1 + 2000]
    assert error_db(found, expected) < limit_db


@pytest.mark.parametrize("bands", [15, 16, 40])
def test_bands_that_fall_alike_keep_their_gains(bands):
    gain = torch.tensor([[3.0 * (-0.8) ** k for k in range(bands)]], dtype=torch.float64)
    t60_s, shape, attack_s = torch.full_like(gain, 0.3), torch.full_like(gain, 0.7), column(0.01)
    found, expected = (
        dsp.noise_bands(make_grid(20_000, dtype=dtype), 2, *(each.to(dtype) for each in (gain, t60_s, shape, attack_s)))
        for dtype in (torch.float32, torch.float64)
    )
    assert error_db(found[0], expected[0]) < -100.0


def test_the_noise_of_a_seed_is_the_same_whatever_was_made_before():
    seeds = [5, 5, 7, 5, 7, 7, 7, 5]
    gain = torch.rand(1, 7, generator=torch.Generator().manual_seed(1))
    t60_s = torch.logspace(-2, 1, 7).unsqueeze(0)
    found = dsp.noise_bands(make_grid(15_000, seeds=seeds, dtype=torch.float32), 0, gain, t60_s)
    assert not torch.equal(found[0], found[2])
    for row, seed in zip(found, seeds, strict=True):
        assert torch.equal(row, found[0 if seed == 5 else 2])


@pytest.mark.parametrize("band", range(BANDS))
def test_a_band_lies_around_its_middle(band):
    found = flat(SAMPLES, one_of(band)).numpy()
    power = np.abs(np.fft.rfft(found)) ** 2
    hz = np.fft.rfftfreq(SAMPLES, 1.0 / SAMPLE_RATE)
    centers = (0.0, *dsp.band_centers_hz(BANDS), SAMPLE_RATE / 2)
    inside = (hz > centers[band] - 90.0) & (hz < centers[band + 2] + 90.0)
    assert power[inside].sum() > 0.99 * power.sum()


def test_the_level_of_a_band_is_shaped_by_its_controls():
    """Envelopes of one band, as shares of the steady band, where blocks begin."""
    grid, gain = make_grid(6400), torch.tensor([one_of(5)], dtype=torch.float64)
    steady = flat(6400, one_of(5))
    t60, shape = torch.full_like(gain, 0.05), torch.full_like(gain, 0.6)
    times_s = np.arange(0, 6400, 64) / SAMPLE_RATE
    plain = dsp.noise_bands(grid, 0, gain, t60, shape, column(0.01))[0]
    rise = np.minimum((times_s + 1 / SAMPLE_RATE) / (0.01 + 1 / SAMPLE_RATE), 1.0)
    expected = 1000.0 ** -((np.maximum(times_s, 0.5 / SAMPLE_RATE) / 0.05) ** 0.6) * rise
    np.testing.assert_allclose(plain[::64], expected * steady[::64].numpy(), atol=1e-9)
    snaps = dsp.noise_bands(
        grid,
        0,
        0.0 * gain,
        t60,
        snap_gain=gain,
        snap_s=column(0.02),
        burst_s=torch.tensor([[640 / SAMPLE_RATE, 3200 / SAMPLE_RATE]], dtype=torch.float64),
        burst_gain=torch.tensor([[0.5, 2.0]], dtype=torch.float64),
    )[0]
    expected = sum(
        g * (times_s >= at - 1e-9) * 1000.0 ** -(np.maximum(times_s - at, 0.0) / 0.02)
        for at, g in ((0.0, 1.0), (640 / SAMPLE_RATE, 0.5), (3200 / SAMPLE_RATE, 2.0))
    )
    np.testing.assert_allclose(snaps[::64], expected * steady[::64].numpy(), atol=1e-9)


@pytest.mark.parametrize("samples", [1, 63, 64, 65, 5000])
def test_the_length_changes_nothing_before_it(samples):
    short = flat(samples, [0.5] * BANDS, 1)
    assert short.shape == (samples,)
    assert error_db(short, flat(9000, [0.5] * BANDS, 1)[:samples]) < -200.0


def test_one_seed_for_all_or_one_for_each():
    gain = torch.rand(5, BANDS, generator=torch.Generator().manual_seed(0))
    t60 = torch.full_like(gain, 0.02)

    def render(gain: torch.Tensor, *seeds: int) -> torch.Tensor:
        return dsp.noise_bands(make_grid(1280, seeds=list(seeds), dtype=torch.float32), 0, gain, t60[: len(gain)])

    shared, each = render(gain, 7), render(gain, 7, 8, 7, 7, 9)
    assert torch.equal(each[2], shared[2])
    assert not torch.allclose(each[1], shared[1])
    for k in range(5):
        assert torch.equal(render(gain[k : k + 1], 7)[0], shared[k])


@pytest.mark.parametrize("sample_rate", [8000.0, 48000.0, 192000.0])
def test_bands_stay_where_they_are_at_any_rate(sample_rate):
    found = flat(SAMPLES, one_of(4), sample_rate=sample_rate)
    power = np.abs(np.fft.rfft(found.numpy())) ** 2
    hz = np.fft.rfftfreq(SAMPLES, 1.0 / sample_rate)
    assert (power * hz).sum() / power.sum() == pytest.approx(dsp.band_centers_hz(BANDS)[4], rel=0.05)
