"""The package for JavaScript, in Node: the bits of Python's engine."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backbeat import plugins
from backbeat.kernels.library import library
from backbeat.kits import Kit, Pad
from backbeat.kits.bundle import bundle
from backbeat.kits.factory import factory_kit
from backbeat.kits.hits import Hit, Hits, layer_of
from backbeat.kits.playing import Performance, mixed
from backbeat.patch import preset, presets, randomise, turn
from backbeat.patch.amounts import VelocityAmount
from backbeat.patch.document import Patch, Placement
from backbeat.patch.knobs import knobs
from backbeat.songs import Note, Song
from kernels.crossbuilt import ROOT
from ports.beat import KIT, NOTES, sha

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed"),
    pytest.mark.skipif(library() is None, reason="no kernels here to compare with"),
]

Node = Callable[..., Any]


@pytest.fixture
def node(package, tmp_path) -> Node:
    def run(task: str, **given: Any) -> Any:
        path = tmp_path / "task.json"
        path.write_text(json.dumps({"task": task, "given": given}), encoding="utf-8")
        command = ["node", "--expose-gc", str(Path(__file__).parent / "run.mjs"), str(package), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    return run


def documents(patch: Patch) -> dict[str, Any]:
    program = patch.instrument.program
    assert program is not None
    return {"program": program.as_json(), "patch": json.loads(patch.with_amounts().to_json())}


def with_detail() -> list[Patch]:
    return [randomise(plugins.get(name, detail_partials=5, detail_bands=8), seed=3) for name in plugins.names()]


@pytest.mark.parametrize("patches", [[preset(each) for each in presets()], with_detail()], ids=["presets", "detail"])
def test_hits_are_those_of_python(node, patches):
    places = [(44100, 8000), (48000, 8000)]
    strikes = [(velocity, number) for velocity in (1.0, 0.6, 0.05) for number in (0, 7)]
    expected = [
        sha(patch.hit(*strike).sound(Placement(rate, samples)))
        for patch in patches
        for rate, samples in places
        for strike in strikes
    ]
    found = node(
        "render",
        patches=[documents(patch) for patch in patches],
        places=[{"sampleRate": rate, "samples": samples} for rate, samples in places],
        strikes=[{"velocity": velocity, "hit": number} for velocity, number in strikes],
    )
    assert len(set(expected)) > 0.95 * len(expected)
    assert found == expected


def test_macros_turn_as_in_python(node):
    turns, expected = [], []
    for patch in [preset(name) for name in presets()] + with_detail():
        table, program = patch.instrument.table, patch.instrument.program
        given = {
            "program": {"parameters": program.as_json()["parameters"]},
            "values": table.flat(patch.values).tolist(),
        }
        for name, knob in knobs(patch).items():
            for amount in {"st": (-30.0, 5.0), "%": (-40.0, 30.0), "dB": (-7.0, 4.0), "": (-0.2, 0.3)}.get(
                knob["unit"], ()
            ):
                turns.append({**given, "macro": knob, "amount": amount})
                expected.append(table.flat(turn(patch, name, amount).values))
    for found, wanted in zip(node("turn", turns=turns), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kit", [KIT, factory_kit("909")], ids=["three", "909"])
def test_hits_of_a_kit_are_those_that_songs_are_made_of(node, kit):
    hits = Hits(kit, 48000)
    wanted = [(k, Hit(pad.name, pad.note, layer, layer % 3)) for k, pad in enumerate(kit.pads) for layer in (0, 3)]
    given = [{"pad": k, "note": hit.note, "layer": hit.layer, "take": hit.take} for k, hit in wanted]
    found = node("hits", kit=bundle(kit), sampleRate=48000, hits=given, turns=[])
    assert found == [[*hits[hit].shape, sha(hits[hit])] for _, hit in wanted]


def test_soft_hits_may_outlast_the_hardest(node):
    soft = replace(preset("kick/909"), velocity={"decay_s": VelocityAmount(-0.2)})
    kit = Kit("Soft", (Pad("kick", 36, soft, layers=4),))
    hits, hit = Hits(kit, 48000), Hit("kick", 36, 0, 0)
    longest = 1.1 * soft.natural_placement(48000).samples
    assert hits[hit].shape[1] > longest + 4800
    given = [{"pad": 0, "note": 36, "layer": 0, "take": 0}]
    assert node("hits", kit=bundle(kit), sampleRate=48000, hits=given, turns=[]) == [[*hits[hit].shape, sha(hits[hit])]]


def test_a_draft_is_the_beginning_of_a_hit(node):
    given = [{"pad": pad, "note": note, "layer": 3, "take": 0} for pad, note in ((0, 36), (2, 46), (3, 64))]
    for found in node("drafts", kit=bundle(KIT), sampleRate=48000, hits=given):
        assert found["frames"] == 19200 < found["whole"] <= found["room"]
        assert found["same"] == 19200 - 4800 + 1
        assert found["isSame"]


def test_a_turned_pad_sounds_as_that_patch(node):
    """But for its length, which is found sooner, and the rounding of powers."""
    given = [{"pad": 0, "note": 36, "layer": 15, "take": 0}]
    found = node("hits", kit=bundle(KIT), sampleRate=48000, hits=given, turns=[[0, {"tune": -5.0, "length": 150.0}]])
    patch = turn(turn(KIT.pads[0].turned, "tune", -5.0), "length", 150.0)
    longer = patch.natural_placement(48000).samples
    assert found[0][1] == pytest.approx(longer, rel=0.01)
    assert longer > 1.5 * KIT.pads[0].turned.natural_placement(48000).samples


@pytest.mark.parametrize("frames", [128, 100, 4096])
def test_the_audio_thread_mixes_as_a_song_is_rendered(node, frames):
    song = Song(tuple(Note(at_s, note, velocity) for at_s, note, velocity in NOTES), 1.0)
    performance = Performance(Hits(KIT, 44100), song)
    outputs = np.concatenate(list(performance.blocks()), axis=-1)
    blocks = [frames] * (performance.samples // frames) + [performance.samples % frames]
    notes = [{"at": at_s, "note": note, "velocity": velocity} for at_s, note, velocity in NOTES]
    given = {"kit": bundle(KIT), "sampleRate": 44100, "notes": notes, "blocks": [each for each in blocks if each]}
    whole = node("mix", **given)
    assert whole["sha"] == [sha(mixed(outputs))]
    assert [exact for _, exact in whole["played"]] == [True] * len(NOTES)
    assert node("mix", **given, separate=True)["sha"] == [sha(each) for each in outputs]


def test_hits_that_sound_go_on_when_their_rest_comes(node):
    """Whether the kit is still as it was, or its pads were turned meanwhile: then only what sounds has a rest."""
    notes = [each for each in NOTES if each[0] < 0.2]
    song = Song(tuple(Note(at_s, note, velocity) for at_s, note, velocity in notes), 1.0)
    performance = Performance(Hits(KIT, 44100), song)
    expected = sha(mixed(np.concatenate(list(performance.blocks()), axis=-1)))
    for turned in (None, 60):
        after = [] if turned is None else [(0.7, 36, 127)]  # what is silent, as it was turned to
        played = [{"at": at_s, "note": note, "velocity": velocity} for at_s, note, velocity in [*notes, *after]]
        blocks = [128] * (performance.samples // 128) + [performance.samples % 128]
        given = {"kit": bundle(KIT), "sampleRate": 44100, "notes": played, "blocks": [each for each in blocks if each]}
        assert node("mix", **given, completed=80, turned=turned)["sha"] == [expected]
        assert node("mix", **given, completed=10_000, turned=turned)["sha"] != [expected]


def test_what_was_struck_between_two_turns_sounds_on(node):
    found = node("turnedTwice", kit=bundle(KIT), sampleRate=44100, pad=2)
    assert found["isPast"]
    assert found["isSame"]
    assert found["frames"] > 0.4 * 44100


def test_silence_takes_no_memory(node):
    notes = [{"at": at_s, "note": note, "velocity": velocity} for at_s, note, velocity in NOTES]
    given = {"kit": bundle(KIT), "sampleRate": 44100, "notes": notes, "blocks": [128] * 1000}
    found = node("mix", **given, silent=50_000)
    assert found["grown"] == 0
    assert min(found["heap"]) < 8 * 50_000, "not even a number for each block"


def test_while_a_hit_is_not_there_the_nearest_sounds(node):
    notes = [{"at": 0.0, "note": 36, "velocity": 127}, {"at": 0.01, "note": 42, "velocity": 127}]
    soft = {"pad": 0, "note": 36, "layer": 2, "take": 0}
    layer = layer_of(100, 16)
    near = {**soft, "layer": layer, "take": 1}
    given = {"kit": bundle(KIT), "sampleRate": 44100, "notes": notes, "blocks": [128] * 100}
    found = node("mix", **given, missing=[soft, near])
    assert found["played"] == [[0, False], [1, False]]
    assert found["wanted"] == 2
    expected = np.zeros((2, 12800), np.float32)
    hits = Hits(KIT, 44100)
    louder = 10.0 ** (-30.0 * (layer - 15) / 16 / 20.0)
    expected[:] = (hits[Hit("kick", 36, layer, 1)] * np.float32(10.0 ** (-2.0 / 20.0) * louder))[:, :12800]
    assert found["sha"] == [sha(expected)]


def test_the_nearest_sounds_as_loud_as_what_is_not_there(node):
    """By how loud both layers were before the pad was turned."""
    notes = [{"at": 0.0, "note": 36, "velocity": 127}]
    hard, soft = ({"pad": 0, "note": 36, "layer": layer, "take": 0} for layer in (15, 2))
    given = {"kit": bundle(KIT), "sampleRate": 44100, "notes": notes, "blocks": [128] * 100}
    found = node("mix", **given, missing=[hard, soft], again=[soft])
    assert found["played"] == [[0, False]]
    hits = Hits(KIT, 44100)
    loud, sound = (hits[Hit("kick", 36, layer, 0)] for layer in (15, 2))
    gain = np.float32(10.0 ** (-2.0 / 20.0) * float(np.abs(loud).max()) / float(np.abs(sound).max()))
    expected = np.zeros((2, 12800), np.float32)
    expected[:, : sound.shape[1]] = (sound * gain)[:, :12800]
    assert found["sha"] == [sha(expected)]


def test_what_is_stopped_fades_and_the_rest_is_forgotten(node):
    notes = [{"at": at_s, "note": note, "velocity": velocity} for at_s, note, velocity in NOTES]
    given = {"kit": bundle(KIT), "sampleRate": 44100, "notes": notes, "blocks": [128] * 300}
    assert node("mix", **given)["last"] > 128 * 290
    found = node("mix", **given, stopped=100)
    assert 12800 < found["last"] < 12800 + 0.005 * 44100
    assert len(found["played"]) == sum(at_s * 44100 < 12800 for at_s, _, _ in NOTES)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"options": {"velocity": 1.5}}, "velocity: found 1.5; must be a number from 0 to 1"),
        ({"options": {"hit": 0.5}}, "hit: found 0.5; must be a whole number"),
        ({"options": {"samples": 0}}, "samples: found 0; must be a number from 1 to 268435456"),
        ({"options": {"sampleRate": "44100"}}, "sampleRate: found 44100; must be a number from 2000 to 768000"),
        ({"patch": {"velocity": None}}, "velocity: has no amounts; backbeat export patch writes them"),
        ({"patch": {"version": 99}}, "version: found 99; must be the program's, 2"),
        ({"patch": {"seed": -1}}, "seed: found -1; must be a number from 0 to 2147483647"),
        ({"patch": {"values": {}}}, "values.pitch_hz: found undefined; must be 1 numbers or an option"),
        ({"program": {"output": 10**6}}, "program: "),
    ],
)
def test_errors_are_one_line(node, change, line):
    given = {name: {**each, **change.get(name, {})} for name, each in documents(preset("kick/909")).items()}
    is_ours, message = node("refused", **given, options=change.get("options", {}))
    assert is_ours
    assert message.startswith(line)
    assert "\n" not in message


def test_what_npm_would_pack(package):
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    command = ["npm", "pack", "--dry-run", "--json", "--offline"]
    done = subprocess.run(command, cwd=package, capture_output=True, text=True, check=True)
    files = {each["path"] for each in json.loads(done.stdout)[0]["files"]}
    assert files == {"backbeat.js", "backbeat.wasm", "backbeat.d.ts", "package.json", "README.md", "LICENSE"}


def test_all_that_is_exported_has_a_type():
    types = (ROOT / "ports" / "web" / "backbeat.d.ts").read_text(encoding="utf-8")
    source = (ROOT / "ports" / "web" / "package.py").read_text(encoding="utf-8")
    public = re.findall(r'^    "(\w+)",$', source, re.MULTILINE)
    assert len(public) > 5
    for name in public:
        assert re.search(rf"^export (class|function) {name}\b", types, re.MULTILINE)
