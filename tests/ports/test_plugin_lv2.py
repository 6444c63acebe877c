"""The LV2 plugin: its description, in hosts that others wrote, and in one of our own."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from backbeat.kernels.library import library
from backbeat.kits.bundle import to_json
from backbeat.kits.factory import factory_kit, factory_kits
from backbeat.kits.hits import Hits
from backbeat.kits.playing import Performance, mixed
from backbeat.kits.state import PLUGIN, lv2_presets
from backbeat.songs import Note, Song
from ports.beat import KIT, NOTES
from ports.lv2_host import Plugin

KICK = 36


@pytest.fixture(scope="module")
def folder(plugin) -> Path:
    return plugin / "backbeat.lv2"


@pytest.fixture
def environment(folder, tmp_path) -> dict[str, str]:
    (tmp_path / "lv2").mkdir()
    (tmp_path / "lv2" / folder.name).symlink_to(folder)
    return {**os.environ, "LV2_PATH": f"{tmp_path / 'lv2'}:/usr/lib/lv2"}


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [each for each in programs if shutil.which(each) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


@needs("lv2_validate", "sord_validate")
def test_its_description_is_valid(folder, tmp_path):
    for name, text in lv2_presets({"beat": KIT}).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    files = [*folder.glob("*.ttl"), *tmp_path.glob("*.ttl")]
    assert len(files) == 2 + len(factory_kits()) + 2
    done = subprocess.run(["lv2_validate", *files], capture_output=True, text=True, check=False)
    assert "Found 0 errors" in done.stdout + done.stderr, done.stdout + done.stderr


@needs("lv2info", "lv2bench")
def test_hosts_know_it(environment):
    def said(*command: str) -> str:
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    info = said("lv2info", PLUGIN)
    for name in factory_kits():
        assert factory_kit(name).name in info
    assert info.count("AudioPort") == 34
    assert "Required Features: http://lv2plug.in/ns/ext/urid#map\n" in info
    assert float(said("lv2bench", PLUGIN).split()[0]) < 60.0


@pytest.mark.skipif(library() is None, reason="no kernels here to compare with")
def test_a_song(folder):
    song = Song(tuple(Note(at_s, note, velocity) for at_s, note, velocity in NOTES), 1.0)
    outputs = np.concatenate(list(Performance(Hits(KIT, 48000), song).blocks()), axis=-1)
    drums = Plugin(folder, 48000.0)
    drums.restore({"urn:backbeat:kit": to_json(KIT).rstrip().encode() + b"\0"})
    drums.play(1)
    wait_until_whole(drums)
    events = [(round(at_s * 48000), bytes([0x90, note, velocity])) for at_s, note, velocity in NOTES]
    found = []
    for at in range(0, outputs.shape[-1], 500):
        length = min(500, outputs.shape[-1] - at)
        found.append(drums.play(length, [(frame - at, data) for frame, data in events if at <= frame < at + length]))
    np.testing.assert_array_equal(np.concatenate(found, axis=-1)[:2], mixed(outputs))
    drums.end()


def wait_until_whole(drums: Plugin) -> None:
    """A host of LV2 has no word for rendering offline: what is missing comes in its own time."""
    del drums
    time.sleep(3.0)


def test_state(folder):
    drums, other = Plugin(folder, 44100.0), Plugin(folder, 44100.0)
    drums.restore({"urn:backbeat:format": b"1\0", "urn:backbeat:kit": to_json(KIT).rstrip().encode() + b"\0"})
    kept = drums.save()
    assert kept == {"urn:backbeat:format": b"1\0", "urn:backbeat:kit": to_json(KIT).rstrip().encode() + b"\0"}
    before = other.save()
    assert before["urn:backbeat:kit"] == to_json(factory_kit("909")).rstrip().encode() + b"\0"
    for damaged in ({"urn:backbeat:kit": b"{}\0"}, {**kept, "urn:backbeat:format": b"2\0"}, {}):
        other.restore(damaged)
        assert other.save() == before
    other.restore(kept)
    assert other.save() == kept
    for each in (drums, other):
        each.end()


def test_late_and_long_messages(folder):
    drums = Plugin(folder, 44100.0)
    assert not drums.play(64, [(0, bytes(8)), (0, b"\xf0\x01\x02\xf7"), (0, b"")]).any()
    late = drums.play(64, [(1000, bytes([0x90, KICK, 127]))])
    assert not late[:, :-1].any()
    assert drums.play(64).any()
    drums.end()


@pytest.mark.slow
@needs("jackd", "jack_midiseq", "jack_rec", "jalv")
def test_jalv_plays_it(environment, tmp_path):
    environment |= {"JACK_DEFAULT_SERVER": f"backbeat-{os.getpid()}", "JACK_NO_AUDIO_RESERVATION": "1"}
    recorded = tmp_path / "recorded.wav"
    jackd = ["jackd", "-r", "--no-mlock", "-n", environment["JACK_DEFAULT_SERVER"], "-d", "dummy", "-r", "48000"]
    running = []

    def begin(*command: str, **given: int) -> None:
        output = subprocess.DEVNULL
        running.append(subprocess.Popen(command, env=environment, stdout=output, stderr=output, **given))
        time.sleep(2.0)

    try:
        begin(*jackd)
        begin("jalv", "-n", "drums", PLUGIN, stdin=subprocess.PIPE)
        begin("jack_midiseq", "beat", "24000", "100", str(KICK), "3000")
        subprocess.run(["jack_connect", "beat:out", "drums:lv2_events_in"], env=environment, check=True)
        command = ["jack_rec", "-f", recorded, "-d", "2", "-b", "16", "drums:lv2_mix_left", "drums:lv2_mix_right"]
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=30)
    finally:
        for process in reversed(running):
            process.kill()  # jalv would wait for its standard input
            process.communicate()
    audio, sample_rate = soundfile.read(recorded)
    assert sample_rate == 48000
    assert np.abs(audio).max() > 0.02
