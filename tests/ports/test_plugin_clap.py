"""The CLAP plugin in a host of our own, which walks through the specification's life of a plugin."""

import ctypes
import itertools
import random
import re
import subprocess

import numpy as np
import pytest

from backbeat.kernels.library import library
from backbeat.kits.bundle import to_json
from backbeat.kits.hits import Hits
from backbeat.kits.playing import Performance, mixed
from backbeat.songs import Note, Song
from ports import clap_host
from ports.beat import KIT, NOTES
from ports.clap_host import ERROR, FOREIGN, IDENTIFIER, NOTE_OFF, Host, midi, note, value
from ports.conftest import build_plugin

PARAMETERS = 2 + 16 * 6 + 1
LEVEL, FIRST_PAN, FIRST_TUNE, BYPASS = 0, 3, 4, PARAMETERS - 1
KICK, CRASH = 36, 49


@pytest.fixture(scope="module")
def host(plugin):
    opened = Host(plugin / "backbeat.clap")
    yield opened
    opened.entry.deinit()


@pytest.fixture
def drums(host):
    made = host.begun()
    yield made
    made.destroy()


def state_of(kit: str, state: bytes) -> bytes:
    """The state with another kit in it."""
    before, _, rest = state.partition(b"kit\0")
    return before + b"kit\0" + kit.encode() + b"\0" + rest.partition(b"\0")[2]


class TestScanning:
    def test_it_says_what_it_is(self, host):
        found = host.descriptor()
        features = list(itertools.takewhile(bool, found.features))
        assert (found.id, found.name, found.vendor) == (IDENTIFIER, b"backbeat", b"backbeat")
        assert found.release == b"0.1.0"
        assert {b"instrument", b"drum-machine"} <= set(features)
        assert host.factory.count(ctypes.byref(host.factory)) == 1

    def test_what_there_is_not(self, host):
        assert host.descriptor(1) is None
        for identifier in (IDENTIFIER + b"x", IDENTIFIER[:-1], b""):
            assert host.create(identifier) is None
        assert host.entry.factory(b"clap.other-factory") is None

    def test_begun_and_ended_twice(self, host, plugin):
        assert host.entry.init(str(plugin / "backbeat.clap").encode())
        host.entry.deinit()
        assert host.descriptor().id == IDENTIFIER

    def test_outputs(self, drums):
        assert drums.ports("count", True) == 0
        assert drums.ports("count", False) == 17
        info = clap_host.PortInfo()
        names = []
        for index in range(17):
            assert drums.ports("get", index, False, ctypes.byref(info))
            names.append(info.name.decode())
            assert (info.channels, info.type, info.flags) == (2, b"stereo", int(index == 0))
        assert names == ["Mix", *(f"Output {number}" for number in range(1, 17))]
        assert not drums.ports("get", 17, False, ctypes.byref(info))


class TestParameters:
    def test_they_stay_as_they_are(self, drums):
        """Projects keep them by number: this list only grows at its end."""
        pads = [
            (f"Pad {pad} {name}", *span)
            for pad in range(1, 17)
            for name, *span in (
                ("level", -60, 24, 0), ("pan", -1, 1, 0), ("tune", -24, 24, 0), ("length", -90, 200, 0),
                ("brightness", -100, 100, 0), ("snap", -24, 24, 0),
            )
        ]  # fmt: skip
        expected = [("Level", -60, 12, 0), ("Humanize", 0, 200, 100), *pads, ("Bypass", 0, 1, 0)]
        found, info = [], clap_host.ParamInfo()
        for index in range(drums.params("count")):
            assert drums.params("info", index, ctypes.byref(info))
            assert info.id == index
            found.append((info.name.decode(), info.least, info.greatest, info.standard))
            assert drums.parameter(index) == info.standard
        assert found == expected
        assert not drums.params("info", PARAMETERS, ctypes.byref(info))

    @pytest.mark.parametrize("number", [PARAMETERS, 2**31, 2**32 - 1])
    def test_wrong_numbers(self, drums, number):
        drums.start(44100)
        assert drums.parameter(number) is None
        before = drums.save()
        drums.play(64, [value(0, number, 1.0)])
        drums.flush([value(0, number, 1.0)])
        assert drums.save() == before
        drums.stop()

    def test_values(self, drums):
        drums.flush([value(0, FIRST_TUNE, -3.5), value(0, FIRST_PAN, 7.0), value(0, LEVEL, np.nan)])
        drums.flush([value(0, FIRST_TUNE, 9.0, space=FOREIGN)])
        assert [drums.parameter(each) for each in (FIRST_TUNE, FIRST_PAN, LEVEL)] == [-3.5, 1.0, 0.0]

    def test_text(self, drums):
        text = ctypes.create_string_buffer(64)
        found = ctypes.c_double()
        assert drums.params("to_text", FIRST_TUNE, -3.5, text, 64)
        assert text.value == b"-3.50 st"
        assert drums.params("to_value", FIRST_TUNE, b"-3.50 st", ctypes.byref(found))
        assert found.value == -3.5
        assert not drums.params("to_value", FIRST_TUNE, b"loud", ctypes.byref(found))
        assert not drums.params("to_text", PARAMETERS, 0.0, text, 64)


class TestSound:
    @pytest.mark.skipif(library() is None, reason="no kernels here to compare with")
    @pytest.mark.parametrize(("rate", "frames"), [(44100, 64), (48000, 1000), (8000, 1), (192000, 4096)])
    def test_a_song(self, drums, rate, frames):
        song = Song(tuple(Note(at_s, key, velocity) for at_s, key, velocity in NOTES), 1.0)
        performance = Performance(Hits(KIT, rate), song)
        outputs = np.concatenate(list(performance.blocks()), axis=-1)[..., : rate // 2]
        assert drums.load(state_of(to_json(KIT).rstrip(), drums.save()))
        drums.start(rate)
        events = [(round(at_s * rate), key, velocity) for at_s, key, velocity in NOTES]
        found = []
        for at in range(0, outputs.shape[-1], frames):
            length = min(frames, outputs.shape[-1] - at)
            found.append(
                drums.play(length, [midi(each - at, 0x90, *rest) for each, *rest in events if at <= each < at + length])
            )
        whole = np.concatenate(found, axis=-1)
        np.testing.assert_array_equal(whole[:2], mixed(outputs))
        for number, output in enumerate(outputs):
            np.testing.assert_array_equal(whole[2 + 2 * number : 4 + 2 * number], output)
        drums.stop()

    def test_events_in_any_order(self, host):
        events = [
            note(300, KICK, 1.0),
            midi(20, 0x90, CRASH, 90),
            note(700, KICK, 0.5),
            note(5, KICK, 1.0, kind=NOTE_OFF),
        ]
        found = []
        for order in (events, events[::-1]):
            drums = host.begun()
            drums.start(44100)
            found.append(drums.play(512, order))
            drums.destroy()  # active: then it ends by itself
        np.testing.assert_array_equal(*found)
        assert not found[0][:, :20].any()
        assert found[0][0, 20:].any()

    def test_what_is_not_for_it(self, drums):
        drums.start(44100)
        foreign = [
            note(0, KICK, 1.0, space=FOREIGN),
            note(0, KICK, 1.0, port=3),
            note(0, -1, 1.0),
            note(0, KICK, np.nan),
        ]
        short = note(0, KICK, 1.0)
        short.header.size = 8
        assert not drums.play(64, [*foreign, short, clap_host.Header(16, 0, 0, clap_host.TRANSPORT, 0)]).any()
        assert drums.play(64, ports=16) == ERROR
        assert drums.play(64, [note(0, KICK, 1.0)]).any()
        drums.stop()

    def test_off(self, drums):
        drums.start(44100)
        assert drums.play(400, [note(0, CRASH, 1.0)])[:, -10:].any()
        drums.play(400, [midi(0, 0xB0, 120, 0)])
        assert not drums.play(64).any()
        assert drums.play(400, [note(0, CRASH, 1.0)])[:, -10:].any()
        drums.call("reset")
        drums.play(400)
        assert not drums.play(64).any()
        assert drums.play(400, [note(0, CRASH, 1.0)])[:, -10:].any()
        drums.flush([value(0, BYPASS, 1.0)])
        assert drums.play(400, [note(0, KICK, 1.0)]).any()  # rings on
        drums.play(400, [midi(0, 0xB0, 120, 0)])
        assert not drums.play(64, [note(0, KICK, 1.0)]).any()
        drums.stop()

    def test_rates_that_it_refuses(self, drums):
        for rate in (0.0, 7999.0, 192001.0, np.nan):
            assert not drums.call("activate", rate, 1, 512)


class TestState:
    def test_in_small_pieces(self, host, drums):
        by_chance = random.Random(3)
        drums.flush([value(0, FIRST_TUNE, -3.5), value(0, BYPASS, 1.0)])
        state = drums.save(lambda: by_chance.randint(1, 7))
        assert state == drums.save()
        other = host.begun()
        assert other.load(state, lambda: by_chance.randint(1, 7))
        assert other.save() == state
        assert [other.parameter(each) for each in (FIRST_TUNE, BYPASS)] == [-3.5, 1.0]
        other.destroy()

    def test_a_kit_while_another_sounds(self, drums):
        drums.start(44100)
        before = drums.play(300, [note(0, CRASH, 1.0)])
        assert drums.load(state_of(to_json(KIT).rstrip(), drums.save()))
        after = drums.play(300, [note(100, KICK, 1.0)])
        assert np.abs(after[0, 0] - before[0, -1]) < 0.3
        assert after[:, :100].any()
        drums.stop()

    @pytest.mark.parametrize(
        ("damage", "line"),
        [
            (lambda state: b"", "state: found what this plugin has not written"),
            (lambda state: b"RIFF" + bytes(1000), "state: found what this plugin has not written"),
            (lambda state: state[: len(state) // 2], "state: found what this plugin has not written"),
            (lambda state: state.replace(b'"schema":1', b'"schema":9', 1), "schema"),
            (lambda state: state_of("[]", state), ""),
            (lambda state: state_of('{"schema":1', state), ""),
            (lambda state: state.replace(b"kit\0", b"__dpf_kit\0"), "state: found what this plugin has not written"),
            (lambda state: state.replace(b"format\x001\0", b"format\x002\0"), 'format: found "2"; must be "1"'),
        ],
    )
    def test_what_is_no_state_of_this_plugin(self, drums, damage, line, capfd):
        drums.flush([value(0, FIRST_TUNE, 2.0)])
        before = drums.save()
        assert b"pad_01_tune\x002" in before
        drums.start(44100)
        expected = drums.play(256, [note(0, KICK, 1.0)])
        assert not drums.load(damage(before.replace(b"pad_01_tune\x002", b"pad_01_tune\x003")))
        assert drums.save() == before
        drums.stop()
        drums.start(44100)
        np.testing.assert_array_equal(drums.play(256, [note(0, KICK, 1.0)]), expected)
        drums.stop()
        said = capfd.readouterr().err
        assert said.startswith(f"backbeat: {line}")
        assert said.count("\n") == 1
        assert drums.load(before)


def test_several_at_once(host):
    drums = [host.begun() for _ in range(4)]
    for each, rate in zip(drums, (44100, 48000, 44100, 96000), strict=True):
        each.start(rate)
    found = [each.play(512, [note(0, KICK, 1.0)]) for each in drums]
    np.testing.assert_array_equal(found[0], found[2])
    assert not np.array_equal(found[0], found[1])
    for each in drums:
        each.stop()
        each.destroy()
    again = host.begun()
    again.start(44100)
    np.testing.assert_array_equal(again.play(512, [note(0, KICK, 1.0)]), found[0])
    again.destroy()


@pytest.mark.slow
def test_a_minute_of_a_host_that_does_what_none_should(plugin, tmp_path_factory):
    """With a plugin that checks itself: `fuzz_plugin.cpp`."""
    folder = build_plugin(
        tmp_path_factory.mktemp("fuzz") / "plugin", "-DBACKBEAT_SANITIZE=ON", targets=("plugin_clap", "fuzz")
    )
    command = [folder / "fuzz", folder / "backbeat.clap", "60", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    lives, states, taken = map(int, re.findall(r"\d+", done.stdout))
    assert lives > 1
    assert 0 < taken < states
