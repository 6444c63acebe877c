"""The noise in a sound, against mixtures whose noise is known."""

import numpy as np
import pytest

from backbeat.matching.analysis import measure_noise
from backbeat.matching.judgement.heard import Heard
from backbeat.matching.judgement.measures import noise_and_tones
from backbeat.patch import Placement, preset
from matching.sounds import RATE, fall, noise, times_s

TONES_HZ = (180.0, 333.0, 1210.0)


def mixture(share, rate=RATE, t60=None):
    """Three tones and white noise that has a share of the energy."""
    t = times_s(0.6, rate)
    tones = sum(np.sin(2.0 * np.pi * hz * t) for hz in TONES_HZ)
    hiss = noise(len(t), seed=5)
    if t60:
        tones, hiss = tones * fall(t, t60), hiss * fall(t, t60)
    tones, hiss = (each / np.sqrt(np.sum(each**2)) for each in (tones, hiss))
    return np.sqrt(1.0 - share) * tones + np.sqrt(share) * hiss


@pytest.mark.parametrize("rate", [RATE, 22050, 96000])
@pytest.mark.parametrize("t60", [None, 0.2])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.6, 0.9, 1.0])
def test_share_of_the_energy(share, t60, rate):
    assert measure_noise(mixture(share, rate, t60), rate).share == pytest.approx(share, abs=0.02 + 0.1 * share)


def test_level_does_not_matter():
    quiet, loud = (measure_noise(gain * mixture(0.3), RATE) for gain in (1e-3, 0.9))
    assert quiet.share == pytest.approx(loud.share, rel=1e-6)
    assert quiet.centroid_hz == pytest.approx(loud.centroid_hz, rel=1e-6)


@pytest.mark.parametrize(("low_hz", "high_hz"), [(200.0, 1200.0), (2000.0, 6000.0), (6000.0, 14000.0)])
def test_colour_is_that_of_the_noise_and_not_of_the_tones(low_hz, high_hz):
    hiss = np.fft.rfft(noise(RATE // 2))
    hz = np.fft.rfftfreq(RATE // 2, 1.0 / RATE)
    band = np.fft.irfft(np.where((hz > low_hz) & (hz < high_hz), hiss, 0.0))
    tone = 5.0 * np.sin(2.0 * np.pi * 17000.0 * np.arange(len(band)) / RATE)
    assert measure_noise(band + tone, RATE).centroid_hz == pytest.approx(0.5 * (low_hz + high_hz), rel=0.05)


@pytest.mark.parametrize("name", ["snare/brush", "snare/cr-78", "cymbal/ride", "hat/909-open", "clap/808", "tom/808"])
def test_one_recording_tells_what_eight_seeds_tell(name):
    patch = preset(name)
    where = patch.natural_placement(RATE)
    heard = Heard(patch, Placement(RATE, where.samples // 3))
    of_noise, of_tones = noise_and_tones(heard.by_seed)
    found = measure_noise(heard.sound.numpy(), RATE).share
    assert found == pytest.approx(of_noise / (of_noise + of_tones), abs=0.15)


def test_silence_and_very_short_sounds():
    assert measure_noise(np.zeros(1000), RATE).share == 0.0
    assert 0.0 <= measure_noise(noise(40), RATE).share <= 1.0
