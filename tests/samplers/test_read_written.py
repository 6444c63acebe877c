"""What our writers write is read as what was written."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from backbeat.errors import KitError
from backbeat.samplers import SampledKit
from backbeat.samplers.names import safe_name
from backbeat.samplers.readers import read_kit
from backbeat.samplers.writers import WRITERS
from samplers.tones import NAME, Spec, make

SPECS = [
    Spec(36, layers=((1, 40), (41, 90), (91, 127)), takes=3, name="Kick"),
    Spec(42, choke_group=1, name="Closed", takes=2, channels=2),
    Spec(46, choke_group=1, name="Open"),
    Spec(49, name=NAME),
    Spec(52, layers=((1, 23), (24, 51), (52, 75), (76, 99), (100, 127)), name="Uneven"),
]
SPAN = Spec(60, high_note=72, root_note=64, name="Bass", layers=((1, 64), (65, 127)))
READABLE = [name for name in WRITERS if name not in ("sf2", "mpc")]


def write_and_read(format_name: str, kit: SampledKit, out: Path) -> SampledKit:
    path = out / f"kit{WRITERS[format_name].suffix}"
    WRITERS[format_name].write(kit, path)
    return read_kit(path)


def sounds(files: list[Path]) -> list[np.ndarray]:
    return [soundfile.read(file)[0] for file in files]


@pytest.mark.parametrize("format_name", READABLE)
def test_pads_layers_takes_and_chokes_are_what_was_written(tmp_path, format_name):
    specs = {"hydrogen": SPECS, "drumgizmo": [*SPECS, replace(SPAN, root_note=None)]}.get(format_name, [*SPECS, SPAN])
    kit = make(tmp_path / "tones", specs)
    read = write_and_read(format_name, kit, tmp_path)
    if format_name in ("hydrogen", "wav", "drumgizmo"):
        assert (read.name, read.author, read.licence) == (kit.name, kit.author, kit.licence)
    for pad, written in zip(read.pads, kit.pads, strict=True):
        assert safe_name(pad.name) == safe_name(written.name)
        assert (pad.low_note, pad.high_note, pad.root_note) == (written.low_note, written.high_note, written.root_note)
        assert (pad.choke_group, pad.output, pad.pan) == (written.choke_group, written.output, 0.0)
        assert pad.level_db == pytest.approx(0.0, abs=1e-6)
        assert [(layer.low, layer.high) for layer in pad.layers] == [
            (layer.low, layer.high) for layer in written.layers
        ]
        for layer, other in zip(pad.layers, written.layers, strict=True):
            assert {(take.gain_db, take.tune_st) for take in layer.takes} == {(0.0, 0.0)}
            for one, two in zip(
                sounds([take.file for take in layer.takes]), sounds([take.file for take in other.takes]), strict=True
            ):
                np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": ' + "[" * 100_000, "found no JSON"),
        ("{", "found no JSON"),
        ("{}", "pads: found null; must be a list of at most 16,384 objects"),
        ('{"pads": [1]}', "pads: found a list; must be a list of at most 16,384 objects"),
        ('{"pads": []}', "pads: found none with a sample; must be at least one"),
        ('{"pads": [{"low_note": 128}]}', "low_note: found 128; must be a whole number from 0 to 127"),
        ('{"pads": [{"low_note": "x"}]}', 'low_note: found "x"; must be a whole number from 0 to 127'),
        ('{"pads": [{"low_note": true}]}', "low_note: found true; must be a whole number from 0 to 127"),
        ('{"pads": [{"low_note": 1, "root_note": "c"}]}', 'root_note: found "c"; must be a whole number from 0 to 127'),
        ('{"pads": [{"low_note": 9, "high_note": 3}]}', "Pad: found notes 9 to 3; must be in order"),
        ('{"pads": [{"low_note": 1}]}', "layers: found null; must be a list of at most 16,384 objects"),
        (
            '{"pads": [{"low_note": 1, "layers": [{"takes": [{"file": "../x.wav"}]}]}]}',
            "pads: found none with a sample (Samples that are outside the kit's folder were left out: ../x.wav)",
        ),
    ],
)
def test_manifests_that_are_none_are_refused_in_one_line(tmp_path, text, told):
    path = tmp_path / "kit.json"
    path.write_text(text)
    with pytest.raises(KitError) as error:
        read_kit(path)
    assert told in str(error.value)
    assert str(error.value).isprintable()
