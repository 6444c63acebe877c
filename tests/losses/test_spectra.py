import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.errors import BackbeatError
from backbeat.losses.spectra import (
    Padding,
    Resolution,
    a_weighting,
    a_weighting_power,
    mel_filterbank,
    mel_frequencies,
    mel_spectrogram_db,
    power_spectrogram,
    quarter_hop,
)
from losses.sounds import SAMPLE_RATE, noise, numpy_magnitudes

CPU = torch.device("cpu")


class TestPowerSpectrogram:
    @pytest.mark.parametrize("samples", [1, 100, 1000, 1024])
    def test_equals_numpy_frame_by_frame(self, samples: int) -> None:
        signal = noise(samples, seed=2)[0, 0]
        power = power_spectrogram(signal, quarter_hop(256))
        np.testing.assert_allclose(power, numpy_magnitudes(signal.numpy(), 256, 64) ** 2, atol=1e-12)

    @pytest.mark.parametrize(("padding", "mode"), [("zero", "constant"), ("reflect", "reflect"), ("none", "")])
    def test_equals_torch_stft(self, padding: Padding, mode: str) -> None:
        signal = noise(3000, seed=3, batch=2)[:, 0]
        window = torch.hann_window(600, dtype=torch.float64)
        kwargs = {"center": True, "pad_mode": mode} if mode else {"center": False}
        expected = torch.stft(signal, 1024, 120, 600, window, return_complex=True, **kwargs).abs().square()
        power = power_spectrogram(signal, Resolution(600, 120, 1024), padding=padding)
        torch.testing.assert_close(power.mT, expected)

    @pytest.mark.parametrize("padding", ["zero", "reflect", "none"])
    def test_any_length_and_leading_axes(self, padding: Padding) -> None:
        power = power_spectrogram(noise(100, seed=4, batch=3), quarter_hop(2048), padding=padding)
        assert power.shape == (3, 1, 1 if padding != "reflect" else 3, 1025)
        assert power.isfinite().all()

    def test_gradient(self) -> None:
        signal = noise(50, seed=5)[0].requires_grad_()
        assert torch.autograd.gradcheck(lambda x: power_spectrogram(x, quarter_hop(16)), (signal,))

    def test_a_window_first_used_in_inference_mode_still_carries_gradients(self) -> None:
        resolution = Resolution(62, 9, 77, mel_bands=3)
        with torch.inference_mode():
            power_spectrogram(torch.ones(100), resolution)
            mel_filterbank(3, 77, 44_100, CPU, torch.float32)
        signal = torch.ones(100, requires_grad=True)
        (power_spectrogram(signal, resolution) @ mel_filterbank(3, 77, 44_100, CPU, torch.float32)).sum().backward()
        assert signal.grad is not None


class TestMel:
    @given(
        bands=st.integers(1, 128),
        log2_fft=st.integers(5, 12),
        sample_rate=st.sampled_from([8000, 22_050, 44_100, 48_000, 96_000, 192_000]),
    )
    @settings(max_examples=40, deadline=None)
    def test_every_band_is_a_mean(self, bands: int, log2_fft: int, sample_rate: int) -> None:
        bank = mel_filterbank(bands, 2**log2_fft, sample_rate, CPU, torch.float64)
        assert bank.shape == (2 ** (log2_fft - 1) + 1, bands)
        assert (bank >= 0.0).all()
        torch.testing.assert_close(bank.sum(dim=0), torch.ones(bands, dtype=torch.float64))

    def test_triangles(self) -> None:
        """At a resolution fine enough, each band peaks at its centre and is half as high halfway to the next."""
        fft, bands = 2**16, 20
        bank = mel_filterbank(bands, fft, SAMPLE_RATE, CPU, torch.float64)
        bin_hz = SAMPLE_RATE / fft
        centres = mel_frequencies(bands, SAMPLE_RATE)
        np.testing.assert_allclose(bank.argmax(dim=0) * bin_hz, centres, atol=bin_hz)
        midpoints = ((centres[1:] + centres[:-1]) / 2.0 / bin_hz).round().long()
        for band in range(bands - 1):
            halves = bank[midpoints[band], band : band + 2] / bank.amax(dim=0)[band : band + 2]
            np.testing.assert_allclose(halves, 0.5, atol=0.02)

    def test_span(self) -> None:
        frequency = torch.arange(2049) * (SAMPLE_RATE / 4096)
        heard = mel_filterbank(64, 4096, SAMPLE_RATE, CPU, torch.float64).sum(dim=1) > 0.0
        assert frequency[heard].min() > 20.0
        assert 17_500.0 < frequency[heard].max() < 18_000.0

    def test_frequencies(self) -> None:
        """Equal steps of `2595 log10(1 + f / 700)` between 20 Hz and 18 kHz; 1000 Hz is 1000 mel."""
        mel = 2595.0 * np.log10(1.0 + np.array([20.0, *mel_frequencies(64, SAMPLE_RATE), 18_000.0]) / 700.0)
        np.testing.assert_allclose(np.diff(mel), (mel[-1] - mel[0]) / 65)
        assert 2595.0 * np.log10(1.0 + 1000.0 / 700.0) == pytest.approx(1000.0, abs=0.1)

    def test_full_scale_sine_reads_its_level(self) -> None:
        """The bin reads 0 dB; the Hann window's main lobe spreads it over a band of equal weights."""
        frequency_hz = 256 * SAMPLE_RATE / 1024
        sine = torch.sin(2.0 * torch.pi * frequency_hz * torch.arange(20_000, dtype=torch.float64) / SAMPLE_RATE)
        image = mel_spectrogram_db(sine, SAMPLE_RATE, bands=1)[..., 20:40]
        bank = mel_filterbank(1, 1024, SAMPLE_RATE, CPU, torch.float64)[:, 0]
        expected = 10.0 * torch.log10(bank[256] + 0.25 * (bank[255] + bank[257]))
        torch.testing.assert_close(image, expected.expand_as(image))

    def test_floor_gain_and_shape(self) -> None:
        hiss = noise(5000, seed=6, batch=2, dtype=torch.float32) * 0.1
        image = mel_spectrogram_db(hiss, SAMPLE_RATE, window=512, hop=128, bands=24, floor_db=-90.0)
        assert image.shape == (2, 1, 24, 1 + 5000 // 128)
        louder = mel_spectrogram_db(hiss * 2.0, SAMPLE_RATE, window=512, hop=128, bands=24, floor_db=-90.0)
        torch.testing.assert_close(louder - image, torch.full_like(image, 6.0206), atol=1e-3, rtol=0.0)
        assert (mel_spectrogram_db(hiss * 0.0, SAMPLE_RATE, floor_db=-60.0) == -60.0).all()


class TestAWeighting:
    def test_standard_table(self) -> None:
        """IEC 61672-1, table 3: nominal frequencies (exact ones are 1000 · 10^(n/10)) and levels, dB."""
        steps = np.array([-17, -15, -10, -6, -3, 0, 3, 6, 9, 12])
        table_db = np.array([-50.5, -39.4, -19.1, -8.6, -3.2, 0.0, 1.2, 1.0, -1.1, -6.6])
        gain = a_weighting(torch.tensor(1000.0 * 10.0 ** (steps / 10.0)))
        np.testing.assert_allclose(20.0 * gain.log10(), table_db, atol=0.06)

    def test_silent_at_zero_and_kept_by_bin(self) -> None:
        power = a_weighting_power(1024, SAMPLE_RATE, CPU, torch.float32)
        assert power[0] == 0.0
        assert power.dtype == torch.float32
        np.testing.assert_allclose(power[100], a_weighting(torch.tensor(100 * SAMPLE_RATE / 1024)) ** 2, rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Resolution(1, 1, 8), r"^window: 1 samples, must be in \[2, fft = 8\]$"),
        (lambda: Resolution(16, 4, 8), r"^window: 16 samples, must be in \[2, fft = 8\]$"),
        (lambda: Resolution(8, 0, 8), r"^hop: 0 samples, must be at least 1$"),
        (lambda: Resolution(8, 1, 8, -1), r"^mel_bands: -1, must be at least 0$"),
        (lambda: mel_frequencies(0, SAMPLE_RATE), r"^bands: 0, must be at least 1$"),
        (lambda: mel_frequencies(8, 40), r"^sample_rate: 40 Hz, must be above 40 Hz$"),
    ],
)
def test_errors(call, message: str) -> None:
    with pytest.raises(BackbeatError, match=message):
        call()
