"""`backbeat render`: a patch or preset to a WAV file."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from backbeat.audio import read
from backbeat.patch import Placement, load, preset, presets, save, turn


def samples(path):
    return soundfile.read(path, dtype="float32")[0]


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out.wav"


def test_file_is_the_patch_rendered_until_it_has_faded(backbeat, kick_patch, out):
    shown = backbeat("render", kick_patch, "-o", out)
    assert (shown.status, shown.out, shown.err) == (0, f"{out}\n", "")
    patch = load(kick_patch)
    expected = patch.render(patch.natural_placement())[0, 0].numpy()
    assert np.array_equal(samples(out), expected)
    assert soundfile.info(out).samplerate == 44100


def test_same_command_gives_the_same_bytes(backbeat, kick_patch, out, tmp_path):
    backbeat("render", kick_patch, "-o", out)
    backbeat("render", kick_patch, "-o", tmp_path / "again.wav")
    assert out.read_bytes() == (tmp_path / "again.wav").read_bytes()


def test_json_says_what_was_rendered(backbeat, kick_patch, out):
    shown = backbeat("render", kick_patch, "-o", out, "--seconds", "0.25", "--seed", "9", "--json")
    assert shown.document() == {
        "audio": str(out),
        "seed": 9,
        "sample_rate": 44100,
        "samples": 11025,
        "onset_samples": 0,
    }
    assert len(samples(out)) == 11025


@pytest.mark.parametrize("sample_rate", [8000, 48000, 192000])
def test_length_and_sample_rate(backbeat, kick_patch, out, sample_rate):
    backbeat("render", kick_patch, "-o", out, "--seconds", "0.1", "--sample-rate", sample_rate)
    info = soundfile.info(out)
    assert (info.samplerate, info.frames) == (sample_rate, sample_rate // 10)
    assert np.abs(samples(out)).max() > 0.1


@pytest.mark.parametrize(("bits", "subtype"), [("16", "PCM_16"), ("24", "PCM_24"), ("32f", "FLOAT")])
def test_bit_depth(backbeat, kick_patch, out, tmp_path, bits, subtype):
    backbeat("render", kick_patch, "-o", out, "--bit-depth", bits)
    backbeat("render", kick_patch, "-o", tmp_path / "float.wav")
    assert soundfile.info(out).subtype == subtype
    step = 0.0 if bits == "32f" else 2.0 ** (1 - int(bits))
    assert np.abs(samples(out) - samples(tmp_path / "float.wav")).max() <= step


def test_clipping_is_noted(backbeat, kick_patch, out):
    loud = backbeat("render", kick_patch, "-o", out, "--bit-depth", "16", "--set", "gain_db=12", "--set", "drive_db=20")
    assert loud.status == 0
    assert loud.out == f"{out}\n"
    (note,) = loud.notes()
    assert note.startswith(f"{out}: Clipped ")


def test_a_hit(backbeat, kick_patch, out):
    shown = backbeat("render", kick_patch, "-o", out, "--velocity", "0.4", "--hit", "7", "--json")
    patch = load(kick_patch).hit(0.4, 7)
    assert shown.document()["seed"] == patch.seed
    assert np.array_equal(samples(out), patch.sound(patch.natural_placement()))


def test_a_full_hit_with_number_0_is_the_patch(backbeat, kick_patch, out, tmp_path):
    backbeat("render", kick_patch, "-o", out)
    backbeat("render", kick_patch, "-o", tmp_path / "hit.wav", "--velocity", "1", "--hit", "0", "--width", "0")
    assert out.read_bytes() == (tmp_path / "hit.wav").read_bytes()


def test_width(backbeat, out):
    backbeat("render", "clap/room", "-o", out, "--width", "0.7", "--hit", "3", "--seconds", "0.5")
    assert np.array_equal(samples(out).T, preset("clap/room").hit(1.0, 3).stereo(Placement(44100, 22050), 0.7))


@pytest.mark.parametrize(
    ("option", "value"), [("--velocity", "1.1"), ("--velocity", "nan"), ("--hit", "-1"), ("--width", "2")]
)
def test_hits_out_of_range(backbeat, kick_patch, out, option, value):
    shown = backbeat("render", kick_patch, "-o", out, option, value)
    assert shown.status == 2
    assert option in shown.err
    assert not out.exists()


def test_seed_changes_the_noise(backbeat, kick_patch, out, tmp_path):
    for seed, path in (("1", out), ("2", tmp_path / "two.wav")):
        backbeat("render", kick_patch, "-o", path, "--seed", seed, "--seconds", "0.1", "--set", "noise_db=0")
    assert not np.array_equal(samples(out), samples(tmp_path / "two.wav"))


@pytest.mark.parametrize(
    ("setting", "name", "value"),
    [
        ("gain_db=-20", "gain_db", -20.0),
        ("gain_db=-2e1", "gain_db", -20.0),
        ("mode_hz=100,200,300,400", "mode_hz", (100.0, 200.0, 300.0, 400.0)),
    ],
)
def test_set_changes_one_parameter(backbeat, kick_patch, out, setting, name, value):
    assert backbeat("render", kick_patch, "-o", out, "--seconds", "0.1", "--set", setting).status == 0
    patch = load(kick_patch)
    document = json.loads(kick_patch.read_text())
    document["values"][name] = value
    kick_patch.write_text(json.dumps(document))
    changed = load(kick_patch).render(Placement(44100, 4410))[0, 0].numpy()
    assert np.array_equal(samples(out), changed)
    assert load(kick_patch).values != patch.values


@pytest.mark.parametrize(("setting", "value"), [("colour=high", "high"), ("colour=0.75,0.25", (0.75, 0.25))])
def test_set_chooses_by_name_or_by_weights(backbeat, small_patch, out, setting, value):
    assert backbeat("render", small_patch, "-o", out, "--seconds", "0.1", "--set", setting).status == 0
    patch = load(small_patch)
    assert patch.values["colour"] != value
    changed = replace(patch, values={**patch.values, "colour": value}).render(Placement(44100, 4410))[0, 0].numpy()
    assert np.array_equal(samples(out), changed)


@pytest.mark.parametrize(
    ("setting", "words"),
    [("colour=notch", ["colour: found 'notch'", "low, high"]), ("colour=0,0", ["colour", "not all 0"])],
)
def test_choice_that_is_not_allowed(backbeat, small_patch, out, setting, words):
    refused = backbeat("render", small_patch, "-o", out, "--set", setting)
    assert (refused.status, refused.out) == (2, "")
    for word in words:
        assert word in refused.error()
    assert not out.exists()


def test_set_may_be_repeated_and_reach_into_a_bank(backbeat, kick_patch, out, tmp_path):
    bank = ",".join(["100", "200", *(str(hz) for hz in load(kick_patch).values["mode_hz"][2:])])
    common = ["--seconds", "0.1"]
    one_by_one = ["--set", "mode_hz[0]=100", "--set", "mode_hz[1]=200"]
    assert backbeat("render", kick_patch, "-o", out, *common, *one_by_one).status == 0
    assert backbeat("render", kick_patch, "-o", tmp_path / "bank.wav", *common, "--set", f"mode_hz={bank}").status == 0
    assert np.array_equal(samples(out), samples(tmp_path / "bank.wav"))


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("gain_db", ["'gain_db'", "must be name=value"]),
        ("=3", ["'=3'", "must be name=value"]),
        ("", ["''", "must be name=value"]),
        ("mode_hz[0=3", ["'mode_hz[0=3'", "must be name=value"]),
        ("loudness=3", ["loudness: no such parameter", "gain_db"]),
        ("gain_db=13", ["gain_db: found 13.0", "from -60 to 12 dB"]),
        ("gain_db=loud", ["gain_db: found 'loud'", "from -60 to 12 dB"]),
        ("gain_db=", ["gain_db: found ''", "from -60 to 12 dB"]),
        ("gain_db=nan", ["gain_db: found nan", "from -60 to 12 dB"]),
        ("gain_db=inf", ["gain_db: found inf", "from -60 to 12 dB"]),
        ("gain_db=1,2", ["gain_db: found (1.0, 2.0)", "from -60 to 12 dB"]),
        ("gain_db[0]=1", ["gain_db", "a single value, without an index"]),
        ("mode_hz=100", ["mode_hz: found 100.0", "list of 4"]),
        ("mode_hz=100,200", ["mode_hz: found (100.0, 200.0)", "list of 4"]),
        ("mode_hz[4]=100", ["'mode_hz[4]'", "mode_hz[0] to mode_hz[3]"]),
        ("mode_hz[-1]=100", ["'mode_hz[-1]'", "mode_hz[0] to mode_hz[3]"]),
        ("mode_hz[x]=100", ["'mode_hz[x]'", "mode_hz[0] to mode_hz[3]"]),
        ("mode_hz[]=100", ["'mode_hz[]'", "mode_hz[0] to mode_hz[3]"]),
        ("mode_hz[1]=20", ["mode_hz[1]: found 20.0", "from 30 to 12000 Hz"]),
    ],
)
def test_setting_that_is_not_allowed(backbeat, kick_patch, out, setting, words):
    refused = backbeat("render", kick_patch, "-o", out, "--set", setting)
    assert (refused.status, refused.out) == (2, "")
    for word in words:
        assert word in refused.error()
    assert not out.exists()


@pytest.mark.parametrize(("setting", "amount"), [("+20%", 20.0), ("20", 20.0), ("-30%", -30.0)])
def test_set_turns_a_macro(backbeat, kick_patch, out, setting, amount):
    assert backbeat("render", kick_patch, "-o", out, "--seconds", "0.1", "--set", f"macro.length={setting}").status == 0
    expected = turn(load(kick_patch), "length", amount).render(Placement(44100, 4410))[0, 0].numpy()
    np.testing.assert_array_equal(soundfile.read(out, dtype="float32")[0], expected)


def test_brightness_is_turned_in_db_per_octave(backbeat, kick_patch, out):
    for setting in ("macro.brightness=+3", "macro.brightness=3dB/oct"):
        assert backbeat("render", kick_patch, "-o", out, "--seconds", "0.1", "--set", setting).status == 0
        expected = turn(load(kick_patch), "brightness", 3.0).render(Placement(44100, 4410))[0, 0].numpy()
        np.testing.assert_array_equal(samples(out), expected)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("macro.lenght=20", "kick has macro.tune, macro.length"),
        ("macro.length", "must be macro.length= and a number of %"),
        ("macro.length=", "must be macro.length= and a number of %"),
        ("macro.length=long", "must be macro.length= and a number of %"),
        ("macro.length=20dB", "must be macro.length= and a number of %"),
        ("macro.length=nan", "must be macro.length= and a number of %"),
        ("macro.brightness=20%", "must be macro.brightness= and a number of dB/oct"),
        ("macro.length=-101%", "must be -100 % or more"),
        ("tune=3", "tune is a macro: macro.tune="),
        ("detail=0.5", "the patch has no detail"),
    ],
)
def test_macros_that_cannot_be_set(backbeat, kick_patch, out, setting, words):
    refused = backbeat("render", kick_patch, "-o", out, "--set", setting)
    assert refused.status == 2
    assert words in refused.error()
    assert not out.exists()


def test_a_match_that_is_turned_is_not_cut_where_its_sample_ended(backbeat, kick_patch, out):
    short = replace(load(kick_patch), placement=Placement(44100, 3000, 100))
    save(short, kick_patch)
    assert backbeat("render", kick_patch, "-o", out).status == 0
    assert len(samples(out)) == 3000
    assert backbeat("render", kick_patch, "-o", out, "--set", "macro.length=+50%").status == 0
    longer = turn(short, "length", 50.0)
    assert len(samples(out)) == 100 + longer.natural_placement().samples
    np.testing.assert_array_equal(samples(out), longer.sound(Placement(44100, len(samples(out)), 100)))


def test_every_preset_can_be_rendered_by_name(backbeat, out):
    for name in presets():
        assert backbeat("render", name, "-o", out, "--seconds", "0.05").status == 0
        expected = preset(name).render(Placement(44100, 2205))[0, 0].numpy()
        assert np.array_equal(samples(out), expected)


def test_unknown_preset(backbeat, out):
    refused = backbeat("render", "kick/wobbly", "-o", out)
    assert (refused.status, refused.out) == (2, "")
    assert "found 'kick/wobbly'" in refused.error()
    assert all(name in refused.error() for name in presets())


def test_file_is_preferred_to_the_preset_of_the_same_name(backbeat, kick_patch, out, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = presets()[-1].partition("/")[2]
    kick_patch.rename(tmp_path / name)
    assert backbeat("render", name, "-o", out, "--seconds", "0.05").status == 0
    assert np.array_equal(samples(out), load(name).render(Placement(44100, 2205))[0, 0].numpy())


@pytest.fixture
def placed_patch(kick_patch):
    document = json.loads(kick_patch.read_text())
    document["render"] = {"sample_rate": 48000, "samples": 9600, "onset_samples": 480}
    kick_patch.write_text(json.dumps(document))
    return kick_patch


def test_patch_of_a_match_is_rendered_where_it_was_found(backbeat, placed_patch, out):
    shown = backbeat("render", placed_patch, "-o", out, "--json")
    assert {"sample_rate": 48000, "samples": 9600, "onset_samples": 480}.items() <= shown.document().items()
    assert torch.equal(read(out).audio, load(placed_patch).render())
    assert not samples(out)[:480].any()


def test_patch_of_a_match_keeps_its_length_at_another_sample_rate(backbeat, placed_patch, out):
    backbeat("render", placed_patch, "-o", out, "--sample-rate", "44100")
    assert (soundfile.info(out).samplerate, soundfile.info(out).frames) == (44100, 8820)


def test_patch_of_a_match_may_be_rendered_longer(backbeat, placed_patch, out):
    backbeat("render", placed_patch, "-o", out, "--seconds", "0.5")
    assert (soundfile.info(out).samplerate, soundfile.info(out).frames) == (48000, 24000)


def test_existing_file_is_replaced(backbeat, kick_patch, out):
    out.write_text("old")
    assert backbeat("render", kick_patch, "-o", out).status == 0
    assert soundfile.info(out).frames > 0


def test_other_suffixes_are_refused(backbeat, kick_patch, tmp_path):
    refused = backbeat("render", kick_patch, "-o", tmp_path / "out.mp3")
    assert refused.status == 1
    assert "'.mp3'; allowed: '.wav'" in refused.error()
    assert not (tmp_path / "out.mp3").exists()


def test_an_installation_without_kernels_renders_by_the_formula_and_says_so(tmp_path):
    command = [sys.executable, "-c", "from backbeat.cli import main; main()", "render", "kick/909", "-o", "kick.wav"]
    without = os.environ | {"BACKBEAT_KERNELS": "none"}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=without)
    assert (done.returncode, done.stdout) == (0, "kick.wav\n")
    said = "kick was rendered by its formula, several times as slowly: this installation has no kernels"
    assert said in " ".join(done.stderr.split())
    kick = preset("kick/909")
    expected = kick.sound(kick.natural_placement())
    assert np.abs(samples(tmp_path / "kick.wav")[: len(expected)] - expected).max() < 1e-4
