"""DrumSynth sounds as patches: fields that have a twin."""

import math

import pytest
import torch

from backbeat import plugins
from backbeat.drumsynth.document import parse
from backbeat.drumsynth.rendering import render
from backbeat.drumsynth.translation import translations
from backbeat.losses import distances
from drumsynth.files import HEADER, HISS, KICK

TONE = "[Tone]\nOn=1\nLevel=120\nF1=160\nF2=80\nDroop=0\nPhase=90\nEnvelope=0,100 4000,30 12000,0\n"


def of(text, name="kick"):
    sound = parse(HEADER + text)
    target = torch.from_numpy(render(sound)).float()[None, None]
    patches = translations(sound, plugins.get(name), target.shape[-1])
    return patches, [distances(patch.render(), target, 44100).mel_db for patch in patches]


def test_a_drooping_tone_is_the_same_sweep():
    patches, mel_db = of(KICK)
    nepers = 4.0 * 10.0 ** (35.0 / 30.0)
    values = patches[0].values
    assert values["pitch_hz"] == pytest.approx(50.0, rel=1e-4)
    assert values["sweep_st"] == pytest.approx(36.0, abs=0.01)
    assert values["sweep_s"] == pytest.approx(math.log(1000.0) * 16000.0 / 44100.0 / nepers)
    assert min(mel_db) < 2.5


def test_tuning_moves_the_pitch():
    assert of("Tuning=12\n" + KICK)[0][0].values["pitch_hz"] == pytest.approx(100.0, rel=1e-4)


def test_a_straight_glide_is_bent_as_little_as_can_be():
    patches, mel_db = of(TONE)
    values = patches[0].values
    start_hz = values["pitch_hz"] * 2.0 ** (values["sweep_st"] / 12.0)
    left = math.exp(-math.log(1000.0) * 6000.0 / 44100.0 / values["sweep_s"])
    assert start_hz == pytest.approx(160.0, rel=0.05)
    assert values["pitch_hz"] + (start_hz - values["pitch_hz"]) * left == pytest.approx(120.0, rel=0.05)
    assert values["phase_cycles"] == pytest.approx(0.25, abs=0.01)
    assert min(mel_db) < 4.0


@pytest.mark.parametrize("level", [160, 40])
def test_level_and_envelope_are_kept(level):
    text = KICK.replace("Level=160", f"Level={level}")
    sound, found = render(parse(HEADER + text)), of(text)[0][0].sound()
    for start in (0, 2000, 6000, 10000):
        ratio = (found[start : start + 2000] ** 2).sum() / (sound[start : start + 2000] ** 2).sum()
        assert 10.0 * math.log10(ratio) == pytest.approx(0.0, abs=3.0)


def test_distortion_is_drive():
    clean, bent = (of(KICK + more)[0][0].values["drive_db"] for more in ("", "[Distortion]\nOn=1\nClipping=12\n"))
    assert clean == -20.0
    assert bent == pytest.approx(11.7, abs=0.5)


def test_noise_is_read_from_the_noise_alone():
    (quiet, *_), (loud, *_) = (of(KICK + more)[0] for more in ("", HISS))
    assert quiet.values["noise_db"] == -60.0
    assert loud.values["noise_db"] > -20.0
    assert loud.values["pitch_hz"] == quiet.values["pitch_hz"]
    softer = of(KICK + HISS.replace("Level=120", "Level=60"))[0][0].values["noise_db"]
    assert loud.values["noise_db"] - softer == pytest.approx(40.0 * math.log10(2.0), abs=0.5)


def test_overtones_are_modes():
    more = "[Overtones]\nOn=1\nLevel=90\nF1=700\nMethod=0\nParam=0\nEnvelope1=0,100 3000,30 9000,0\n"
    patches, mel_db = of(KICK + more)
    values = patches[0].values
    loudest = max(range(4), key=lambda k: values["mode_db"][k])
    assert values["mode_hz"][loudest] == pytest.approx(700.0, rel=0.01)
    assert min(mel_db) < 5.0


def test_an_instrument_of_modes_takes_tone_and_overtones_as_modes():
    patches, _ = of(TONE + HISS, "tom")
    assert any(min(abs(hz - 80.0) for hz in patch.values["mode_hz"]) < 15.0 for patch in patches)


@pytest.mark.parametrize(("text", "name"), [(HISS, "kick"), (HISS, "hat"), (KICK, "clap"), ("", "kick")])
def test_what_has_no_twin_is_not_translated(text, name):
    assert of(text, name)[0] == []
