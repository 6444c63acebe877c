"""Noise in bands: what the bands add up to, where each lies, and how levels move."""

import numpy as np
import pytest
import torch

from backbeat import dsp
from oracles import SAMPLE_RATE, error_db, make_grid

SAMPLES = 1 << 15
BANDS = 16


def flat(samples: int, gains: list[float], dtype: torch.dtype = torch.float64) -> torch.Tensor:
    points = len(dsp.control_times_s(make_grid(samples)))
    return torch.tensor(gains, dtype=dtype).expand(1, points, -1)


def test_all_bands_together_are_white_noise():
    found = dsp.noise_bands(make_grid(SAMPLES), 3, flat(SAMPLES, [1.0] * BANDS))[0].numpy()
    assert found.std() == pytest.approx(1.0 / np.sqrt(3.0), rel=0.01)
    power = np.abs(np.fft.rfft(found)) ** 2
    parts = [part.mean() for part in np.array_split(power[20:], 32)]
    assert max(parts) / min(parts) < 1.35


def test_they_are_the_very_noise_moved_by_half_a_kernel():
    grid = make_grid(2000)
    found = dsp.noise_bands(grid, 3, flat(2000, [1.0] * BANDS))[0]
    half = round(0.5 * 0.023 * SAMPLE_RATE)
    expected = dsp.noise(grid.ahead(2 * half), 3)[0, half - 1 : half - 1 + 2000]
    assert error_db(found, expected) < -120.0


@pytest.mark.parametrize("band", range(BANDS))
def test_a_band_lies_around_its_middle(band):
    gains = [float(k == band) for k in range(BANDS)]
    found = dsp.noise_bands(make_grid(SAMPLES), 0, flat(SAMPLES, gains))[0].numpy()
    power = np.abs(np.fft.rfft(found)) ** 2
    hz = np.fft.rfftfreq(SAMPLES, 1.0 / SAMPLE_RATE)
    centers = (0.0, *dsp.band_centers_hz(BANDS), SAMPLE_RATE / 2)
    inside = (hz > centers[band] - 90.0) & (hz < centers[band + 2] + 90.0)
    assert power[inside].sum() > 0.99 * power.sum()


def test_levels_are_straight_lines_between_their_times():
    grid = make_grid(640)
    random = np.random.default_rng(0)
    levels = random.uniform(0.0, 1.0, (11, 4))
    found = dsp.noise_bands(grid, 0, torch.tensor(levels).unsqueeze(0))[0]
    bands = [dsp.noise_bands(grid, 0, flat(640, [float(k == b) for k in range(4)]))[0].numpy() for b in range(4)]
    t = np.arange(640) / 64.0
    expected = sum(np.interp(t, np.arange(11), levels[:, b]) * bands[b] for b in range(4))
    assert error_db(found, expected) < -200.0


@pytest.mark.parametrize("samples", [1, 64, 65, 640])
def test_between(samples):
    grid = make_grid(samples)
    times_s = dsp.control_times_s(grid)
    levels = torch.rand(2, len(times_s), dtype=torch.float64)
    expected = [np.interp(np.arange(samples) / SAMPLE_RATE, times_s.numpy(), row) for row in levels.numpy()]
    np.testing.assert_allclose(dsp.between(grid, levels), expected, atol=1e-12)


@pytest.mark.parametrize("samples", [1, 63, 64, 65, 5000])
def test_the_length_changes_nothing_before_it(samples):
    short = dsp.noise_bands(make_grid(samples), 1, flat(samples, [0.5] * BANDS))[0]
    long = dsp.noise_bands(make_grid(9000), 1, flat(9000, [0.5] * BANDS))[0]
    assert short.shape == (samples,)
    assert error_db(short, long[:samples]) < -200.0


def test_one_seed_for_all_or_one_for_each():
    levels = torch.rand(5, 21, BANDS, generator=torch.Generator().manual_seed(0))
    shared = dsp.noise_bands(make_grid(1280, seeds=[7], dtype=torch.float32), 0, levels)
    each = dsp.noise_bands(make_grid(1280, seeds=[7, 8, 7, 7, 9], dtype=torch.float32), 0, levels)
    assert error_db(each[2], shared[2]) < -110.0
    assert not torch.allclose(each[1], shared[1])
    for k in range(5):
        alone = dsp.noise_bands(make_grid(1280, seeds=[7], dtype=torch.float32), 0, levels[k : k + 1])
        assert torch.equal(alone[0], shared[k])


def test_gradient():
    levels = torch.rand(2, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    grid = make_grid(90, sample_rate=4000.0)
    assert torch.autograd.gradcheck(lambda x: dsp.noise_bands(grid, 0, x), (levels,), fast_mode=True)


@pytest.mark.parametrize("sample_rate", [8000.0, 192000.0])
def test_bands_stay_where_they_are_at_any_rate(sample_rate):
    gains = [float(k == 4) for k in range(BANDS)]
    grid = make_grid(SAMPLES, sample_rate=sample_rate)
    power = np.abs(np.fft.rfft(dsp.noise_bands(grid, 0, flat(SAMPLES, gains))[0].numpy())) ** 2
    hz = np.fft.rfftfreq(SAMPLES, 1.0 / sample_rate)
    assert (power * hz).sum() / power.sum() == pytest.approx(dsp.band_centers_hz(BANDS)[4], rel=0.05)
