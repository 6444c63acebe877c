"""The plugin's drum machine: the bits of `kit render`, and what a host may do to it."""

import ctypes
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from backbeat.kernels.library import library
from backbeat.kits import Kit
from backbeat.kits.bundle import bundle, to_json
from backbeat.kits.factory import factory_kit
from backbeat.kits.hits import Hit, Hits, layer_of
from backbeat.kits.playing import Performance, mixed
from backbeat.patch import preset, presets, turn
from backbeat.songs import Note, Song
from kernels.crossbuilt import shared_folder
from ports import beat, drum_machine
from ports.beat import NOTES
from ports.drum_machine import COMPILER, DrumMachine, note, pad_parameter

pytestmark = [
    pytest.mark.skipif(library() is None, reason="no kernels here to compare with"),
    pytest.mark.skipif(COMPILER is None, reason="no compiler to build it with"),
]

RATE = 44100
KIT = replace(beat.KIT, layers=4)
THREE = to_json(KIT)
KICK, CLOSED, OPEN, TOMS = 36, 42, 46, 65
THREAD = Path(__file__).parent / "audio_thread.cpp"


@pytest.fixture(scope="module")
def refusing(machines) -> Iterator[DrumMachine]:
    with DrumMachine(machines, THREE, RATE) as made:
        yield made


@pytest.fixture
def machine(machines) -> Iterator[DrumMachine]:
    with DrumMachine(machines, THREE, RATE) as made:
        yield made


def song_of(kit: Kit) -> Song:
    random = Random(kit.name)
    notes = [Note(random.random(), random.choice(kit.pads).note, random.randint(1, 127)) for _ in range(60)]
    return Song(tuple(sorted(notes)), 1.0)


def check_song(machine: DrumMachine, kit: Kit, song: Song, rate: int, block: int) -> None:
    performance = Performance(Hits(kit, rate), song)
    expected = np.concatenate(list(performance.blocks()), axis=-1)
    events = [note(round(each.at_s * rate), each.note, each.velocity) for each in sorted(song.notes)]
    found = machine.play(events, performance.samples, block)
    assert np.abs(expected).max() > 0.05
    assert found[:2].tobytes() == mixed(expected).tobytes()
    outputs = {kit.outputs.index(pads): number for number, pads in enumerate(performance.outputs)}
    for output in range(min(len(kit.outputs), drum_machine.OUTPUTS)):
        own = found[2 + 2 * output : 4 + 2 * output]
        assert own.tobytes() == (expected[outputs[output]].tobytes() if output in outputs else bytes(own.nbytes))
    assert not found[2 + 2 * len(kit.outputs) :].any()


@pytest.mark.parametrize(("name", "rate", "block"), [("909", 48000, 61), ("acoustic", 22050, 1024), ("808", 96000, 7)])
def test_songs_have_the_bits_of_kit_render(machines, name, rate, block):
    kit = replace(factory_kit(name), layers=3, round_robins=2)
    with DrumMachine(machines, to_json(kit), rate) as machine:
        check_song(machine, kit, song_of(kit), rate, block)


@pytest.mark.parametrize(("rate", "block"), [(44100, 1), (8000, 129), (192000, 4096)])
def test_chokes_widths_and_notes_of_a_pad(machines, rate, block):
    song = Song(tuple(Note(*each) for each in NOTES), 1.0)
    with DrumMachine(machines, THREE, rate) as machine:
        check_song(machine, KIT, song, rate, block)


def test_missing_hits_are_rendered_where_the_host_is_offline(machines):
    song = Song(tuple(Note(*each) for each in NOTES), 1.0)
    with DrumMachine(machines, None, RATE) as machine:
        machine.set_offline(True)
        assert machine.load(THREE) == ""
        check_song(machine, KIT, song, RATE, 64)


def test_a_host_far_ahead_of_the_clock_is_offline(machines):
    kit, velocities = factory_kit("909"), (1, 30, 60)
    hits = Hits(kit, RATE)
    expected = [hits[Hit("crash", 49, layer_of(velocity, 16), 0)] for velocity in velocities]
    with DrumMachine(machines, None, RATE) as machine:
        assert machine.load(to_json(kit)) == ""
        machine.play([], 20 * RATE, 4096)
        found = [machine.play([note(0, 49, velocity)], 3 * RATE)[2 + 24 : 4 + 24] for velocity in velocities]
    for sound, hit in zip(found, expected, strict=True):
        gain = np.float32(10.0 ** (kit.pads[12].level_db / 20.0))
        np.testing.assert_allclose(sound[:, : hit.shape[1]], hit * gain, rtol=1e-5, atol=1e-7)


def test_macros_turn_as_in_python(machines):
    machines.kit_turned.restype = ctypes.c_size_t
    for name in presets()[::3]:
        patch = preset(name)
        kit = Kit("One", (replace(KIT.pads[0], patch=patch, turns={}),))
        text, table = to_json(kit).encode(), patch.instrument.table
        for knob, unit, _ in patch.knobs():
            for amount in {"st": (-30.0, 5.0), "%": (-40.0, 30.0), "dB": (-7.0, 4.0), "": (-0.2, 0.3)}.get(unit, ()):
                values = (ctypes.c_double * 1000)()
                given = (text, ctypes.c_size_t(len(text)), 0, knob.encode(), ctypes.c_double(amount))
                count = machines.kit_turned(*given, values, ctypes.c_size_t(1000))
                expected = table.flat(turn(patch, knob, amount).values)
                np.testing.assert_allclose(values[:count], expected, rtol=1e-12, atol=1e-12)


def off(frame: int, number: int) -> tuple[int, ...]:
    return frame, 0x80, number, 64


HELD = to_json(replace(KIT, pads=tuple(replace(each, note_off="choke") for each in KIT.pads)))
FADED = 0.006
"""Seconds, within which what is choked has faded."""


@pytest.mark.parametrize(
    ("ended", "number", "is_choked"),
    [
        ([off(3000, KICK)], KICK, True),
        ([note(3000, KICK, 0)], KICK, True),
        ([off(3000, CLOSED)], KICK, False),
        ([off(3000, OPEN)], OPEN, True),
        ([off(3000, TOMS)], TOMS, True),
        ([off(3000, TOMS + 1)], TOMS, False),  # another note of the same pad
    ],
)
def test_the_end_of_a_note_chokes_a_held_pad(machines, ended, number, is_choked):
    with DrumMachine(machines, HELD, RATE) as machine:
        whole = machine.play([note(0, number, 127)], RATE)
    with DrumMachine(machines, HELD, RATE) as machine:
        found = machine.play([note(0, number, 127), *ended], RATE)
    assert found[:, :3000].tobytes() == whole[:, :3000].tobytes()
    assert whole[:2, 3000 + round(FADED * RATE) :].any()
    assert (found.tobytes() != whole.tobytes()) == is_choked
    assert not is_choked or not found[:, 3000 + round(FADED * RATE) :].any()


def test_the_end_of_a_note_leaves_others_alone(machines):
    """What sounds in its group is another pad's by then; a pad that is not held rings on."""
    notes = [note(0, CLOSED, 127), note(500, OPEN, 127)]
    with DrumMachine(machines, HELD, RATE) as machine:
        whole = machine.play(notes, RATE)
    with DrumMachine(machines, HELD, RATE) as machine:
        assert machine.play([*notes, off(1000, CLOSED)], RATE).tobytes() == whole.tobytes()
    with DrumMachine(machines, THREE, RATE) as machine:
        ringing = machine.play([note(0, KICK, 127)], RATE)
    with DrumMachine(machines, THREE, RATE) as machine:
        assert machine.play([note(0, KICK, 127), off(3000, KICK)], RATE).tobytes() == ringing.tobytes()


def test_a_turned_knob_changes_the_next_hit(machine):
    events = [note(0, KICK, 127)]
    before = machine.play(events, RATE)
    machine.set(pad_parameter(0, drum_machine.TUNE), -5.0)
    machine.set(pad_parameter(0, drum_machine.LENGTH), 50.0)
    machine.wait()
    machine.play([note(0, KICK, 127)], 100)
    ringing = machine.play([], RATE)
    assert ringing.any()
    machine.play([], 2 * RATE)
    turned = turn(turn(KIT.pads[0].turned, "tune", -5.0), "length", 50.0)
    pad = replace(
        KIT.pads[0],
        patch=replace(
            turned.with_amounts(),
            velocity=KIT.pads[0].turned.with_amounts().velocity,
            humanize=KIT.pads[0].turned.with_amounts().humanize,
        ),
        turns={},
    )
    # The machine has played two hits of this layer, so that the next is the third.
    expected = Hits(Kit("Turned", (pad,), layers=4), RATE)[Hit("kick", KICK, 3, 2)][0]
    found = machine.play(events, len(expected))[2] / np.float32(10.0 ** (-2.0 / 20.0))
    np.testing.assert_allclose(found, expected, atol=2e-5)
    machine.set(pad_parameter(0, drum_machine.TUNE), 0.0)
    machine.set(pad_parameter(0, drum_machine.LENGTH), 0.0)
    machine.wait()
    machine.play([], RATE)
    machine.play([note(0, KICK, 127)], 2 * RATE)
    assert machine.play(events, RATE).tobytes() == before.tobytes()


def test_turning_while_it_sounds_leaves_what_sounds(machines):
    with DrumMachine(machines, THREE, RATE) as still, DrumMachine(machines, THREE, RATE) as turned:
        expected = still.play([note(0, OPEN, 100), note(0, KICK, 100)], RATE)
        first = turned.play([note(0, OPEN, 100), note(0, KICK, 100)], 1000)
        for amount in range(20):
            turned.set(pad_parameter(2, drum_machine.LENGTH), -amount)
            turned.set(pad_parameter(0, drum_machine.SNAP), amount)
            time.sleep(0.01)
        turned.wait()
        rest = turned.play([], RATE - 1000)
        assert np.concatenate([first, rest], axis=1).tobytes() == expected.tobytes()


def test_a_kit_taken_while_another_rings_leaves_its_tail(machines):
    with DrumMachine(machines, THREE, RATE) as still, DrumMachine(machines, THREE, RATE) as changed:
        notes = [note(0, OPEN, 100), note(0, KICK, 100), note(0, TOMS, 100)]
        expected = still.play(notes, RATE)
        first = changed.play(notes, 1000)
        assert changed.load(to_json(factory_kit("909"))) == ""
        changed.wait()
        rest = changed.play([], RATE - 1000)
        assert np.concatenate([first, rest], axis=1).tobytes() == expected.tobytes()
        assert changed.name() == factory_kit("909").name
        assert changed.play([note(0, 38, 100)], RATE)[2 + 6].any()


def test_level_and_pan_are_of_the_next_hits_and_the_kits_level_of_all(machine):
    plain = machine.play([note(0, KICK, 127)], RATE)
    machine.play([note(0, KICK, 127)] * 3, RATE)
    machine.set(pad_parameter(0, drum_machine.LEVEL), -6.0)
    machine.set(pad_parameter(0, drum_machine.PAN), -1.0)
    soft = machine.play([note(0, KICK, 127)], RATE)
    np.testing.assert_allclose(soft[0], plain[0] * 10.0 ** (-6.0 / 20.0) * math.sqrt(2.0), atol=1e-6)
    assert np.abs(soft[1]).max() < 1e-6
    machine.play([note(0, KICK, 127)] * 3, RATE)
    machine.set(drum_machine.KIT_LEVEL, -20.0)
    machine.play([], RATE)
    quiet = machine.play([note(0, KICK, 127)], RATE)
    np.testing.assert_allclose(quiet, soft * 0.1, atol=1e-6)


def test_the_kits_level_moves_without_a_step_at_any_size_of_blocks(machines):
    found = []
    for block in (1, 1000):
        with DrumMachine(machines, THREE, RATE) as machine:
            machine.play([note(0, OPEN, 100)], 100)
            machine.set(drum_machine.KIT_LEVEL, -60.0)
            found.append(machine.play([], 4000, block))
    assert found[0].tobytes() == found[1].tobytes()


def test_humanize(machine):
    def takes() -> list[bytes]:
        return [machine.play([note(0, CLOSED, 127)], RATE)[4:6].tobytes() for _ in range(3)]

    as_it_is = takes()
    machine.set(drum_machine.HUMANIZE, 0.0)
    machine.wait()
    still = takes()
    assert still[0] == as_it_is[0]
    assert still[1] != as_it_is[1]
    machine.set(drum_machine.HUMANIZE, 100.0)
    machine.wait()
    assert takes() == as_it_is


@pytest.mark.parametrize("controller", [120, 123])
def test_a_controller_silences_all(machine, controller):
    events = [note(0, OPEN, 100), note(0, KICK, 100), (500, 0xB3, controller, 0), note(20000, KICK, 100)]
    found = machine.play(events, RATE)
    assert found[:, 400:500].any()
    assert not found[:, 500 + math.ceil(0.005 * RATE) + 1 : 20000].any()
    assert found[:, 20000:].any()


def test_what_is_ignored(machine):
    silence = [(0, 0x80, KICK, 100), note(0, KICK, 0), (0, 0xB0, 64, 127), note(0, 1, 100), (0, 0xE0, KICK, 100)]
    assert not machine.play(silence, 1000).any()
    sustained = [note(0, KICK, 100), (100, 0x80, KICK, 0), (200, 0xB0, 64, 0), (300, 0xF8, 0, 0)]
    machine.play([note(0, KICK, 100)] * 3, RATE)
    found = machine.play(sustained, RATE)
    machine.play([note(0, KICK, 100)] * 3, RATE)
    assert found.tobytes() == machine.play([(0, 0x9F, KICK, 100)], RATE).tobytes()


def test_events_in_any_order_are_played_in_that_of_their_frames(machines):
    events = [note(frame, number, 100) for frame, number in ((300, KICK), (5, CLOSED), (10**6, OPEN), (5, OPEN))]
    with DrumMachine(machines, THREE, RATE) as one, DrumMachine(machines, THREE, RATE) as other:
        found = np.zeros((drum_machine.CHANNELS, 2000), np.float32)
        raw = [drum_machine.Event(frame, (ctypes.c_uint8 * 3)(*data)) for frame, *data in events]
        array = (drum_machine.Event * len(raw))(*raw)
        pointer = found.ctypes.data_as(ctypes.c_void_p)
        machines.machine_process(one.handle, array, ctypes.c_size_t(len(raw)), pointer, 2000)
        ordered = [note(5, CLOSED, 100), note(5, OPEN, 100), note(300, KICK, 100), note(1999, OPEN, 100)]
        assert found.tobytes() == other.play(ordered, 2000, 100).tobytes()


def test_while_a_hit_is_missing_the_nearest_sounds(machines):
    kit = factory_kit("909")
    with DrumMachine(machines, None, RATE) as machine:
        machine.set_offline(False)
        assert machine.load(to_json(kit)) == ""
        for pad in kit.pads:
            assert machine.play([note(0, pad.note, 3)], 4000)[2:].any()


def test_parameters_are_clipped_and_what_is_no_number_is_ignored(machine):
    machines, index = machine.calls, pad_parameter(2, drum_machine.TUNE)
    machine.set(index, 1e9)
    assert machine.get(index) == 24.0
    machine.set(index, math.nan)
    assert machine.get(index) == 24.0
    machine.set(index, -math.inf)
    assert machine.get(index) == -24.0
    for outside in (-1, 98, 10**6):
        machine.set(outside, 1.0)
    text, limits = ctypes.create_string_buffer(100), (ctypes.c_float * 3)()
    count = machines.parameter_of(0, text, ctypes.c_size_t(100), limits)
    symbols = set()
    for each in range(count):
        machines.parameter_of(each, text, ctypes.c_size_t(100), limits)
        symbols.add(text.value.split(b"|")[0])
        assert limits[0] <= limits[2] <= limits[1]
    assert len(symbols) == count == 2 + 16 * 6
    assert b"pad_03_tune" in symbols


def test_the_face_strikes_and_looks(machine):
    machine.calls.machine_strike(machine.handle, 1, 90)
    assert machine.play([], 1000)[2 + 2 :].any()
    assert machine.calls.machine_strikes(machine.handle, 1) == 1
    assert machine.calls.machine_velocity(machine.handle, 1) == 90
    expected = Hits(KIT, RATE)[Hit("toms", TOMS, 3, 0)][0]
    assert machine.wave(3).tobytes() == expected.tobytes()
    assert len(machine.wave(4)) == len(machine.wave(-1)) == 0


def test_without_a_kit_or_a_rate_there_is_silence(machines):
    with DrumMachine(machines) as machine:
        assert not machine.play([note(0, KICK, 100)], 100).any()
        assert not machine.activate(7999.0)
        assert not machine.activate(math.nan)
        assert machine.activate(RATE)
        assert not machine.play([note(0, KICK, 100)], 100).any()
        assert machine.load(THREE) == ""
        assert machine.play([note(0, KICK, 100)], 100).any()
        machine.calls.machine_deactivate(machine.handle)
        assert not machine.play([note(0, KICK, 100)], 100).any()
        assert machine.activate(48000)
        assert machine.play([note(0, KICK, 100)], 100).any()


Change = Callable[[dict[str, Any]], object]
DOCUMENT = bundle(KIT)


def pad(**fields: object) -> Change:
    return lambda kit: kit["pads"][1].update(fields)


def entry(name: str, value: object) -> Change:
    return lambda kit: kit["pads"][1][name].__setitem__(2, value)


def step(**fields: object) -> Change:
    return lambda kit: kit["pads"][0]["macros"]["sweep"]["steps"][-1].update(fields)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda kit: kit.update(schema=2), "schema: found 2; must be a whole number from 1 to 1"),
        (lambda kit: kit.pop("schema"), "schema: found none; must be"),
        (lambda kit: kit.update(name=3), "name: found 3; must be a string"),
        (lambda kit: kit.update(outputs=0), "outputs: found 0; must be a whole number from 1 to 128"),
        (lambda kit: kit.update(outputs=1e300), "outputs: found 1e+300"),
        (lambda kit: kit.update(pads=[]), "pads: found 0; must be 1 to 128"),
        (lambda kit: kit.update(pads=kit["pads"] * 40), "pads: found 160; must be 1 to 128"),
        (lambda kit: kit.update(pads={}), "pads: found an object; must be a list"),
        (lambda kit: kit.update(programs=[]), "programs: found 0; must be 1 to 128"),
        (lambda kit: kit["programs"].append(7), "programs[3].program: found a number"),
        (lambda kit: kit["programs"][0].update(output=10**9), "programs[0].output: must be a whole number"),
        (lambda kit: kit["programs"][0].update(inputs=1), "programs[0].inputs: found some; must be none"),
        (lambda kit: kit["pads"].append(None), "pads[4]: found null; must be an object"),
        (pad(name=None), "pads[1].name: found null; must be a string"),
        (pad(note=128), "pads[1].note: found 128; must be a whole number from 0 to 127"),
        (pad(note=1.5), "pads[1].note: found 1.5"),
        (pad(notes=[1]), "pads[1].notes: found 1; must be 2"),
        (pad(notes=[43, 44]), "pads[1].notes[0]: found 43; must be a whole number from 0 to 42"),
        (pad(notes=[30, 44]), "pads[1].notes: found 36, which 'kick' has already"),
        (pad(level_db=25), "pads[1].level_db: found 25; must be a number from -60 to 24"),
        (pad(level_db="1"), "pads[1].level_db: found '1'; must be a number"),
        (pad(pan=-1.01), "pads[1].pan: found -1.01; must be a number from -1 to 1"),
        (pad(width=True), "pads[1].width: found true or false; must be a number from 0 to 1"),
        (pad(choke_group=-1), "pads[1].choke_group: found -1"),
        (pad(note_off="stop"), 'pads[1].note_off: found \'stop\'; must be "ring" or "choke"'),
        (pad(note_off=1), "pads[1].note_off: found 1; must be a string"),
        (pad(output=3), "pads[1].output: found 3; must be a whole number from 0 to 2"),
        (pad(layers=128), "pads[1].layers: found 128; must be a whole number from 1 to 127"),
        (pad(round_robins=0), "pads[1].round_robins: found 0; must be a whole number from 1 to 64"),
        (pad(seed=2**31), "pads[1].seed: found 2147483648"),
        (pad(program=3), "pads[1].program: found 3; must be a whole number from 0 to 2"),
        (pad(values=[0.0]), "pads[1].values: found 1; must be 48"),
        (entry("values", None), "pads[1].values[2]: found null; must be a number"),
        (entry("values", 1e9), "pads[1].values[2]: found 1000000000; must be a number from"),
        (entry("velocity", 1.5), "pads[1].velocity[2]: found 1.5; must be a number from -1 to 1"),
        (entry("humanize", -2), "pads[1].humanize[2]: found -2"),
        (entry("curves", 3), "pads[1].curves[2]: found 3; must be a whole number from 0 to 2"),
        (pad(macros=[]), "pads[1].macros: found a list; must be an object"),
        (pad(macros={"x": {}}), "pads[1].macros.'x'.unit: found none; must be a string"),
        (pad(macros={str(k): {} for k in range(65)}), "pads[1].macros: found 65; must be at most 64"),
        (step(how="wobble"), "pads[0].macros.'sweep'.steps[2].how: found 'wobble'; must be multiply, divide"),
        (step(parameter="x"), "pads[0].macros.'sweep'.steps[2].parameter: found 'x'; must be a parameter"),
        (step(end_s=-1), "pads[0].macros.'sweep'.steps[2].end_s: found -1; must be a number from 0 to 600"),
        (step(depth_st=None), "pads[0].macros.'sweep'.steps[2].depth_st: found null; must be a string"),
        (step(keeps_off=0), "pads[0].macros.'sweep'.steps[2].keeps_off: found 0; must be true or false"),
        (step(how="tilt", octaves=[1, 2]), "pads[0].macros.'sweep'.steps[2].octaves: found 2; must be 1"),
    ],
)
def test_damaged_kits_are_refused_in_a_line(refusing, change, says):
    document = json.loads(json.dumps(DOCUMENT))
    change(document)
    check_refused(refusing, json.dumps(document).encode(), says)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "byte 0: found no value; must be JSON"),
        (b"[]", "kit: found a list; must be an object"),
        (THREE[:-100].encode(), "byte "),
        (THREE.replace('"level_db":-2.0', '"level_db":NaN').encode(), "byte "),
        (b"[" * 100000, "byte 64: found too many levels; must be JSON"),
        (b'{"a":' * 20 + b"1" + b"}" * 20, "byte "),
        (b'{"name":"\xff"}', "byte 9: found no character; must be UTF-8"),
        (b"[" + b"0," * 2_000_000 + b"0]", "byte 1999998: found more than 1000000 values"),
        (json.dumps({str(k): 0 for k in range(1000)}).encode(), "byte "),
        (b" " * (33 << 20), "found 34603008 bytes; must be at most 33554432"),
        (THREE.replace('"programs"', '"\\u0070rograms"').encode(), "programs: found a name with escapes"),
    ],
)
def test_what_is_no_kit_is_refused_in_a_line(refusing, text, says):
    check_refused(refusing, text, says)


def check_refused(machine: DrumMachine, text: bytes, says: str) -> None:
    said = machine.load(text)
    assert said.startswith(says)
    assert "\n" not in said
    assert machine.name() == "Three"
    assert machine.play([note(0, KICK, 100)], 1000).any()


def test_a_kit_cut_anywhere_is_refused(refusing):
    random = Random(0)
    text = THREE.rstrip().encode()
    for at in random.sample(range(len(text)), 50):
        assert refusing.load(text[:at]) != ""
    assert refusing.name() == "Three"


def test_the_audio_thread_neither_locks_nor_allocates(tmp_path_factory, machine_objects, tmp_path):
    """Nor waits: all that would is replaced in a program of its own, which plays, turns knobs and changes kits."""
    folder = shared_folder(tmp_path_factory) / "drum_machine"
    program = drum_machine.build(folder, THREAD, name="audio_thread", link=["-rdynamic"], compiled=machine_objects)
    for name, text in (("a.json", THREE), ("b.json", to_json(replace(factory_kit("909"), layers=3)))):
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert drum_machine.run([program, tmp_path / "a.json", tmp_path / "b.json", "2"]) == "0 calls\n"
    said = drum_machine.run([program, tmp_path / "a.json", tmp_path / "b.json", "0.1", "--offline"])
    assert said != "0 calls\n"
