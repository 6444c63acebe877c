"""What is said of a sound, against sounds of which it is known."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from backbeat.matching.description import Description, describe
from backbeat.matching.wording import differences, in_a_line, in_words
from backbeat.patch import preset, presets
from matching.sounds import RATE, fall, glide, noise, times_s


def described(signal, rate=RATE):
    return describe(torch.as_tensor(np.asarray(signal)).float()[None, None], rate)


def swept(pitch_hz=52.0, sweep_st=28.0, sweep_s=0.09, t60=0.6, seconds=0.8, rate=RATE):
    t = times_s(seconds, rate)
    return 0.8 * fall(t, t60) * glide(t, pitch_hz, sweep_st, sweep_s)


class TestNumbers:
    @pytest.mark.parametrize(
        ("pitch_hz", "sweep_st", "sweep_s", "rate"),
        [
            (52.0, 28.0, 0.09, RATE),
            (47.0, 12.0, 0.2, 96000),
            (110.0, 5.0, 0.15, RATE),
            (88.0, 24.0, 0.06, RATE),
            pytest.param(88.0, 24.0, 0.06, 96000, marks=pytest.mark.slow),
        ],
    )
    def test_pitch_and_sweep(self, pitch_hz, sweep_st, sweep_s, rate):
        found = described(swept(pitch_hz, sweep_st, sweep_s, rate=rate), rate)
        assert found.pitch_hz == pytest.approx(pitch_hz, rel=0.005)
        assert found.sweep_st == pytest.approx(sweep_st, abs=0.5)
        assert found.sweep_s == pytest.approx(sweep_s, rel=0.15)

    @pytest.mark.parametrize("hz", [82.0, 400.0, 1800.0])
    def test_a_steady_pitch_does_not_sweep(self, hz):
        t = times_s(0.5)
        found = described(fall(t, 0.4) * np.sin(2.0 * np.pi * hz * t))
        assert found.pitch_hz == pytest.approx(hz, rel=0.002)
        assert (found.sweep_st, found.sweep_s) == (None, None)

    def test_noise_has_no_pitch_and_no_click(self):
        found = described(noise(RATE // 2) * fall(times_s(0.5), 0.3))
        assert (found.pitch_hz, found.sweep_st, found.click_db) == (None, None, None)

    @pytest.mark.parametrize("t60", [0.05, 0.3, 1.2])
    def test_length(self, t60):
        found = described(swept(t60=t60, seconds=2.0 * t60, sweep_st=0.0, pitch_hz=200.0))
        assert found.t60_s == pytest.approx(t60, rel=0.05)
        assert found.heard_s == pytest.approx(t60 * 50.0 / 60.0, abs=0.02 + 0.02 * t60)

    def test_attack(self):
        t = times_s(0.6)
        slow = np.minimum(t / 0.1, 1.0) * fall(np.maximum(t - 0.1, 0.0), 0.3) * np.sin(2.0 * np.pi * 440.0 * t)
        assert described(slow).attack_s == pytest.approx(0.0708, abs=0.004)  # where a straight rise is 3 dB down
        assert described(swept(pitch_hz=440.0, sweep_st=0.0)).attack_s < 0.004

    @pytest.mark.parametrize("click_db", [-3.0, -15.0, -30.0])
    def test_click_beside_the_body(self, click_db):
        t = times_s(0.4)
        body = np.sin(0.5 * np.pi * np.minimum(t / 0.02, 1.0)) ** 2 * fall(t, 2.0) * np.sin(2.0 * np.pi * 100.0 * t)
        click = 10.0 ** (click_db / 20.0) * fall(t, 0.01) * np.sin(2.0 * np.pi * 6000.0 * t) * np.abs(body).max()
        assert described(body + click).click_db == pytest.approx(click_db, abs=1.5)

    def test_brightness_is_the_centroid(self):
        t = np.arange(RATE) / RATE
        two = np.sin(2.0 * np.pi * 1000.0 * t) + np.sin(2.0 * np.pi * 3000.0 * t)
        assert described(two).centroid_hz == pytest.approx(2000.0, rel=0.01)

    @pytest.mark.parametrize("share", [0.2, 0.4])
    def test_noise_beside_a_sweep_is_not_the_sweep(self, share):
        body, hiss = swept(sweep_s=0.04, t60=0.25), noise(len(swept())) * fall(times_s(0.8), 0.25)
        body, hiss = (each / np.sqrt(np.sum(each**2)) for each in (body, hiss))
        assert described(np.sqrt(1.0 - share) * body + np.sqrt(share) * hiss).noise_share == pytest.approx(
            share, abs=0.08
        )
        alone = described(body)
        assert alone.noise_share < 0.05
        assert alone.noise_centroid_hz is None

    @pytest.mark.parametrize("signal", [np.zeros(2000), noise(60), np.eye(1, 3000)[0]])
    def test_whatever_the_sound_is(self, signal):
        found = described(signal)
        assert all(value is None or np.isfinite(value) for value in vars(found).values())
        assert in_a_line(in_words(found))


class TestWords:
    KICK = Description(51.913, 28.0, 0.06, 0.42, 0.38, 0.002, -14.0, 620.0, 0.03, None)

    def test_a_kick(self):
        assert in_words(self.KICK) == {
            "pitch": "G#1 (51.9 Hz), falls 28 semitones in 60 ms",
            "length": "medium, heard for 380 ms, T60 420 ms",
            "attack": "at once, a soft click, 14 dB below the body",
            "brightness": "dark, centroid 620 Hz",
            "noise": "hardly any",
        }

    def test_what_is_not_there_is_said_so(self):
        noisy = replace(
            self.KICK, pitch_hz=None, sweep_st=None, sweep_s=None, click_db=None, noise_share=0.97,
            noise_centroid_hz=9100.0, attack_s=0.03, heard_s=0.02,
        )  # fmt: skip
        words = in_words(noisy)
        assert words["pitch"] == "none"
        assert words["attack"] == "loud after 30 ms"
        assert words["noise"] == "bright, centroid 9.1 kHz, nearly all of the energy"
        assert words["length"].startswith("very short")
        assert in_words(replace(noisy, noise_share=0.2))["pitch"] == "none alone: several partials"
        assert "without a click" in in_words(replace(self.KICK, click_db=-40.0))["attack"]
        assert in_words(replace(self.KICK, sweep_st=-3.0, sweep_s=None))["pitch"] == "G#1 (51.9 Hz), rises 3 semitones"

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({}, {}),
            ({"pitch_hz": 51.913 * 2 ** (15 / 1200)}, {}),
            ({"pitch_hz": 51.913 * 2 ** (30 / 1200)}, {"pitch": "30 cents higher"}),
            ({"pitch_hz": 51.913 / 2}, {"pitch": "12 semitones lower"}),
            ({"pitch_hz": None}, {"pitch": "no clear pitch"}),
            ({"sweep_st": 25.0}, {}),
            ({"sweep_st": 20.0}, {"pitch": "falls 20 semitones (the target falls 28 semitones)"}),
            ({"t60_s": 0.46}, {}),
            ({"t60_s": 0.504}, {"length": "T60 20 % longer"}),
            ({"heard_s": 0.19}, {"length": "heard 50 % shorter"}),
            ({"attack_s": 0.03}, {"attack": "loud 28 ms later"}),
            ({"click_db": -10.0}, {"attack": "4 dB more click"}),
            ({"click_db": None}, {}),
            ({"centroid_hz": 680.0}, {}),
            ({"centroid_hz": 500.0}, {"brightness": "19 % darker"}),
            ({"noise_share": 0.3}, {"noise": "more noise: 30 % instead of 3 %"}),
        ],
    )  # fmt: skip
    def test_differences_are_told_where_one_hears_them(self, changes, said):
        assert differences(self.KICK, replace(self.KICK, **changes)) == said

    def test_two_clicks_that_are_not_heard_are_alike(self):
        silent = [replace(self.KICK, click_db=each) for each in (-30.0, -50.0)]
        assert differences(*silent) == {}


def preset_words(name):
    patch = preset(name)
    where = patch.natural_placement(RATE)
    return patch, describe(patch.render(where), RATE)


@pytest.mark.parametrize("name", [each for each in presets() if each.startswith("kick/")])
def test_kicks_have_the_pitch_and_the_sweep_of_their_patches(name):
    patch, found = preset_words(name)
    assert found.pitch_hz == pytest.approx(patch.values["pitch_hz"], rel=0.01)
    assert found.sweep_st >= patch.values["sweep_st"] - 1.0
    assert found.noise_share < 0.12
    assert found.centroid_hz < 4000.0


@pytest.mark.parametrize(
    "name", ["hat/909-closed", "hat/acoustic-open", "clap/808", "clap/group", "shaker/egg", "cymbal/crash"]
)
def test_what_is_noise_is_called_noise(name):
    _, found = preset_words(name)
    words = in_words(found)
    assert words["pitch"] == "none"
    assert words["noise"].endswith("nearly all of the energy")
    assert "bright" in words["brightness"]


@pytest.mark.parametrize("name", ["tom/808", "tom/conga", "rim/claves", "cowbell/agogo-high", "snare/808"])
def test_drums_with_a_pitch_have_one(name):
    assert preset_words(name)[1].pitch_hz is not None
