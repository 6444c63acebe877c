import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from backbeat.errors import BackbeatError
from backbeat.losses.distances import Distances, distances
from losses.sounds import SAMPLE_RATE, drum, noise, numpy_magnitudes

Signal = NDArray[np.float64]


def db(power: Signal, reference: float, floor_db: float) -> Signal:
    with np.errstate(divide="ignore"):
        return np.maximum(10.0 * np.log10(power / reference), floor_db)


def audible_difference(t: Signal, e: Signal, floor_db: float) -> float:
    t_db, e_db = db(t, t.max(), floor_db), db(e, t.max(), floor_db)
    return float(
        np.abs(t_db - e_db)[(t > t.max() * 10 ** (floor_db / 10)) | (e > t.max() * 10 ** (floor_db / 10))].mean()
    )


def triangle_means(power: Signal, window: int, bands: int) -> Signal:
    mel = np.linspace(*(2595.0 * np.log10(1.0 + np.array([20.0, 18_000.0]) / 700.0)), bands + 2)
    edges = 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    frequencies = np.fft.rfftfreq(window, 1.0 / SAMPLE_RATE)
    triangles = np.array([np.interp(frequencies, edges[band : band + 3], [0.0, 1.0, 0.0]) for band in range(bands)])
    assert triangles.any(axis=1).all()
    return power @ (triangles / triangles.sum(axis=1, keepdims=True)).T


def oracle(e: Signal, t: Signal) -> Distances:
    """The four distances from the words that define them."""
    e = np.concatenate([e, np.zeros(len(t))])[: len(t)]
    mel = []
    for window, hop, bands in ((2048, 512, 64), (1024, 256, 64), (256, 64, 32)):
        t_mel, e_mel = (triangle_means(numpy_magnitudes(x, window, hop) ** 2, window, bands) for x in (t, e))
        mel.append(audible_difference(t_mel, e_mel, -70.0))

    T, E = (numpy_magnitudes(x, 2048, 512) for x in (t, e))
    difference_db = db(T**2, T.max() ** 2, -70.0) - db(E**2, T.max() ** 2, -70.0)
    lsd = np.mean([np.sqrt(np.mean(frame**2)) for frame in difference_db])

    mrstft = []
    for window in (2048, 1024, 512, 256, 128):
        T, E = (numpy_magnitudes(x, window, window // 4) for x in (t, e))
        offset = 1e-4 * T.max()
        convergence = np.sqrt(np.sum((T - E) ** 2)) / np.sqrt(np.sum(T**2))
        mrstft.append(convergence + np.mean(np.abs(np.log(T + offset) - np.log(E + offset))))

    starts = range(0, len(t), 220)
    t_power, e_power = (np.array([np.sum(x[s : s + 220] ** 2) / 220 for s in starts]) for x in (t, e))
    return Distances(
        mel_db=float(np.mean(mel)),
        lsd_db=float(lsd),
        mrstft=float(np.mean(mrstft)),
        envelope_db=audible_difference(t_power, e_power, -50.0),
    )


@pytest.mark.parametrize("estimate_samples", [12_345, 9000, 20_000])
@pytest.mark.parametrize("seed", [1, 2])
def test_equals_the_definition(estimate_samples: int, seed: int) -> None:
    target = drum(12_345, dtype=torch.float64)
    estimate = 0.8 * drum(estimate_samples, pitch_hz=150.0 + 20.0 * seed, seed=seed, dtype=torch.float64)
    expected = oracle(estimate[0, 0].numpy(), target[0, 0].numpy())
    assert distances(estimate, target, SAMPLE_RATE).as_dict() == pytest.approx(expected.as_dict(), rel=1e-7)


@given(samples=st.integers(1, 3000), scale=st.floats(1e-6, 10.0), seed=st.integers(0, 99))
@settings(max_examples=12, deadline=None)
def test_the_same_sound_is_at_zero_and_another_is_not(samples: int, scale: float, seed: int) -> None:
    target, other = (scale * noise(samples, seed=s) for s in (seed, seed + 100))
    assert distances(target, target, SAMPLE_RATE) == Distances(0.0, 0.0, 0.0, 0.0)
    assert min(distances(other, target, SAMPLE_RATE).as_dict().values()) > 0.0


@given(scale=st.floats(1e-5, 1e2))
@settings(max_examples=6, deadline=None)
def test_scaling_both_changes_nothing(scale: float) -> None:
    target, estimate = drum(4000, dtype=torch.float64), drum(4000, pitch_hz=200.0, dtype=torch.float64)
    scaled = distances(estimate * scale, target * scale, SAMPLE_RATE)
    assert scaled.as_dict() == pytest.approx(distances(estimate, target, SAMPLE_RATE).as_dict(), rel=1e-6)


def test_symmetric_when_peaks_agree() -> None:
    """A sound mirrored on the grid of frames has the same spectra in another order, so the same peaks and norm."""
    forwards = noise(8192, seed=1) * torch.linspace(0.0, 1.0, 8192)
    backwards = torch.nn.functional.pad(forwards.flip(-1), (1, 0))[..., :-1]
    there, back = (distances(a, b, SAMPLE_RATE) for a, b in ((forwards, backwards), (backwards, forwards)))
    assert there.mel_db > 1.0
    for name in ("mel_db", "lsd_db", "mrstft"):
        assert there.as_dict()[name] == pytest.approx(back.as_dict()[name], rel=1e-9)


def test_grows_with_added_noise() -> None:
    target, hiss = drum(8000, dtype=torch.float64), noise(8000, seed=7)
    ladder = [distances(target + amount * hiss, target, SAMPLE_RATE).as_dict() for amount in (0.001, 0.01, 0.1, 1.0)]
    for name in ladder[0]:
        values = [rung[name] for rung in ladder]
        assert values == sorted(values)
        assert values[0] < values[-1]


def test_gain_on_steady_noise_is_read_in_db() -> None:
    hiss = 0.2 * noise(30_000, seed=8)
    found = distances(2.0 * hiss, hiss, SAMPLE_RATE)
    assert (found.mel_db, found.lsd_db, found.envelope_db) == pytest.approx((6.0206,) * 3, abs=0.01)
    assert found.mrstft == pytest.approx(1.0 + np.log(2.0), rel=0.01)


def test_two_realisations_of_one_noise() -> None:
    """White noise has independent exponential bin powers, whose logarithms differ by a logistic variable.

    So LSD is its standard deviation, `π / sqrt(3)`, in dB; the log-magnitude term half its mean size, `ln 2`;
    and the spectral convergence of two Rayleigh magnitudes is `sqrt(2 - π / 2)`.
    """
    found = distances(noise(88_200, seed=1), noise(88_200, seed=2), SAMPLE_RATE)
    assert found.lsd_db == pytest.approx(10.0 / np.log(10.0) * np.pi / np.sqrt(3.0), rel=0.02)
    assert found.mrstft == pytest.approx(np.log(2.0) + np.sqrt(2.0 - np.pi / 2.0), rel=0.02)


def test_only_the_estimate_is_cut_or_extended() -> None:
    target = drum(6000, dtype=torch.float64)
    longer = torch.cat([target, noise(3000, seed=9)], dim=-1)
    assert distances(longer, target, SAMPLE_RATE) == Distances(0.0, 0.0, 0.0, 0.0)
    assert distances(target, longer, SAMPLE_RATE).mel_db > 1.0
    padded = torch.nn.functional.pad(target, (0, 3000))
    assert distances(target, longer, SAMPLE_RATE) == distances(padded, longer, SAMPLE_RATE)


def test_cells_that_neither_sound_reaches_do_not_count() -> None:
    """Silence after the hit dilutes neither the mel nor the envelope distance."""
    target, estimate = drum(6000, dtype=torch.float64), drum(6000, pitch_hz=300.0, dtype=torch.float64)
    fade = torch.linspace(1.0, 0.0, 6000, dtype=torch.float64)
    short = distances(estimate * fade, target * fade, SAMPLE_RATE)
    padded = (torch.nn.functional.pad(sound * fade, (0, 60_000)) for sound in (estimate, target))
    long = distances(*padded, SAMPLE_RATE)
    assert long.mel_db == pytest.approx(short.mel_db, rel=0.05)
    assert long.envelope_db == pytest.approx(short.envelope_db, rel=0.05)
    assert long.lsd_db < 0.5 * short.lsd_db


@pytest.mark.parametrize("samples", [1, 100, 5000])
def test_silence_is_at_a_finite_distance(samples: int) -> None:
    silence, sound = torch.zeros(1, 1, samples), drum(samples, seed=1)
    assert distances(silence, silence, SAMPLE_RATE) == Distances(0.0, 0.0, 0.0, 0.0)
    for pair in ((silence, sound), (sound, silence)):
        values = list(distances(*pair, SAMPLE_RATE).as_dict().values())
        assert np.isfinite(values).all()
        assert min(values) > 0.0


def test_one_sound_against_one() -> None:
    with pytest.raises(BackbeatError, match=r"^estimate: batch of 2, must be 1$"):
        distances(drum(9).expand(2, 1, 9), drum(9), SAMPLE_RATE)
    with pytest.raises(BackbeatError, match=r"^target: batch of 3, must be 1$"):
        distances(drum(9), drum(9).expand(3, 1, 9), SAMPLE_RATE)
