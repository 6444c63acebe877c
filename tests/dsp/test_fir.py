"""Windowed-sinc designs and their application, against `scipy.signal`."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import fftconvolve, firwin, freqz

from backbeat import dsp
from oracles import SAMPLE_RATE, column, make_grid, white

GRID = make_grid(1)
TAPS = [51, 101, 1001]
cutoffs = st.floats(1500.0, 20000.0)
NYQUIST_HZ = 0.5 * SAMPLE_RATE


def gain(kernel: torch.Tensor, frequency_hz: float) -> float:
    return float(np.abs(freqz(kernel.numpy(), worN=[frequency_hz], fs=SAMPLE_RATE)[1][0]))


class TestDesign:
    @settings(max_examples=30)
    @given(cutoff_hz=st.floats(20.0, 22000.0), taps=st.sampled_from(TAPS))
    def test_lowpass(self, cutoff_hz, taps):
        found = dsp.fir_lowpass(GRID, column(cutoff_hz), taps)[0]
        np.testing.assert_allclose(found, firwin(taps, cutoff_hz, fs=SAMPLE_RATE, window="hamming"), atol=1e-12)

    @settings(max_examples=30)
    @given(cutoff_hz=st.floats(20.0, 21000.0), taps=st.sampled_from(TAPS))
    def test_highpass(self, cutoff_hz, taps):
        found = dsp.fir_highpass(GRID, column(cutoff_hz), taps)[0]
        expected = firwin(taps, cutoff_hz, fs=SAMPLE_RATE, window="hamming", pass_zero="highpass")
        np.testing.assert_allclose(found, expected, atol=1e-12)

    @settings(max_examples=30)
    @given(low_hz=st.floats(20.0, 15000.0), width_hz=st.floats(200.0, 6000.0), taps=st.sampled_from(TAPS))
    def test_bandpass(self, low_hz, width_hz, taps):
        found = dsp.fir_bandpass(GRID, column(low_hz), column(low_hz + width_hz), taps)[0]
        edges = [low_hz, low_hz + width_hz]
        expected = firwin(taps, edges, fs=SAMPLE_RATE, window="hamming", pass_zero="bandpass")
        np.testing.assert_allclose(found, expected, atol=1e-11)

    def test_float32_is_within_a_millionth(self):
        grid = make_grid(1, dtype=torch.float32)
        for cutoff_hz in (60.0, 800.0, 15000.0):
            hz = column(cutoff_hz, dtype=torch.float32)
            low = firwin(1001, cutoff_hz, fs=SAMPLE_RATE)
            high = firwin(1001, cutoff_hz, fs=SAMPLE_RATE, pass_zero="highpass")
            np.testing.assert_allclose(dsp.fir_lowpass(grid, hz, 1001)[0], low, atol=1e-6)
            np.testing.assert_allclose(dsp.fir_highpass(grid, hz, 1001)[0], high, atol=1e-6)

    @given(cutoffs)
    def test_half_the_amplitude_passes_at_the_cutoff(self, cutoff_hz):
        low, high = (design(GRID, column(cutoff_hz), 201)[0] for design in (dsp.fir_lowpass, dsp.fir_highpass))
        assert 20.0 * np.log10(gain(low, cutoff_hz)) == pytest.approx(-6.02, abs=0.1)
        assert 20.0 * np.log10(gain(high, cutoff_hz)) == pytest.approx(-6.02, abs=0.1)

    def test_half_the_amplitude_passes_at_both_edges(self):
        kernel = dsp.fir_bandpass(GRID, column(3000.0), column(6000.0), 201)[0]
        for edge_hz in (3000.0, 6000.0):
            assert 20.0 * np.log10(gain(kernel, edge_hz)) == pytest.approx(-6.02, abs=0.1)
        assert gain(kernel, 4500.0) == pytest.approx(1.0)

    def test_every_item_has_its_own(self):
        kernels = dsp.fir_lowpass(GRID, column(300.0, 8000.0), 101)
        for kernel, cutoff_hz in zip(kernels, (300.0, 8000.0), strict=True):
            np.testing.assert_allclose(kernel, firwin(101, cutoff_hz, fs=SAMPLE_RATE), atol=1e-12)

    @pytest.mark.parametrize("design", [dsp.fir_lowpass, dsp.fir_highpass])
    def test_gradient_of_the_cutoff(self, design):
        assert torch.autograd.gradcheck(
            lambda hz: design(make_grid(1, sample_rate=100.0), hz, 21), (column(7.0, 31.0, grad=True),)
        )

    def test_gradient_of_the_edges(self):
        assert torch.autograd.gradcheck(
            lambda low, high: dsp.fir_bandpass(make_grid(1, sample_rate=100.0), low, high, 21),
            (column(7.0, 21.0, grad=True), column(15.0, 40.0, grad=True)),
        )

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    @pytest.mark.parametrize("cutoff_hz", [1e-3, 20.0, 0.999 * NYQUIST_HZ, NYQUIST_HZ, 3.0 * NYQUIST_HZ])
    @pytest.mark.parametrize("taps", [1, 101])
    def test_is_finite_at_every_cutoff(self, dtype, cutoff_hz, taps):
        grid, cutoff = make_grid(1, dtype=dtype), column(cutoff_hz, dtype=dtype, grad=True)
        kernels = (
            dsp.fir_lowpass(grid, cutoff, taps),
            dsp.fir_highpass(grid, cutoff, taps),
            dsp.fir_bandpass(grid, 0.5 * cutoff, cutoff, taps),
        )
        (slope,) = torch.autograd.grad(sum(kernel.square().sum() for kernel in kernels), cutoff)
        assert all(torch.isfinite(kernel).all() for kernel in kernels)
        assert torch.isfinite(slope).all()

    @pytest.mark.parametrize("cutoff_hz", [NYQUIST_HZ, 1.7 * NYQUIST_HZ])
    def test_from_nyquist_on_the_lowpass_passes_all_and_the_highpass_nothing(self, cutoff_hz):
        impulse = torch.zeros(101, dtype=torch.float64)
        impulse[50] = 1.0
        np.testing.assert_allclose(dsp.fir_lowpass(GRID, column(cutoff_hz), 101)[0], impulse, atol=1e-12)
        np.testing.assert_allclose(dsp.fir_highpass(GRID, column(cutoff_hz), 101)[0], 0.0 * impulse, atol=1e-12)


class TestFilter:
    @pytest.mark.parametrize("samples", [30, 101, 1000, 9000])
    def test_against_scipy(self, samples):
        x, kernel = white((2, samples)), dsp.fir_bandpass(GRID, column(500.0, 90.0), column(4000.0, 900.0), 101)
        found = dsp.fir(torch.tensor(x), kernel)
        expected = fftconvolve(x, kernel.numpy(), axes=-1)[:, 50 : 50 + samples]
        np.testing.assert_allclose(found, expected, atol=1e-13)

    def test_does_not_move_the_sound(self):
        impulse = torch.zeros(1, 400, dtype=torch.float64)
        impulse[0, 200] = 1.0
        filtered = dsp.fir(impulse, dsp.fir_lowpass(GRID, column(2000.0), 101))[0]
        assert int(filtered.argmax()) == 200
        np.testing.assert_allclose(filtered[150:251], filtered[150:251].flip(0), atol=1e-15)

    def test_gradient(self):
        grid = make_grid(40, sample_rate=100.0)
        x = torch.tensor(white((2, 40)), requires_grad=True)
        assert torch.autograd.gradcheck(
            lambda x, hz: dsp.fir(x, dsp.fir_highpass(grid, hz, 21)),
            (x, column(7.0, 31.0, grad=True)),
            fast_mode=True,
        )
