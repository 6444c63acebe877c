"""What is written, where no player that runs here can say whether it is right, and what all formats share."""

import json
import os
import struct
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import fromstring

import numpy as np
import pytest
import soundfile

from backbeat.audio import write
from backbeat.errors import AudioError, KitError
from backbeat.samplers import Layer, SampledKit, SampledPad, Take
from backbeat.samplers.checking import check
from backbeat.samplers.layers import at_most
from backbeat.samplers.writers import WRITERS, drumgizmo
from samplers.tones import NAME, RATE, Spec, make

SPECS = [
    Spec(36, ((1, 40), (41, 90), (91, 127)), takes=4),
    Spec(38, takes=6, channels=2),
    Spec(42, ((5, 60), (80, 120)), choke_group=1),
    Spec(46, choke_group=1),
    Spec(49, choke_group=40),
    Spec(60, high_note=62, root_note=61),
]


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    made = make(tmp_path_factory.mktemp("tones"), SPECS)
    return replace(made, pads=(replace(made.pads[0], output=2), *made.pads[1:]))


@pytest.fixture(scope="module")
def exports(kit, tmp_path_factory):
    """Path and notes of the kit in each format."""
    folder = tmp_path_factory.mktemp("exports")
    made = {}
    for name, writer in WRITERS.items():
        out = folder / f"{name}{writer.suffix}"
        made[name] = (out, writer.write(kit, out))
    return made


@pytest.mark.parametrize("name", WRITERS)
def test_every_export_passes_its_check(exports, name):
    assert check(exports[name][0]) == ()


@pytest.mark.parametrize("name", WRITERS)
def test_nothing_else_is_left_beside_an_export(exports, name):
    out = exports[name][0]
    assert sorted(each.name for each in out.parent.iterdir()) == sorted(path.name for path, _ in exports.values())
    assert out.is_file() == bool(WRITERS[name].suffix)


@pytest.mark.parametrize("name", sorted(set(WRITERS) - {"hydrogen", "sf2"}))
def test_author_and_licence_come_along(exports, name):
    texts = [
        each.read_text("utf-8") for each in exports[name][0].rglob("*") if each.is_file() and each.suffix != ".wav"
    ]
    for said in ("Ann ", "a@b", "CC0-1.0"):
        assert any(said in text for text in texts)


def test_the_soundfont_carries_author_and_licence(exports):
    content = exports["sf2"][0].read_bytes()
    for chunk in (b"INAM", b"IENG", b"ICOP"):
        at = content.index(chunk)
        (size,) = struct.unpack_from("<I", content, at + 4)
        text = content[at + 8 : at + 8 + size]
        assert size % 2 == 0
        assert text.rstrip(b"\0") in (b"Kick & #1 $x=50% - e", b"Ann & Bob <a@b>", b"CC0-1.0")


def test_a_folder_of_waves_says_what_plays_them(exports, kit):
    folder, notes = exports["wav"]
    manifest = json.loads((folder / "kit.json").read_text("utf-8"))
    assert (manifest["name"], manifest["author"], manifest["licence"]) == (NAME, kit.author, kit.licence)
    assert [pad["name"] for pad in manifest["pads"]] == [pad.name for pad in kit.pads]
    assert manifest["pads"][0]["layers"][1] == {
        "low": 41,
        "high": 90,
        "takes": [{"file": f"Kick_1_x_50_e_v2_r{turn}.wav", "tune_st": 0.0} for turn in (1, 2, 3, 4)],
    }
    assert [(layer["low"], layer["high"]) for layer in manifest["pads"][2]["layers"]] == [(1, 69), (70, 127)]
    assert notes == ()
    files = [each["file"] for pad in manifest["pads"] for layer in pad["layers"] for each in layer["takes"]]
    takes = [take.file for pad in kit.pads for layer in pad.layers for take in layer.takes]
    for file, take in zip(files, takes, strict=True):
        assert (folder / file).read_bytes() == take.read_bytes()


def test_decent_sampler(exports, kit):
    folder, notes = exports["decentsampler"]
    (preset,) = folder.glob("*.dspreset")
    root = fromstring(preset.read_bytes())
    (groups,) = root.iter("groups")
    assert groups.get("ampVelTrack") == "0"
    parts = list(groups.iter("group"))
    assert len(parts) == len(kit.pads)
    kick, snare, closed, opened, crash, bass = parts
    assert [sample.get("seqMode") for sample in snare] == ["round_robin"] * 6
    assert [sample.get("seqPosition") for sample in snare] == list("123456")
    assert {sample.get("seqLength") for sample in snare} == {"6"}
    assert [(sample.get("loVel"), sample.get("hiVel")) for sample in kick][::4] == [
        ("1", "40"),
        ("41", "90"),
        ("91", "127"),
    ]
    for hat in (closed, opened):
        assert (hat.get("tags"), hat.get("silencedByTags"), hat.get("silencingMode")) == ("choke1", "choke1", "fast")
    assert crash.get("silencedByTags") == "choke40"
    assert kick.get("silencedByTags") is None
    assert kick.get("output1Target") == "AUX_STEREO_OUTPUT_2"
    assert [part.get("pitchKeyTrack") for part in parts] == ["0", "0", "0", "0", "0", "1"]
    assert (bass[0].get("loNote"), bass[0].get("hiNote"), bass[0].get("rootNote")) == ("60", "62", "61")
    assert notes == ()


def test_mpc(exports, kit):
    folder, notes = exports["mpc"]
    (program,) = folder.glob("*.xpm")
    root = fromstring(program.read_bytes())
    assert root.find("Program").get("type") == "Drum"
    pads = list(root.iter("Instrument"))
    assert [pad.get("number") for pad in pads] == [str(number) for number in range(1, 129)]
    assert all(len(list(pad.iter("Layer"))) == 4 for pad in pads)
    assert {pad.findtext("VelocitySensitivity") for pad in pads} == {"0.000000"}
    assert {pad.findtext("OneShot") for pad in pads} == {"True"}
    notes_of_pads = [int(each.findtext("Note")) for each in root.iter("PadNote")]
    assert notes_of_pads[:8] == [36, 38, 42, 46, 49, 60, 61, 62]
    assert sorted(notes_of_pads) == list(range(128))
    names = [[layer.findtext("SampleName") for layer in pad.iter("Layer")] for pad in pads]
    assert names[0] == ["Kick_1_x_50_e_v1_r1", "Kick_1_x_50_e_v2_r1", "Kick_1_x_50_e_v3_r1", ""]
    assert names[1] == [f"Kick_1_x_50_e1_v1_r{turn}" for turn in (1, 2, 3, 4)]
    assert [pad.findtext("ZonePlay") for pad in pads[:3]] == ["1", "0", "1"]
    velocities = [(layer.findtext("VelStart"), layer.findtext("VelEnd")) for layer in pads[0].iter("Layer")]
    assert velocities[:3] == [("0", "40"), ("41", "90"), ("91", "127")]
    assert [pad.findtext("MuteGroup") for pad in pads[:6]] == ["0", "0", "1", "1", "0", "0"]
    tunes = [next(pad.iter("Layer")).findtext("TuneCoarse") for pad in pads[5:8]]
    assert tunes == ["-1", "0", "1"]
    assert next(pads[0].iter("Layer")).findtext("SliceEnd") == "960"
    assert len(notes) == 4
    assert "4 layers" in notes[0]


def test_mpc_has_128_pads(kit, tmp_path):
    wide = replace(kit.pads[0], low_note=0, high_note=127)
    with pytest.raises(KitError, match="129 notes for an MPC program; allowed: 128"):
        WRITERS["mpc"].write(replace(kit, pads=(wide, kit.pads[1])), tmp_path / "out")


@pytest.mark.parametrize(
    "ranges",
    [
        [(1, 127)],
        [(1, 64), (65, 127)],
        [(1, 100), (101, 127)],
        [(1, 3), (4, 100), (101, 110), (111, 127)],
        [(8 * step + 1, min(127, 8 * step + 8)) for step in range(16)],
        [(each, each) for each in range(1, 128)],
    ],
)
def test_the_power_nearest_to_a_velocity_is_of_its_layer(ranges):
    zones = [drumgizmo.Zone(low, high, ()) for low, high in ranges]
    stands = drumgizmo.powers(zones)
    every = [(power, number) for number, powers in enumerate(stands) for power in powers]
    if len(ranges) > 1:
        assert (min(every)[0], max(every)[0]) == (0.0, 1.0)
    for velocity in range(1, 128):
        level = (velocity - 0.5) / 127
        low, high = ranges[min(every, key=lambda stand: abs(stand[0] - level))[1]]
        assert low <= velocity <= high


def test_even_layers_stand_once_but_at_the_ends():
    zones = [drumgizmo.Zone(8 * step + 1, min(127, 8 * step + 8), ()) for step in range(16)]
    assert [len(powers) for powers in drumgizmo.powers(zones)] == [2, *[1] * 14, 2]


def test_drumgizmo_says_what_it_cannot_hold(tmp_path):
    layers = tuple((18 * step + 1, 18 * step + 18) for step in range(7))
    kit = make(tmp_path / "tones", [Spec(36, layers), Spec(60, high_note=61, root_note=60)])
    tuning, neighbours = WRITERS["drumgizmo"].write(kit, tmp_path / "many")
    assert "pads do not follow notes" in tuning
    assert "neighbours of a layer" in neighbours
    assert WRITERS["drumgizmo"].write(replace(kit, pads=(at_most(kit.pads[0], 6),)), tmp_path / "few") == ()


def one_take(file: Path, **changes) -> SampledKit:
    return SampledKit("kit", (SampledPad("pad", 36, 36, (Layer(1, 127, (Take(file),)),), **changes),))


def only_sample(folder: Path) -> np.ndarray:
    (file,) = folder.rglob("*.wav")
    assert soundfile.info(file).subtype == "PCM_24"
    return soundfile.read(file, dtype="float32", always_2d=True)[0].T


def test_level_and_pan_are_in_the_samples(tmp_path):
    file = tmp_path / "a.wav"
    write(file, np.full((1, 1, 100), 0.5, np.float32), RATE, bit_depth="24")
    kit = one_take(file, level_db=-6.0, pan=-0.5)
    assert WRITERS["sfz"].write(kit, tmp_path / "out") == ()
    left, right = only_sample(tmp_path / "out")
    np.testing.assert_allclose(left, 0.5 * 10 ** (-6 / 20), atol=1e-6)
    np.testing.assert_allclose(right, 0.25 * 10 ** (-6 / 20), atol=1e-6)


def test_what_does_not_fit_is_clipped_and_said(tmp_path):
    file = tmp_path / "a.wav"
    write(file, np.full((1, 1, 100), 0.5, np.float32), RATE, bit_depth="24")
    (note,) = WRITERS["wav"].write(one_take(file, level_db=20.0), tmp_path / "out")
    assert note == "1 of 1 samples are louder than a file can hold at their level, and were clipped."


def test_floats_loops_and_other_formats_become_plain_waves(tmp_path):
    tone = (0.5 * np.sin(np.arange(400) / 10)).astype(np.float32)
    write(tmp_path / "float.wav", tone[None, None], RATE)
    soundfile.write(tmp_path / "a.flac", tone, RATE)
    write(tmp_path / "loop.wav", tone[None, None], RATE, bit_depth="24")
    with (tmp_path / "loop.wav").open("r+b") as file:
        content = file.read() + b"smpl" + struct.pack("<I", 36) + bytes(36)
        file.seek(0)
        file.write(content[:4] + struct.pack("<I", len(content) - 8) + content[8:])
    for name in ("float.wav", "a.flac", "loop.wav"):
        out = tmp_path / f"{name} out"
        WRITERS["wav"].write(one_take(tmp_path / name), out)
        np.testing.assert_allclose(only_sample(out)[0], tone, atol=2e-5)
        assert check(out) == ()
        assert b"smpl" not in next(out.glob("*.wav")).read_bytes()


@pytest.mark.parametrize("name", WRITERS)
def test_a_sample_that_cannot_be_read_leaves_nothing_behind(name, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF no more")
    with pytest.raises(AudioError, match=r"a\.wav: cannot be read"):
        WRITERS[name].write(one_take(tmp_path / "a.wav"), tmp_path / f"out{WRITERS[name].suffix}")
    assert os.listdir(tmp_path) == ["a.wav"]


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_there_already(name, kit, tmp_path):
    writer = WRITERS[name]
    out = tmp_path / f"out{writer.suffix}"
    if writer.suffix:
        out.write_text("old")
        writer.write(kit, out)
        assert out.read_bytes()[:3] != b"old"
    else:
        out.mkdir()
        (out / "song.txt").write_text("mine")
        with pytest.raises(KitError, match=r"out: is there already; allowed: a new folder, or an empty one"):
            writer.write(kit, out)
        assert [each.name for each in out.iterdir()] == ["song.txt"]
        (out / "song.txt").unlink()
        writer.write(kit, out)
    assert check(out) == ()


@pytest.mark.parametrize("name", WRITERS)
def test_a_folder_that_is_not_there(name, kit, tmp_path):
    with pytest.raises(KitError, match=r"cannot be written \(No such file or directory\)"):
        WRITERS[name].write(kit, tmp_path / "none" / f"out{WRITERS[name].suffix}")


@pytest.mark.parametrize("name", ["hydrogen", "sf2"])
def test_other_suffixes(name, kit, tmp_path):
    with pytest.raises(KitError, match=r"suffix '\.zip'; allowed: "):
        WRITERS[name].write(kit, tmp_path / "out.zip")


@pytest.mark.parametrize("name", WRITERS)
def test_the_same_kit_gives_the_same_bytes(name, kit, exports, tmp_path):
    out = tmp_path / exports[name][0].name
    WRITERS[name].write(kit, out)
    files = [out] if out.is_file() else [each for each in sorted(out.rglob("*")) if each.is_file()]
    for file in files:
        before = exports[name][0] / file.relative_to(out) if out.is_dir() else exports[name][0]
        assert file.read_bytes() == before.read_bytes()


def test_pads_of_one_name_stay_apart(tmp_path):
    file = tmp_path / "a.wav"
    write(file, np.full((1, 1, 100), 0.5, np.float32), RATE, bit_depth="24")
    pad = one_take(file).pads[0]
    kit = SampledKit("kit", (replace(pad, name="Tom"), replace(pad, name="tom", low_note=37, high_note=37)))
    WRITERS["wav"].write(kit, tmp_path / "out")
    assert sorted(each.name for each in (tmp_path / "out").glob("*.wav")) == ["Tom_v1_r1.wav", "tom_2_v1_r1.wav"]


def test_writers_need_no_pytorch():
    import subprocess
    import sys

    code = "import sys; sys.modules['torch'] = None; import backbeat.samplers.writers, backbeat.samplers.checking"
    subprocess.run([sys.executable, "-c", code], check=True)
