"""What the plugin's face opens: kits by itself, and by the command `backbeat` all else."""

import ctypes
import json
import sys
from pathlib import Path

import pytest

from backbeat.kernels.library import library
from backbeat.kits.bundle import bundle, to_json
from backbeat.kits.document import save_kit
from backbeat.kits.factory import factory_kit
from backbeat.patch import preset, save
from kernels.crossbuilt import ROOT
from ports.beat import KIT
from ports.drum_machine import COMPILER

pytestmark = [
    pytest.mark.skipif(library() is None, reason="no kernels here to write kits with"),
    pytest.mark.skipif(COMPILER is None, reason="no compiler to build it with"),
]
OWN = to_json(KIT)
PAD = 1
ROOM = 1 << 22


@pytest.fixture
def opened(machines):
    def opened(path: Path, kit: str = OWN, pad: int = PAD) -> str:
        text = ctypes.create_string_buffer(ROOM)
        note = KIT.pads[pad].note
        failed = machines.open_file(str(path).encode(), kit.encode(), pad, note, text, ctypes.c_size_t(ROOM))
        found = text.value.decode()
        assert bool(failed) != found.startswith("{")
        return found

    return opened


@pytest.fixture
def path(monkeypatch, tmp_path) -> Path:
    """A folder, of which alone programs are run."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def command(path) -> None:
    """`backbeat`, as it is here."""
    program = path / "backbeat"
    program.write_text(f"#!{sys.executable}\nfrom backbeat.cli import main\nmain()\n", encoding="utf-8")
    program.chmod(0o755)


def test_a_kit_that_is_written_out_needs_no_command(opened, path, tmp_path):
    (tmp_path / "808.json").write_text(to_json(factory_kit("808")), encoding="utf-8")
    assert json.loads(opened(tmp_path / "808.json"))["name"] == "808-like"


def test_without_the_command(opened, path, tmp_path):
    save(preset("kick/909"), tmp_path / "a.patch.json")
    assert opened(tmp_path / "a.patch.json").startswith("a.patch.json: backbeat is not on the PATH")


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("a.json", to_json(KIT).replace('"schema":1', '"schema":9'), "a.json: schema"),
        ("a.txt", "hello", "a.txt: must be a kit or a patch (.json), or a sound"),
        ("a.json", "", "a.json: cannot be read"),
        ("a.json", '{"programs": [', "a.json: "),
    ],
)
def test_what_is_no_kit(opened, tmp_path, name, text, line):
    (tmp_path / name).write_text(text, encoding="utf-8")
    found = opened(tmp_path / name)
    assert found.startswith(line)
    assert "\n" not in found


def test_no_file(opened, tmp_path):
    assert opened(tmp_path / "a.json") == "a.json: cannot be read"


@pytest.mark.usefixtures("command")
def test_a_kit_document(opened, tmp_path):
    save_kit(factory_kit("808"), tmp_path / "mine.json")
    assert json.loads(opened(tmp_path / "mine.json")) == bundle(factory_kit("808"))


@pytest.mark.usefixtures("command")
def test_a_patch_takes_the_place_of_a_pad(opened, tmp_path):
    save(preset("cymbal/ride"), tmp_path / "a ride.patch.json")
    before, after = bundle(KIT), json.loads(opened(tmp_path / "a ride.patch.json"))
    made, was = after["pads"][PAD], before["pads"][PAD]
    assert made["name"] == "a_ride"
    kept = ("note", "notes", "level_db", "pan", "choke_group", "output", "layers", "round_robins")
    assert [made[each] for each in kept] == [was[each] for each in kept]
    expected = preset("cymbal/ride")
    assert after["programs"][made["program"]] == expected.instrument.program.as_json()
    for number, (old, new) in enumerate(zip(before["pads"], after["pads"], strict=True)):
        assert number == PAD or before["programs"][old["program"]] == after["programs"][new["program"]]
        assert number == PAD or {**old, "program": 0} == {**new, "program": 0}


@pytest.mark.usefixtures("command")
def test_what_the_command_says(opened, tmp_path):
    (tmp_path / "a.patch.json").write_text('{"plugin": "none"}', encoding="utf-8")
    found = opened(tmp_path / "a.patch.json")
    assert found.startswith("a.patch.json: backbeat: ")
    assert "\n" not in found


@pytest.mark.slow
@pytest.mark.usefixtures("command")
def test_a_sound_is_matched(opened):
    found = json.loads(opened(ROOT / "examples" / "sounds" / "bd_fat.flac", pad=0))
    assert found["pads"][0]["name"] == "bd_fat"
