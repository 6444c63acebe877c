"""Kits as files: what is read, and what is refused in one line."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from backbeat.errors import KitError
from backbeat.kits import Kit, Pad, from_json, load_kit, save_kit
from backbeat.kits.factory import factory_kit, factory_kits
from backbeat.patch import preset, save

KICK, HAT = "kick/909", "hat/909-open"


def document(**changes):
    pads = [{"name": "kick", "note": 36, "patch": KICK}, {"name": "open", "note": 46, "patch": HAT}]
    return {"schema": 1, "name": "mine", "pads": pads, **changes}


def with_pad(**changes):
    return document(pads=[{"name": "kick", "note": 36, "patch": KICK, **changes}])


def read(found, folder=None):
    return from_json(json.dumps(found), folder)


def test_a_kit_of_presets():
    kit = read(document(author="me", licence="CC0-1.0", layers=4, round_robins=2))
    assert [pad.patch for pad in kit.pads] == [preset(KICK), preset(HAT)]
    assert (kit.name, kit.author, kit.licence, kit.layers, kit.round_robins) == ("mine", "me", "CC0-1.0", 4, 2)
    assert kit.pad_of_note[46].name == "open"
    assert kit.notes_by_name == {"kick": 36, "open": 46}


def test_written_and_read_it_is_the_same(tmp_path):
    pads = (
        Pad("bass – é", 40, preset("kick/808-long"), {"length": 20.0}, notes=(30, 50), level_db=-3.5, pan=-0.25),
        Pad("open", 60, preset(HAT), width=0.5, choke_group=1, note_off="choke", output=3, layers=2, round_robins=5),
    )
    kit = Kit("Kick & #1 $x=50% – é", pads, author="me", licence="MIT", layers=8, round_robins=3)
    save_kit(kit, tmp_path / "kit.json")
    assert load_kit(tmp_path / "kit.json") == kit


def test_patch_files_beside_the_kit(tmp_path):
    (tmp_path / "patches").mkdir()
    save(preset(KICK), tmp_path / "patches" / "mine.json")
    (tmp_path / "kit.json").write_text(json.dumps(with_pad(patch="patches/mine.json")))
    assert load_kit(tmp_path / "kit.json").pads[0].patch == preset(KICK)


@pytest.mark.parametrize("name", ["../outside.json", "/outside.json", "linked.json", "round.json", "zero\0.json"])
def test_no_patch_outside_the_folder(tmp_path, name):
    save(preset(KICK), tmp_path / "outside.json")
    folder = tmp_path / "kit"
    folder.mkdir()
    (folder / "linked.json").symlink_to(tmp_path / "outside.json")
    (folder / "round.json").symlink_to(folder / "round.json")
    (folder / "kit.json").write_text(json.dumps(with_pad(patch=name)))
    with pytest.raises(KitError, match=r"kit.json: pads\[0\] \(kick\).patch: found '.*outside the kit's folder"):
        load_kit(folder / "kit.json")


def test_pads_that_span_notes_are_tuned():
    kit = read(with_pad(patch="kick/808-long", notes=[30, 50]))
    assert set(kit.pad_of_note) == set(range(30, 51))
    low, high = kit.pads[0].tuned(36 - 12), kit.pads[0].tuned(36)
    assert high == preset("kick/808-long")
    pitched = low.instrument.pitched[0]
    assert low.values[pitched] == pytest.approx(high.values[pitched] / 2.0)


def test_outputs_are_the_pads_unless_they_share_one():
    kit = read(document())
    assert kit.outputs == ((kit.pads[0],), (kit.pads[1],))
    shared = replace(kit, pads=tuple(replace(pad, output=2) for pad in kit.pads))
    assert shared.outputs == (shared.pads,)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (document(schema=2), "schema: found 2; this backbeat reads kits of schema 1"),
        (document(schema=True), "schema: found True"),
        (document(tempo=120), "tempo: no such field; there are name, pads, author"),
        (document(name=3), "name: found 3; must be a string"),
        (document(name=" "), "name: found ' '; must be a name"),
        (document(layers=0), "layers: found 0; must be a whole number from 1 to 127"),
        (document(layers=2.5), "layers: found 2.5"),
        (document(round_robins=65), "round_robins: found 65"),
        (document(pads=[]), "pads: found 0; must be from 1 to 128"),
        (document(pads={}), "pads: found {}; must be a list"),
        (document(pads=["kick"]), r"pads\[0\].pad: found 'kick'; must be an object"),
        ({"schema": 1, "name": "x"}, "pads: missing; there must be name, pads"),
        (with_pad(note=128), r"pads\[0\] \(kick\).note: found 128; must be a whole number from 0 to 127"),
        (with_pad(note=True), "note: found True"),
        (with_pad(colour="red"), "colour: no such field"),
        (with_pad(name=3), r"pads\[0\].name: found 3"),
        (with_pad(level_db=99), "level_db: found 99; must be a number from -60 to 24"),
        (with_pad(pan="left"), "pan: found 'left'; must be a number from -1 to 1"),
        (with_pad(width=2), "width: found 2"),
        (with_pad(choke_group=-1), "choke_group: found -1"),
        (with_pad(note_off="stop"), "note_off: found 'stop'; must be ring or choke"),
        (with_pad(note_off=7), "note_off: found 7; must be ring or choke"),
        (with_pad(output=1.0), "output: found 1.0"),
        (with_pad(layers=128), "layers: found 128"),
        (with_pad(notes=[37, 50]), r"notes: found \[37, 50\]; must be the first and the last note"),
        (with_pad(notes=36), "notes: found 36"),
        (with_pad(turns={"sparkle": 3}), "turns: found 'sparkle'; kick has tune, length"),
        (with_pad(turns={"tune": "high"}), "turns.tune: found 'high'; must be a number"),
        (with_pad(turns=[]), r"turns: found \[\]; must be an object"),
        (with_pad(patch="kick/none"), "patch: preset: found 'kick/none'; there are"),
        (with_pad(patch="mine.json"), "patch: found 'mine.json'; must be a patch, the name of a preset"),
        (with_pad(patch=3), "patch: found 3"),
        (with_pad(patch={"schema": 2}), "patch: plugin: missing"),
    ],
)
def test_what_is_wrong_is_named(found, said):
    with pytest.raises(KitError, match=said):
        read(found)


def test_texts_are_one_line_each():
    kit = read(document(name="a\n\x1b[31mb", author="me\ud800", pads=with_pad(name="kick\t\u0085 1")["pads"]))
    assert (kit.name, kit.author, kit.pads[0].name) == ("a [31mb", "me", "kick 1")
    with pytest.raises(KitError, match=r"pads\[0\] \(a b\).note"):
        read(with_pad(name="a\n\ud800b", note=128))
    with pytest.raises(KitError, match=r"name: found '\\n'; must be a name"):
        read(document(name="\n"))


def test_two_pads_on_one_note():
    kit = document()
    kit["pads"][1]["note"] = 36
    with pytest.raises(KitError, match=r"pads\[1\].note: found 36 for open, which kick has already"):
        read(kit)
    kit["pads"][1].update(note=40, notes=[30, 50], patch="kick/808-long")
    with pytest.raises(KitError, match="found 36 for open, which kick has already"):
        read(kit)


def test_two_pads_of_one_name():
    kit = document()
    kit["pads"][1]["name"] = "kick"
    with pytest.raises(KitError, match=r"pads\[1\].name: found 'kick' twice"):
        read(kit)


@pytest.mark.parametrize("text", ["", "[]", "3", "{", "[" * 100_000, '{"schema": 1}'])
def test_what_is_no_kit(text):
    with pytest.raises(KitError):
        from_json(text)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(KitError, match=r"gone\.json: cannot be read"):
        load_kit(tmp_path / "gone.json")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe")
    with pytest.raises(KitError, match="not text"):
        load_kit(tmp_path / "bytes.json")
    with pytest.raises(KitError, match="cannot be written"):
        save_kit(factory_kit("909"), tmp_path / "no" / "kit.json")
    assert not list(tmp_path.glob("no*"))


@pytest.mark.parametrize("name", factory_kits())
def test_factory_kits_have_sixteen_pads_of_sixteen_sounds(name):
    kit = factory_kit(name)
    assert len(kit.pads) == 16
    assert len({json.dumps(pad.turned.to_json()) for pad in kit.pads}) == 16
    assert {"kick", "snare", "closed", "open"} <= set(kit.notes_by_name)
    chokes = {pad.choke_group for pad in kit.pads if pad.name in ("closed", "pedal", "open")}
    assert len(chokes) == 1
    assert 0 not in chokes
    assert kit.licence == "CC0-1.0"


def test_there_are_eight_and_another_is_named(tmp_path: Path):
    assert len(factory_kits()) == 8
    with pytest.raises(KitError, match="kit: found 'nine'; there are 606, 808, 909"):
        factory_kit("nine")
