"""`backbeat export plugin-state`: what a host keeps of the plugin. `tests/ports` loads it in hosts."""

import json
import struct

import pytest

from backbeat.kits.bundle import to_json
from backbeat.kits.factory import factory_kit

KIT = to_json(factory_kit("808")).rstrip().encode()
STATE = (
    b"__dpf_state_begin__\0format\x001\0kit\0" + KIT + b"\0__dpf_state_end__\0"
    b"__dpf_parameters_begin__\0__dpf_parameters_end__\0\xfe\0"
)  # fmt: skip


def test_the_bytes_themselves(backbeat, tmp_path):
    out = tmp_path / "808.state"
    shown = backbeat("export", "plugin-state", "808", "-o", out)
    assert (shown.status, shown.out, shown.err) == (0, f"{out}\n", "")
    assert out.read_bytes() == STATE


def test_a_preset_of_vst3(backbeat, tmp_path):
    """A header with the place of a list at the end, which has the place of the state."""
    out = tmp_path / "808.vstpreset"
    assert backbeat("export", "plugin-state", "808", "-o", out).status == 0
    written = out.read_bytes()
    magic, version, identifier, place = struct.unpack_from("<4si32sq", written)
    assert (magic, version, len(bytes.fromhex(identifier.decode()))) == (b"VST3", 1, 16)
    mark, count, kind, start, length = struct.unpack("<4si4sqq", written[place:])
    assert (mark, count, kind) == (b"List", 1, b"Comp")
    assert written[start : start + length] == STATE


def test_a_preset_of_lv2(backbeat, tmp_path):
    out = tmp_path / "mine.lv2"
    for _ in range(2):
        assert backbeat("export", "plugin-state", "808", "-o", out).status == 0
    assert {path.name for path in out.iterdir()} == {"manifest.ttl", "808-like.ttl"}
    manifest = (out / "manifest.ttl").read_text(encoding="utf-8")
    assert "<808-like.ttl>\n    a pset:Preset ;\n    lv2:appliesTo <urn:backbeat:drum-machine> ;" in manifest
    written = (out / "808-like.ttl").read_text(encoding="utf-8")
    text = written.partition("<urn:backbeat:kit> ")[2].partition("\n")[0]
    assert json.loads(text).encode() == KIT  # as JSON escapes it, so does Turtle


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "manifest.ttl",
            "@prefix lv2: <http://lv2plug.in/ns/lv2core#> .\n\n<urn:backbeat:drum-machine> a lv2:Plugin .\n",
        ),
        ("notes.txt", "precious"),
    ],
)
def test_a_folder_with_something_else(backbeat, tmp_path, name, text):
    out = tmp_path / "backbeat.lv2"
    out.mkdir()
    (out / name).write_text(text)
    shown = backbeat("export", "plugin-state", "808", "-o", out)
    assert shown.status == 1
    assert "found a folder with something else, such as a plugin; must hold a preset, or nothing" in shown.err
    assert [path.name for path in out.iterdir()] == [name]
    assert (out / name).read_text() == text


def test_pads_without_knobs_are_told(backbeat, tmp_path):
    kit, out = tmp_path / "kit.json", tmp_path / "kit.state"
    assert backbeat("kit", "new", kit, "--like", "909", "--pad", "60:zap=kick/click").status == 0
    shown = backbeat("export", "plugin-state", kit, "-o", out)
    assert shown.notes() == ["the plugin plays all 17 pads, and has knobs for the first 16"]


@pytest.mark.parametrize("name", ["808.json", "808"])
def test_another_suffix(backbeat, tmp_path, name):
    shown = backbeat("export", "plugin-state", "808", "-o", tmp_path / name)
    assert shown.status == 1
    assert shown.err.endswith("; must end with .vstpreset, .lv2 or .state\n")
    assert not (tmp_path / name).exists()


def test_a_folder_that_is_not_there(backbeat, tmp_path):
    shown = backbeat("export", "plugin-state", "808", "-o", tmp_path / "none" / "808.state")
    assert shown.status == 2
    assert "there is no folder" in shown.err
