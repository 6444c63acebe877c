"""Recursive filters: run against `scipy.signal`'s recursions, designed against their analogue prototypes."""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, freqz, lfilter, sosfilt

from backbeat.dsp import iir
from backbeat.dsp.iir import Section
from oracles import SAMPLE_RATE, column, make_grid, white

GRID = make_grid(1)
NYQUIST_HZ = 0.5 * SAMPLE_RATE
AUDIBLE_HZ = np.geomspace(10.0, 21000.0, 60)
DESIGNS = {
    "one_pole_lowpass": iir.one_pole_lowpass,
    "one_pole_highpass": iir.one_pole_highpass,
    "lowpass": iir.lowpass,
    "highpass": iir.highpass,
    "resonant lowpass": partial(iir.lowpass, q=8.0),
    "bandpass": partial(iir.bandpass, q=3.0),
    "peak": lambda grid, hz: iir.peak(grid, hz, torch.full_like(hz, 9.0), 1.5),
    "low_shelf": lambda grid, hz: iir.low_shelf(grid, hz, torch.full_like(hz, -12.0)),
    "high_shelf": lambda grid, hz: iir.high_shelf(grid, hz, torch.full_like(hz, 12.0)),
}
every_design = pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)


def coefficients(section: Section, item: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return section.b[item].numpy(), section.a[item].numpy()


def response(section: Section, frequency_hz: np.ndarray) -> np.ndarray:
    return freqz(*coefficients(section), worN=frequency_hz, fs=SAMPLE_RATE)[1]


def gain_db(section: Section, frequency_hz: float) -> float:
    return 20.0 * float(np.log10(np.abs(response(section, np.array([frequency_hz]))[0])))


def warped(frequency_hz: np.ndarray, corner_hz: float) -> np.ndarray:
    """`s` of the analogue prototype, whose corner is at 1, under the bilinear transform."""
    return 1j * np.tan(np.pi * frequency_hz / SAMPLE_RATE) / np.tan(np.pi * corner_hz / SAMPLE_RATE)


class TestFilter:
    @every_design
    @pytest.mark.parametrize("samples", [1, 2, 3, 5, 64, 1000, 22050])
    def test_against_scipy(self, design, samples):
        x, section = white((2, samples)), design(GRID, column(300.0, 6000.0))
        found = iir.iir(torch.tensor(x), section)
        for item in range(2):
            np.testing.assert_allclose(found[item], lfilter(*coefficients(section, item), x[item]), atol=1e-11)

    @every_design
    @pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-6), (torch.float64, 1e-8)])
    def test_very_low_cutoff(self, design, dtype, tolerance):
        x, section = white((1, 44100)), design(GRID, column(10.0))
        expected = lfilter(*coefficients(section), x[0])
        found = iir.iir(torch.tensor(x, dtype=dtype), section)[0]
        assert found.dtype == dtype
        np.testing.assert_allclose(found, expected, atol=tolerance * max(np.abs(expected).max(), 1.0))

    @pytest.mark.parametrize("cutoff_hz", [10.0, 40.0, 2000.0])
    def test_series_at_low_cutoffs_against_scipy(self, cutoff_hz):
        x = white((1, 30000))
        sections = [
            iir.highpass(GRID, column(cutoff_hz)),
            iir.highpass(GRID, column(cutoff_hz), 1.3),
            iir.lowpass(GRID, column(1.5 * cutoff_hz)),
            iir.one_pole_highpass(GRID, column(cutoff_hz)),
        ]
        sos = [np.concatenate([np.pad(c, (0, 3 - len(c))) for c in coefficients(section)]) for section in sections]
        expected = sosfilt(np.array(sos), x[0])
        found = iir.iir(torch.tensor(x), *sections)[0]
        np.testing.assert_allclose(found, expected, atol=1e-7 * np.abs(expected).max())
        narrow = iir.iir(torch.tensor(x, dtype=torch.float32), *sections)[0]
        # A sum of 64 products of an input up to 1 rounds to √64 half epsilons: four times that.
        np.testing.assert_allclose(narrow, expected, atol=16.0 * np.finfo(np.float32).eps)

    def test_impulse_response(self):
        sections = (iir.lowpass(GRID, column(500.0)), iir.peak(GRID, column(2000.0), column(6.0), 2.0))
        impulse = np.zeros(500)
        impulse[0] = 1.0
        expected = lfilter(*coefficients(sections[1]), lfilter(*coefficients(sections[0]), impulse))
        np.testing.assert_allclose(iir.impulse_response(500, *sections)[0], expected, atol=1e-14)

    def test_equal_real_and_complex_poles(self):
        for a in ([1.0, -1.8, 0.81], [1.0, -1.7, 0.72], [1.0, -1.7, 0.9], [1.0, 0.0, 0.0]):
            section = Section(torch.tensor([[0.3, -0.2, 0.5]]).double(), torch.tensor([a], dtype=torch.float64))
            x = white((1, 3000))
            np.testing.assert_allclose(
                iir.iir(torch.tensor(x), section)[0], lfilter(*coefficients(section), x[0]), atol=1e-10
            )

    @every_design
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    @pytest.mark.parametrize("cutoff_hz", [1e-3, 0.99 * NYQUIST_HZ, NYQUIST_HZ, 5.0 * NYQUIST_HZ])
    def test_is_finite_at_every_cutoff(self, design, dtype, cutoff_hz):
        cutoff = column(cutoff_hz, dtype=dtype, grad=True)
        filtered = iir.iir(torch.tensor(white((1, 11025)), dtype=dtype), design(make_grid(1, dtype=dtype), cutoff))
        (slope,) = torch.autograd.grad(filtered.square().sum(), cutoff)
        assert torch.isfinite(filtered).all()
        assert filtered.abs().max() < 100.0
        assert torch.isfinite(slope).all()

    @every_design
    @pytest.mark.parametrize("cutoff_hz", [NYQUIST_HZ, 1.7 * NYQUIST_HZ])
    def test_cutoffs_stay_below_nyquist_and_poles_within_the_circle(self, design, cutoff_hz):
        section, highest = design(GRID, column(cutoff_hz)), design(GRID, column(0.49 * SAMPLE_RATE))
        assert torch.equal(section.a, highest.a)
        assert torch.equal(section.b, highest.b)
        assert np.abs(np.roots(section.a[0].numpy())).max() < 0.999

    @every_design
    def test_gradient_of_signal_and_cutoff(self, design):
        grid = make_grid(1, sample_rate=100.0)
        x = torch.tensor(white((2, 23)), requires_grad=True)
        assert torch.autograd.gradcheck(
            lambda x, hz: iir.iir(x, design(grid, hz)), (x, column(4.0, 22.0, grad=True)), fast_mode=True
        )

    def test_gradient_of_gain_and_q_in_series(self):
        grid = make_grid(1, sample_rate=100.0)
        x = torch.tensor(white((1, 23)))

        def chain(hz, gain, q):
            return iir.iir(
                x,
                iir.peak(grid, hz, gain, q),
                iir.low_shelf(grid, hz, gain),
                iir.high_shelf(grid, hz, -gain),
                iir.bandpass(grid, hz, q),
                iir.highpass(grid, hz, q),
            )

        controls = (column(9.0, grad=True), column(5.0, grad=True), column(1.4, grad=True))
        assert torch.autograd.gradcheck(chain, controls)


class TestDesign:
    @settings(max_examples=30)
    @given(cutoff_hz=st.floats(10.0, 20000.0))
    def test_butterworth(self, cutoff_hz):
        for design, kind in ((iir.lowpass, "low"), (iir.highpass, "high")):
            found = coefficients(design(GRID, column(cutoff_hz)))
            for ours, scipys in zip(found, butter(2, cutoff_hz, kind, fs=SAMPLE_RATE), strict=True):
                np.testing.assert_allclose(ours, scipys, rtol=1e-6, atol=1e-12)

    @settings(max_examples=30)
    @given(corner_hz=st.floats(30.0, 18000.0), q=st.floats(0.3, 12.0), level_db=st.floats(-24.0, 24.0))
    def test_analogue_prototypes(self, corner_hz, q, level_db):
        s, hz, level = warped(AUDIBLE_HZ, corner_hz), column(corner_hz), column(level_db)
        a, flat = 10.0 ** (level_db / 40.0), np.sqrt(2.0)
        resonance = s * s + s / q + 1.0
        low, high = s * s + np.sqrt(a) * flat * s + a, a * s * s + np.sqrt(a) * flat * s + 1.0
        for section, expected in (
            (iir.lowpass(GRID, hz, q), 1.0 / resonance),
            (iir.highpass(GRID, hz, q), s * s / resonance),
            (iir.bandpass(GRID, hz, q), s / q / resonance),
            (iir.peak(GRID, hz, level, q), (s * s + a * s / q + 1.0) / (s * s + s / q / a + 1.0)),
            (iir.low_shelf(GRID, hz, level), a * low / high),
            (iir.high_shelf(GRID, hz, level), a * high / low),
        ):
            np.testing.assert_allclose(response(section, AUDIBLE_HZ), expected, rtol=1e-6, atol=1e-9)

    @pytest.mark.parametrize("q", [0.5, 2.0**-0.5, 4.0])
    def test_gain_at_the_cutoff_is_q(self, q):
        for design in (iir.lowpass, iir.highpass):
            assert gain_db(design(GRID, column(1000.0), q), 1000.0) == pytest.approx(20.0 * np.log10(q), abs=1e-6)
            by_control = design(GRID, column(1000.0), column(q))
            assert torch.equal(by_control.b, design(GRID, column(1000.0), q).b)

    def test_bandwidth_is_centre_over_q(self):
        section = iir.bandpass(GRID, column(500.0), 5.0)
        assert gain_db(section, 500.0) == pytest.approx(0.0, abs=1e-9)
        # Half-power points a ratio apart whose difference is centre / Q, at this low frequency.
        edges = 500.0 * (np.sqrt(1.0 + 0.1**2) + np.array([-0.1, 0.1]))
        for edge in edges:
            assert gain_db(section, edge) == pytest.approx(-3.01, abs=0.01)

    @pytest.mark.parametrize("level_db", [-18.0, 0.0, 6.0])
    def test_shelves_and_peak(self, level_db):
        level = column(level_db)
        low, high = iir.low_shelf(GRID, column(800.0), level), iir.high_shelf(GRID, column(800.0), level)
        assert gain_db(low, 1e-3) == pytest.approx(level_db, abs=1e-6)
        assert gain_db(low, NYQUIST_HZ) == pytest.approx(0.0, abs=1e-6)
        assert gain_db(high, 1e-3) == pytest.approx(0.0, abs=1e-6)
        assert gain_db(high, NYQUIST_HZ) == pytest.approx(level_db, abs=1e-6)
        peak = iir.peak(GRID, column(800.0), level, 2.0)
        assert gain_db(peak, 800.0) == pytest.approx(level_db, abs=1e-6)
        assert gain_db(peak, 1e-3) == pytest.approx(0.0, abs=1e-6)
        for shelf in (low, high):
            assert gain_db(shelf, 800.0) == pytest.approx(0.5 * level_db, abs=1e-6)

    def test_one_poles(self):
        low, high = iir.one_pole_lowpass(GRID, column(1000.0)), iir.one_pole_highpass(GRID, column(1000.0))
        pole = np.exp(-2.0 * np.pi * 1000.0 / SAMPLE_RATE)
        np.testing.assert_allclose(coefficients(low), [[1.0 - pole, 0.0], [1.0, -pole]], rtol=1e-14)
        np.testing.assert_allclose(
            coefficients(high), [[0.5 * (1.0 + pole), -0.5 * (1.0 + pole)], [1.0, -pole]], rtol=1e-14
        )
        assert gain_db(low, 1e-3) == pytest.approx(0.0, abs=1e-6)
        assert gain_db(high, NYQUIST_HZ) == pytest.approx(0.0, abs=1e-9)
        assert gain_db(low, 1000.0) == pytest.approx(-3.0, abs=0.1)
