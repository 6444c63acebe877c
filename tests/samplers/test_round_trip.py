"""What is written is read back as it was, by readers that know nothing of the writers."""

from dataclasses import replace

import pytest

from backbeat.samplers.layers import without_holes
from backbeat.samplers.readers import read_kit
from backbeat.samplers.writers import WRITERS
from samplers.tones import NAME, Spec, make

SPECS = [
    Spec(36, ((1, 40), (41, 90), (91, 127)), takes=4),
    Spec(38, takes=6, channels=2),
    Spec(42, ((5, 60), (80, 120)), choke_group=1),
    Spec(46, choke_group=1),
    Spec(49),
]


def layout(kit):
    """Notes, chokes, layers, and the bytes of every take."""
    return [
        (
            (pad.low_note, pad.high_note, pad.root_note, pad.choke_group),
            [
                (layer.low, layer.high, [(take.gain_db, take.tune_st, take.file.read_bytes()) for take in layer.takes])
                for layer in without_holes(pad.layers)
            ],
        )
        for pad in kit.pads
    ]


@pytest.mark.parametrize("name", ["sfz", "decentsampler", "hydrogen"])
def test_a_kit_is_read_back_as_it_was_written(name, tmp_path):
    kit = make(tmp_path / "tones", SPECS)
    if name != "hydrogen":  # where a pad that spans notes is many
        wide = make(tmp_path / "wide", [Spec(60, high_note=72, root_note=64)])
        kit = replace(kit, pads=(*kit.pads, *wide.pads))
    out = tmp_path / f"out{WRITERS[name].suffix}"
    WRITERS[name].write(kit, out)
    back = read_kit(out)
    assert layout(back) == layout(kit)
    assert {(pad.level_db, pad.pan) for pad in back.pads} == {(0.0, 0.0)}
    if name == "hydrogen":
        assert (back.name, back.author, back.licence) == (NAME, kit.author, kit.licence)
        assert [pad.name for pad in back.pads] == [pad.name for pad in kit.pads]
