"""Windowed-sinc filters against `scipy.signal`: their impulse responses, and what they make of a sound."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import fftconvolve, firwin, freqz

from backbeat import dsp
from oracles import SAMPLE_RATE, column, make_grid, white

NYQUIST_HZ = 0.5 * SAMPLE_RATE
TAPS = [51, 101, 1001]
cutoffs = st.floats(1500.0, 20000.0)


def seconds(taps: int) -> float:
    return (taps - 1) / SAMPLE_RATE


def impulse_response(kind, taps: int, *edges: torch.Tensor, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """The kernel, (..., taps): what a filter makes of an impulse in the middle."""
    impulse = torch.zeros(1, taps, dtype=dtype)
    impulse[0, taps // 2] = 1.0
    return kind(make_grid(taps, dtype=dtype), impulse, *edges, seconds(taps))


def gain(kernel: torch.Tensor, frequency_hz: float) -> float:
    return float(np.abs(freqz(kernel.numpy(), worN=[frequency_hz], fs=SAMPLE_RATE)[1][0]))


class TestDesign:
    @settings(max_examples=30)
    @given(cutoff_hz=st.floats(20.0, 22000.0), taps=st.sampled_from(TAPS))
    def test_lowpass(self, cutoff_hz, taps):
        found = impulse_response(dsp.lowpass_fir, taps, column(cutoff_hz))[0]
        np.testing.assert_allclose(found, firwin(taps, cutoff_hz, fs=SAMPLE_RATE, window="hamming"), atol=1e-12)

    @settings(max_examples=30)
    @given(cutoff_hz=st.floats(20.0, 21000.0), taps=st.sampled_from(TAPS))
    def test_highpass(self, cutoff_hz, taps):
        found = impulse_response(dsp.highpass_fir, taps, column(cutoff_hz))[0]
        expected = firwin(taps, cutoff_hz, fs=SAMPLE_RATE, window="hamming", pass_zero="highpass")
        np.testing.assert_allclose(found, expected, atol=1e-12)

    @settings(max_examples=30)
    @given(low_hz=st.floats(20.0, 15000.0), width_hz=st.floats(200.0, 6000.0), taps=st.sampled_from(TAPS))
    def test_bandpass(self, low_hz, width_hz, taps):
        found = impulse_response(dsp.bandpass_fir, taps, column(low_hz), column(low_hz + width_hz))[0]
        edges = [low_hz, low_hz + width_hz]
        expected = firwin(taps, edges, fs=SAMPLE_RATE, window="hamming", pass_zero="bandpass")
        np.testing.assert_allclose(found, expected, atol=1e-11)

    @pytest.mark.parametrize("cutoff_hz", [60.0, 800.0, 15000.0])
    def test_float32_is_within_a_millionth(self, cutoff_hz):
        for kind, passes in ((dsp.lowpass_fir, "lowpass"), (dsp.highpass_fir, "highpass")):
            found = impulse_response(kind, 1001, column(cutoff_hz), dtype=torch.float32)[0]
            assert found.dtype == torch.float32
            np.testing.assert_allclose(found, firwin(1001, cutoff_hz, fs=SAMPLE_RATE, pass_zero=passes), atol=1e-6)

    @given(cutoffs)
    def test_half_the_amplitude_passes_at_the_cutoff(self, cutoff_hz):
        for kind in (dsp.lowpass_fir, dsp.highpass_fir):
            kernel = impulse_response(kind, 201, column(cutoff_hz))[0]
            assert 20.0 * np.log10(gain(kernel, cutoff_hz)) == pytest.approx(-6.02, abs=0.1)

    def test_half_the_amplitude_passes_at_both_edges(self):
        kernel = impulse_response(dsp.bandpass_fir, 201, column(3000.0), column(6000.0))[0]
        for edge_hz in (3000.0, 6000.0):
            assert 20.0 * np.log10(gain(kernel, edge_hz)) == pytest.approx(-6.02, abs=0.1)
        assert gain(kernel, 4500.0) == pytest.approx(1.0)

    def test_every_item_has_its_own(self):
        kernels = impulse_response(dsp.lowpass_fir, 101, column(300.0, 8000.0))
        for kernel, cutoff_hz in zip(kernels, (300.0, 8000.0), strict=True):
            np.testing.assert_allclose(kernel, firwin(101, cutoff_hz, fs=SAMPLE_RATE), atol=1e-12)

    @pytest.mark.parametrize("cutoff_hz", [NYQUIST_HZ, 1.7 * NYQUIST_HZ])
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_from_nyquist_on_the_lowpass_passes_all_and_the_highpass_nothing(self, cutoff_hz, dtype):
        impulse = np.zeros(101)
        impulse[50] = 1.0
        low, high = (
            impulse_response(kind, 101, column(cutoff_hz), dtype=dtype)[0]
            for kind in (dsp.lowpass_fir, dsp.highpass_fir)
        )
        np.testing.assert_allclose(low, impulse, atol=1e-6 if dtype == torch.float32 else 1e-12)
        np.testing.assert_allclose(high, 0.0 * impulse, atol=1e-6 if dtype == torch.float32 else 1e-12)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    @pytest.mark.parametrize("cutoff_hz", [1e-3, 20.0, 0.999 * NYQUIST_HZ, NYQUIST_HZ, 3.0 * NYQUIST_HZ])
    @pytest.mark.parametrize("taps", [1, 101])
    def test_is_finite_at_every_cutoff(self, dtype, cutoff_hz, taps):
        cutoff = column(cutoff_hz, grad=True)
        edges = [
            (dsp.lowpass_fir, (cutoff,)),
            (dsp.highpass_fir, (cutoff,)),
            (dsp.bandpass_fir, (0.5 * cutoff, cutoff)),
        ]
        kernels = [impulse_response(kind, taps, *given, dtype=dtype) for kind, given in edges]
        (slope,) = torch.autograd.grad(sum(kernel.square().sum() for kernel in kernels), cutoff)
        assert all(torch.isfinite(kernel).all() for kernel in kernels)
        assert torch.isfinite(slope).all()


class TestFilter:
    @pytest.mark.parametrize("samples", [30, 101, 1000, 9000])
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_against_scipy(self, samples, dtype):
        x = white((2, samples))
        grid, sound = make_grid(samples, dtype=dtype), torch.tensor(x, dtype=dtype)
        found = dsp.bandpass_fir(grid, sound, column(500.0, 90.0), column(4000.0, 900.0), seconds(101))
        for k, edges in enumerate(([500.0, 4000.0], [90.0, 900.0])):
            kernel = firwin(101, edges, fs=SAMPLE_RATE, window="hamming", pass_zero="bandpass")
            expected = fftconvolve(x[k], kernel)[50 : 50 + samples]
            np.testing.assert_allclose(found[k], expected, atol=2e-6 if dtype == torch.float32 else 1e-12)

    def test_a_mix_is_the_sum_of_its_parts(self):
        x, grid = torch.tensor(white((1, 700))), make_grid(700)
        weights = torch.tensor([[0.5, -1.0, 2.0]], dtype=torch.float64)
        found = dsp.fir(grid, x, weights, column(900.0), column(300.0), column(2000.0), 0.002)
        parts = (
            dsp.lowpass_fir(grid, x, column(900.0), 0.002),
            dsp.bandpass_fir(grid, x, column(300.0), column(2000.0), 0.002),
            dsp.highpass_fir(grid, x, column(900.0), 0.002),
        )
        torch.testing.assert_close(found, sum(w * part for w, part in zip(weights[0], parts, strict=True)))

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_does_not_move_the_sound(self, dtype):
        impulse = torch.zeros(1, 400, dtype=dtype)
        impulse[0, 200] = 1.0
        filtered = dsp.lowpass_fir(make_grid(400, dtype=dtype), impulse, column(2000.0), seconds(101))[0]
        assert int(filtered.argmax()) == 200
        np.testing.assert_allclose(filtered[150:251], filtered[150:251].flip(0), atol=1e-7)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_it_hears_what_the_signal_has_past_the_grid(self, dtype):
        x = torch.tensor(white((1, 300)), dtype=dtype)
        long = dsp.lowpass_fir(make_grid(300, dtype=dtype), x, column(900.0), seconds(101))
        short = dsp.lowpass_fir(make_grid(200, dtype=dtype), x, column(900.0), seconds(101))
        torch.testing.assert_close(short, long[:, :200])
