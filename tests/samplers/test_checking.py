"""Exports that were harmed: each fault is said in one line."""

import gzip
import io
import shutil
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest

from backbeat.audio import write
from backbeat.errors import KitError
from backbeat.samplers.checking import check
from backbeat.samplers.writers import WRITERS
from samplers.tones import RATE, Spec, make

FOLDERS = [name for name, writer in WRITERS.items() if not writer.suffix]


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports")
    kit = make(folder / "tones", [Spec(36, ((1, 60), (61, 127)), takes=2, name="Kick"), Spec(38, takes=2, name="Rim")])
    for name, writer in WRITERS.items():
        writer.write(kit, folder / f"{name}{writer.suffix}")
    return folder


@pytest.fixture
def export(exports, tmp_path):
    """A copy of one format's export, to be harmed."""

    def copied(name):
        file = f"{name}{WRITERS[name].suffix}"
        source = exports / file
        return shutil.copytree(source, tmp_path / file) if source.is_dir() else shutil.copy(source, tmp_path / file)

    return copied


def sample_of(folder):
    return next(each for each in sorted(folder.rglob("*.wav")) if each.name.startswith("Kick_v2_r1"))


def edit(path, *changes):
    text = path.read_text("utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path.write_text(text, "utf-8")


@pytest.mark.parametrize("name", FOLDERS)
def test_a_missing_sample(name, export):
    folder = export(name)
    sample_of(folder).unlink()
    (fault,) = check(folder)
    assert fault.endswith("Kick_v2_r1.wav: is missing")


@pytest.mark.parametrize("name", FOLDERS)
def test_a_sample_in_other_letters(name, export):
    folder = export(name)
    sample = sample_of(folder)
    sample.rename(sample.with_name("kick_v2_r1.wav"))
    (fault,) = check(folder)
    assert fault.endswith("kick_v2_r1.wav, in other letters")


@pytest.mark.parametrize("name", FOLDERS)
def test_a_sample_that_some_players_play_as_noise(name, export):
    folder = export(name)
    write(sample_of(folder), np.zeros((1, 1, 100), np.float32), RATE, bit_depth="32f")
    (fault,) = check(folder)
    assert "has format 3, 32 bits, 1 channels; must be PCM of 16 or 24 bits" in fault


@pytest.mark.parametrize("name", FOLDERS)
def test_a_sample_that_is_cut_short(name, export):
    folder = export(name)
    sample = sample_of(folder)
    sample.write_bytes(sample.read_bytes()[:200])
    (fault,) = check(folder)
    assert fault.endswith("is no whole WAV file")


@pytest.mark.parametrize("name", FOLDERS)
def test_a_name_that_some_players_cannot_open(name, export):
    folder = export(name)
    (folder / "read me & more.txt").write_text("")
    (fault,) = check(folder)
    assert fault.startswith("read me & more.txt: has letters that some player cannot open")


@pytest.mark.parametrize(
    ("name", "file", "change"),
    [
        ("wav", "kit.json", ('"high": 60', '"high": 50')),
        ("sfz", "*.sfz", ("hivel=60", "hivel=50")),
        ("decentsampler", "*.dspreset", ('hiVel="60"', 'hiVel="50"')),
        ("mpc", "*.xpm", ("<VelEnd>60<", "<VelEnd>50<")),
    ],
)
def test_a_hole_between_layers(name, file, change, export):
    folder = export(name)
    edit(next(folder.glob(file)), change)
    (fault,) = check(folder)
    assert "10 velocities from 51 on play nothing" in fault


@pytest.mark.parametrize(
    ("name", "file", "change"),
    [
        ("sfz", "*.sfz", ("lovel=61", "lovel=41")),
        ("decentsampler", "*.dspreset", ('loVel="61"', 'loVel="41"')),
        ("mpc", "*.xpm", ("<VelStart>61<", "<VelStart>41<")),
    ],
)
def test_layers_that_overlap(name, file, change, export):
    folder = export(name)
    edit(next(folder.glob(file)), change)
    (fault,) = check(folder)
    assert "layers from 1 to 60 and from 41 on overlap" in fault


@pytest.mark.parametrize(
    ("name", "file", "changes"),
    [
        (
            "sfz",
            "*.sfz",
            [("seq_length=2 seq_position=2 sample=samples/Rim", "seq_length=2 seq_position=3 sample=samples/Rim")],
        ),
        ("sfz", "*.sfz", [("seq_length=2 seq_position=2 sample=samples/Rim", "sample=samples/Rim")]),
    ],
)
def test_takes_out_of_turn(name, file, changes, export):
    folder = export(name)
    edit(next(folder.glob(file)), *changes)
    (fault,) = check(folder)
    assert "takes at velocities 1 to 127 have the turns" in fault


def test_a_hydrogen_kit_with_a_hole(export, tmp_path):
    with tarfile.open(export("hydrogen")) as archive:
        files = {each.name: archive.extractfile(each).read() for each in archive}
    name = next(each for each in files if each.endswith("drumkit.xml"))
    text = files[name].decode()
    assert "<max>0.476378</max>" in text
    files[name] = text.replace("<max>0.476378</max>", "<max>0.4</max>").encode()
    harmed = tmp_path / "harmed.h2drumkit"
    with tarfile.open(harmed, "w:gz") as archive:
        for each, content in files.items():
            entry = tarfile.TarInfo(each)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    assert check(harmed) == ("pad 0, Kick: 10 velocities from 51 on play nothing; must all play a layer",)


def test_drumgizmo_instruments_that_are_not_there(export):
    folder = export("drumgizmo")
    edit(next(folder.glob("*_midimap.xml")), ('instr="Kick"', 'instr="Kik"'))
    with pytest.raises(KitError, match="the MIDI map names 'Kik'; must be an instrument of"):
        check(folder)
    (folder / "instruments" / "Kick.xml").unlink()
    with pytest.raises(KitError, match=r"instruments/Kick\.xml: is missing"):
        check(folder)


def test_a_soundfont_that_is_cut_short_or_points_outside(export):
    path = export("sf2")
    content = path.read_bytes()
    path.write_bytes(content[:-10])
    (fault,) = check(path)
    assert fault == f"says that it has {len(content)} bytes, and has {len(content) - 10}"
    at = content.index(b"shdr") + 8 + 24  # the first sample's end
    path.write_bytes(content[:at] + struct.pack("<I", 2**31) + content[at + 4 :])
    assert check(path) == ("sample 0_Kick_v1_r1: lies outside the samples",)


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><MPCVObject>&b;</MPCVObject>'


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("kit.json", b"[" * 100_000, "is damaged"),
        ("kit.json", b'{"pads": 3}', "is damaged"),
        ("kit.json", b'{"pads": []}', None),
        ("a.sfz", b"<region> lovel=low", "is damaged"),
        ("a.sfz", b"\xff\xfe", "cannot be read"),
        ("a.xpm", BOMB.encode(), "is damaged"),
        ("a.xpm", b"<MPCVObject>", "is damaged"),
        ("a.txt", b"", "found no file that ends in kit.json, .sfz"),
    ],
)
def test_what_is_damaged_is_one_line(file, content, said, tmp_path):
    (tmp_path / file).write_bytes(content)
    if said is None:
        assert check(tmp_path) == ("plays no samples",)
        return
    with pytest.raises(KitError, match=said) as raised:
        check(tmp_path)
    assert "\n" not in str(raised.value)


def test_only_what_a_format_has_is_read(export, monkeypatch):
    folder = export("sfz")
    (folder / "video.mp4").write_bytes(bytes(5000))
    monkeypatch.setattr("backbeat.samplers.listing.MAX_TEXT_BYTES", 4000)
    assert check(folder) == ()
    (folder / "other.xml").write_bytes(bytes(4000))
    with pytest.raises(KitError, match=r"more than 4000 bytes of \.json, \.sfz"):
        check(folder)


def test_any_archive_of_an_export(export, tmp_path):
    archive = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", export("sfz")))
    assert check(archive) == ()


def test_two_kits_in_one_folder(export):
    folder = export("sfz")
    (folder / "other.sfz").write_text("")
    with pytest.raises(KitError, match=r"found 2 files that end in \.sfz; must be one"):
        check(folder)


def test_an_archive_that_claims_much(tmp_path):
    """A header of gigabytes is refused before it is read."""
    entry = tarfile.TarInfo("a")
    entry.type, entry.size = tarfile.XHDTYPE, 2**33
    path = tmp_path / "a.h2drumkit"
    path.write_bytes(gzip.compress(entry.tobuf(tarfile.GNU_FORMAT)))
    with pytest.raises(KitError, match="found a header of 8,589,934,592 bytes"):
        check(path)
    entry.type = tarfile.REGTYPE
    path.write_bytes(gzip.compress(entry.tobuf(tarfile.GNU_FORMAT)))
    with pytest.raises(KitError, match="member 'a': found 8,589,934,592 bytes; must be at most"):
        check(path)


@pytest.mark.parametrize("name", ["a.h2drumkit", "a.sf2", "none"])
def test_what_is_no_export(name, tmp_path):
    if name != "none":
        (tmp_path / name).write_bytes(b"no kit")
    with pytest.raises(KitError):
        check(tmp_path / name)
