"""Bad input of every kind: one clear line or a note, never a traceback, and nothing half-written."""

import json
import os
import struct
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from backbeat.patch import load
from full_disk import full_disk
from matching.sounds import RATE, noise, save_thump, thump, times_s

pytestmark = pytest.mark.usefixtures("unchecked")

QUICK = ("--plugin", "kick", "--steps", "3", "--starts", "3", "--detail", "off")


def samples(seconds=0.1, sample_rate=RATE):
    return thump(seconds, sample_rate=sample_rate)[0, 0].numpy()


def wave(data, *, claim=None, sample_rate=RATE):
    """A 16-bit mono WAV file whose header claims `claim` bytes of sound."""
    layout = struct.pack("<HHIIHH", 1, 1, sample_rate, 2 * sample_rate % 2**32, 2, 16)
    head = b"WAVEfmt " + struct.pack("<I", 16) + layout + b"data"
    body = head + struct.pack("<I", len(data) if claim is None else claim) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def pcm(sound):
    return (sound * 2**15).astype("<i2").tobytes()


def put_sound(sound, subtype="FLOAT", sample_rate=RATE):
    return lambda path: soundfile.write(path, sound, sample_rate, subtype=subtype)


def put_bytes(content):
    return lambda path: path.write_bytes(content)


def put_half(path):
    content = save_thump(path).read_bytes()
    path.write_bytes(content[: len(content) // 2])


def put_nan(path):
    sound = samples()
    sound[100:103] = np.nan
    put_sound(sound)(path)


UNUSABLE = {
    "missing": (lambda path: None, "cannot be opened (No such file"),
    "folder": (lambda path: path.mkdir(), "a folder"),
    "empty": (lambda path: path.touch(), "empty file (0 bytes)"),
    "text": (put_bytes(b"It was a dark and stormy night.\n" * 50), "no sound that can be read"),
    "random bytes": (put_bytes(np.random.default_rng(0).bytes(5000)), "no sound that can be read"),
    "header alone": (put_bytes(wave(b"")), "0 samples at 44100 Hz; allowed: at least 32"),
    "header that lies of a sound": (put_bytes(wave(b"", claim=2**32 - 2)), "0 samples"),
    "header that lies of the rate": (
        put_bytes(wave(pcm(samples()), sample_rate=2**31 - 1)),
        "sample rate 2147483647 Hz",
    ),
    "truncated to the header": (put_bytes(wave(pcm(samples()))[:50]), "3 samples"),
    "truncated in the header": (put_bytes(wave(pcm(samples()))[:30]), "no sound that can be read"),
    "one sample": (put_sound(np.array([0.5])), "1 samples at 44100 Hz; allowed: at least 32"),
    "silent": (put_sound(np.zeros(RATE)), "silent: nothing to match"),
    "DC only": (put_sound(np.full(RATE, 0.5)), "silent: nothing to match"),
    "NaN": (put_nan, "3 of 4410 samples are NaN or infinite"),
    "infinite": (put_sound(np.full(RATE, np.inf)), "44100 of 44100 samples are NaN or infinite"),
    "absurdly loud": (put_sound(1e9 * samples()), "allowed: up to 1e+06"),
}

USABLE = {
    "truncated": (put_half, "The header claims"),
    "header that claims too much": (put_bytes(wave(pcm(samples()), claim=2**31)), "The header claims 2147483648 bytes"),
    "clipped": (put_sound(np.clip(4.0 * samples(), -1.0, 1.0), "PCM_16"), "Clipped: "),
    "louder than full scale": (put_sound(4.0 * samples()), "Louder than full scale"),
    "DC offset": (put_sound(0.2 + 0.5 * samples()), "DC offset"),
    "8 channels": (put_sound(np.tile(samples()[:, None], 8)), "Mixed 8 channels to mono."),
    "opposite channels": (put_sound(np.stack([samples(), -samples()], 1)), "Used channel 1 of 2 alone"),
    "4 kHz": (put_sound(samples(0.1, 4000), sample_rate=4000), "Resampled 4000 to 44100 Hz."),
    "192 kHz": (put_sound(samples(0.1, 192_000), sample_rate=192_000), "Resampled 192000 to 48000 Hz."),
    "8 bits": (put_sound(samples(), "PCM_U8"), None),
    "24 bits": (put_sound(samples(), "PCM_24"), None),
    "64-bit float": (put_sound(samples(), "DOUBLE"), None),
    "40 samples": (put_sound(0.5 * np.cos(0.5 * np.pi * np.arange(40))), None),
    "one click": (put_sound(np.eye(1, 3000, 1500)[0]), None),
    "quiet": (put_sound(1e-3 * samples()), None),
}


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.mark.parametrize(("put", "words"), UNUSABLE.values(), ids=UNUSABLE)
def test_sound_that_cannot_be_used(backbeat, tmp_path, out, put, words):
    path = tmp_path / "bad.wav"
    put(path)
    for arguments in (["match", path, *QUICK, "--out", out], ["compare", path, path]):
        refused = backbeat(*arguments, "--json")
        assert (refused.status, refused.out) == (1, "")
        assert refused.error().startswith(f"{path}: ")
        assert words in refused.error()
        assert "allowed: " in refused.error()
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(("put", "words"), USABLE.values(), ids=USABLE)
def test_sound_that_can_be_used(backbeat, tmp_path, out, no_report, put, words):
    path = tmp_path / "odd.wav"
    put(path)
    matched = backbeat("match", path, *QUICK, "--out", out, "--json")
    assert matched.status == 0
    assert matched.document()["sample"] == str(path)
    assert all(np.isfinite(list(matched.document()["distances"].values())))
    load(out / "odd.patch.json")
    assert matched.lines() == [f"note: {note}" for note in matched.notes()]
    if words is None:
        assert matched.notes() == []
    else:
        (note,) = matched.notes()
        assert note.startswith(f"{path}: {words}")


def test_a_damaged_mp3_is_one_line_on_both_streams_together(tmp_path):
    """Whatever the decoder prints by itself: read from the process, since it does not print by Python."""
    path = tmp_path / "bad.mp3"
    path.write_bytes(b"ID3\x04\0\0\0\0\x0f\x7f" + bytes(5000))
    script = "import sys; from backbeat.cli import main; sys.argv[0] = 'backbeat'; main()"
    command = [sys.executable, "-c", script, "compare", path, path, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 1
    (line,) = done.stdout.decode().splitlines()
    assert line.startswith(f"error: {path}: no sound that can be read (")


@pytest.mark.parametrize(("name", "shown"), [("a\nb.wav", r"a\nb.wav"), ("a\x1b[31mb\r.wav", r"a\x1b[31mb\r.wav")])
def test_a_name_with_control_characters_is_one_line(backbeat, tmp_path, monkeypatch, name, shown):
    monkeypatch.setattr("backbeat.losses.drumblender_distances", lambda estimate, target: (0.5, 0.25))  # a second
    path = tmp_path / name
    path.write_bytes(b"RIFF")
    assert backbeat("compare", path, path).error().startswith(f"{tmp_path}/{shown}: no sound that can be read")
    put_sound(4.0 * samples())(path)
    (note, again) = backbeat("compare", path, path).notes()
    assert note.startswith(f"{tmp_path}/{shown}: Louder than full scale")
    assert again == note


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are Unicode there")
def test_a_name_that_is_not_utf_8(backbeat, tmp_path, out):
    path = save_thump(tmp_path / "kick.wav").rename(tmp_path / os.fsdecode(b"gro\xdfe.wav"))
    for arguments in (["match", path, *QUICK], ["invert", path, "--plugin", "drum"]):
        done = backbeat(*arguments, "--out", out, "--json")
        assert (done.status, done.err) == (0, "")
        assert load(out / os.fsdecode(b"gro\xdfe.patch.json")).name == "gro?e"


@pytest.mark.slow
def test_ten_minutes_are_cut_and_listened_to_in_part(backbeat, tmp_path, out, no_report, monkeypatch):
    monkeypatch.setattr("backbeat.matching.one_shot._LONGEST_SEARCH_S", 0.1)  # the search, not the reading, takes time
    path = tmp_path / "long.wav"
    t = times_s(600.0, 8000)
    put_sound(0.5 * np.exp(-t / 100.0) * np.sin(2.0 * np.pi * 80.0 * t), "PCM_U8", 8000)(path)
    matched = backbeat("match", path, *QUICK, "--out", out, "--json")
    assert matched.status == 0
    assert f"{path}: Cut to 10 s (the file: 600 s)." in matched.notes()
    assert f"{path}: what follows the first 0.1 s of the sound was compared more coarsely" in matched.notes()
    assert soundfile.info(out / "long.wav").duration == pytest.approx(10.0)


def without(name):
    def change(document):
        del document["values"][name]

    return change


def with_value(name, value):
    return lambda document: document["values"].update({name: value})


def with_field(name, value):
    return lambda document: document.update({name: value})


def without_field(name):
    return lambda document: document.pop(name)


BAD_PATCHES = {
    "unknown plugin": (with_field("plugin", "theremin"), ["plugin: found 'theremin'", "there are clap, cowbell"]),
    "plugin of another type": (with_field("plugin", 3), ["plugin: found 3", "string"]),
    "unknown name": (with_value("loudness", 3.0), ["loudness: no such parameter", "gain_db"]),
    "missing value": (without("pitch_hz"), ["pitch_hz: no value"]),
    "too high": (with_value("gain_db", 12.1), ["gain_db: found 12.1", "from -60 to 12 dB"]),
    "too low": (with_value("pitch_hz", 0), ["pitch_hz: found 0", "from 20 to 240 Hz"]),
    "NaN": (with_value("gain_db", float("nan")), ["gain_db: found nan", "from -60 to 12 dB"]),
    "infinite": (with_value("gain_db", float("inf")), ["gain_db: found inf", "from -60 to 12 dB"]),
    "text": (with_value("gain_db", "loud"), ["gain_db: found 'loud'", "from -60 to 12 dB"]),
    "null": (with_value("gain_db", None), ["gain_db: found None", "from -60 to 12 dB"]),
    "true": (with_value("gain_db", True), ["gain_db: found True", "from -60 to 12 dB"]),
    "bank too short": (with_value("mode_hz", [100.0, 200.0]), ["mode_hz", "list of 4"]),
    "bank with NaN": (with_value("mode_hz", [100.0] * 3 + [float("nan")]), ["mode_hz[3]: found nan"]),
    "wrong schema": (with_field("schema", 3), ["schema: found 3", "schema 1 and 2"]),
    "no schema": (without_field("schema"), ["schema: missing"]),
    "no values": (without_field("values"), ["values: missing"]),
    "values of another type": (with_field("values", [1, 2]), ["values: found [1, 2]", "object"]),
    "older version": (with_field("version", 1), ["version: found 1 of kick", "must be from 2 to 2"]),
    "newer version": (with_field("version", 99), ["version: found 99", "kick up to version"]),
    "unknown field": (with_field("colour", "red"), ["colour: no such field"]),
    "seed too large": (with_field("seed", 2**31), ["seed: found 2147483648", "from 0 to 2147483647"]),
    "seed of another type": (with_field("seed", 1.5), ["seed: found 1.5"]),
    "unknown option": (with_field("options", {"tones": 3}), ["option 'tones'", "none"]),
    "option called name": (with_field("options", {"name": 3}), ["option 'name'"]),
    "placement of another type": (with_field("render", "here"), ["render: found 'here'"]),
    "negative onset": (
        with_field("render", {"sample_rate": 44100, "samples": 100, "onset_samples": -1}),
        ["render", "onset_samples"],
    ),
    "more samples than memory": (
        with_field("render", {"sample_rate": 44100, "samples": 10**13, "onset_samples": 0}),
        ["render", "10000000000000"],
    ),
    "onset after the end of memory": (
        with_field("render", {"sample_rate": 44100, "samples": 100, "onset_samples": 10**13}),
        ["render", "10000000000000"],
    ),
    "sample rate beyond all": (
        with_field("render", {"sample_rate": 10**13, "samples": 100, "onset_samples": 0}),
        ["render", "10000000000000"],
    ),
}


def check_refused_everywhere(backbeat, path, words):
    """Each command that takes a patch says the same, and writes nothing."""
    wav, patch = path.with_name("new.wav"), path.with_name("new.json")
    for arguments in (["render", path, "-o", wav], ["perturb", path, "-o", patch], ["morph", path, path, "-o", patch]):
        refused = backbeat(*arguments, "--json")
        assert (refused.status, refused.out) == (1, "")
        assert refused.error().startswith(f"{path}: ")
        for word in words:
            assert word in refused.error()
    assert not wav.exists()
    assert not patch.exists()


@pytest.mark.parametrize(("change", "words"), BAD_PATCHES.values(), ids=BAD_PATCHES)
def test_patch_that_is_not_allowed(backbeat, kick_patch, change, words):
    document = json.loads(kick_patch.read_text(encoding="utf-8"))
    change(document)
    kick_patch.write_text(json.dumps(document), encoding="utf-8")
    check_refused_everywhere(backbeat, kick_patch, words)


def test_choice_that_there_is_not(backbeat, small_patch):
    document = json.loads(small_patch.read_text(encoding="utf-8"))
    document["values"]["colour"] = "notch"
    small_patch.write_text(json.dumps(document), encoding="utf-8")
    check_refused_everywhere(backbeat, small_patch, ["colour: found 'notch'", "low, high"])


@pytest.mark.parametrize("tones", [0, 129, "many", [1], {"a": 1}, None, 1.5, True])
def test_option_that_is_not_allowed(backbeat, tmp_path, tones):
    path = tmp_path / "drum.json"
    backbeat("random", "drum", "-o", path)
    document = json.loads(path.read_text(encoding="utf-8")) | {"options": {"tones": tones}}
    path.write_text(json.dumps(document), encoding="utf-8")
    check_refused_everywhere(backbeat, path, ["tones"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a patch"),
        (b"{", "not a patch"),
        (b"[]", "found a JSON list"),
        (b"3", "found a JSON int"),
        (b"\xff\xfe\x00", "not text"),
        (b"[" * 100_000, "not a patch"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not a patch"),
        (b" " * (2**20 + 1), "larger than"),
    ],
    ids=["empty", "cut", "list", "number", "binary", "deep", "endless number", "large"],
)
def test_file_that_is_no_patch(backbeat, tmp_path, content, words):
    path = tmp_path / "kick.json"
    path.write_bytes(content)
    check_refused_everywhere(backbeat, path, [words])


def test_patch_that_is_not_there_or_a_folder(backbeat, tmp_path):
    check_refused_everywhere(backbeat, tmp_path / "missing.json", ["No such file"])
    (tmp_path / "folder.json").mkdir()
    check_refused_everywhere(backbeat, tmp_path / "folder.json", ["Is a directory"])


def test_sound_is_no_patch_and_patch_is_no_sound(backbeat, kick_wav, kick_patch, tmp_path):
    assert "must be a patch" in backbeat("render", kick_wav, "-o", tmp_path / "new.wav").error()
    assert "no sound that can be read" in backbeat("compare", kick_patch, kick_patch).error()


@pytest.mark.parametrize("place", ["under a file", "in a folder that is not there"])
@pytest.mark.parametrize("command", ["render", "random", "perturb", "morph"])
def test_output_whose_folder_is_not_there(backbeat, kick_patch, tmp_path, command, place):
    folder = tmp_path / "place"
    if place == "under a file":
        folder.touch()
    what = {"random": ["kick"], "morph": [kick_patch, kick_patch]}.get(command, [kick_patch])
    path = folder / f"new.{'wav' if command == 'render' else 'json'}"
    refused = backbeat(command, *what, "-o", path)
    assert (refused.status, refused.out) == (2, "")
    assert refused.error().startswith(f"{path}: there is no folder {folder}")


@pytest.mark.parametrize("command", ["render", "random"])
def test_output_that_is_a_folder(backbeat, kick_patch, tmp_path, command):
    path = tmp_path / f"new.{'wav' if command == 'render' else 'json'}"
    path.mkdir()
    refused = backbeat(command, kick_patch if command == "render" else "kick", "-o", path)
    assert (refused.status, refused.out) == (1, "")
    assert refused.error().startswith(f"{path}: cannot be written (Is a directory)")
    assert list(path.iterdir()) == []


@pytest.mark.parametrize("place", ["a file", "under a file"])
def test_match_into_what_is_no_folder(backbeat, kick_wav, tmp_path, place):
    taken = tmp_path / "taken"
    taken.write_text("mine")
    out = taken if place == "a file" else taken / "out"
    refused = backbeat("match", kick_wav, *QUICK, "--out", out)
    assert (refused.status, refused.out) == (1, "")
    assert refused.error().startswith(f"{out}: not a folder that can be written to")
    assert taken.read_text() == "mine"


@pytest.mark.parametrize(("command", "after_bytes"), [("render", 0), ("render", 2000), ("random", 0), ("random", 500)])
def test_disk_that_fills_leaves_what_was_there(backbeat, kick_patch, tmp_path, command, after_bytes):
    folder = tmp_path / "full"
    folder.mkdir()
    path = folder / f"new.{'wav' if command == 'render' else 'json'}"
    path.write_text("old")
    with full_disk(after_bytes):
        refused = backbeat(command, kick_patch if command == "render" else "kick", "-o", path)
    assert (refused.status, refused.out) == (1, "")
    assert refused.error().startswith(f"{path}: cannot be written (File too large)")
    assert [each.name for each in folder.iterdir()] == [path.name]
    assert path.read_text() == "old"


def test_broadband_noise_is_matched_too(backbeat, tmp_path, out, no_report):
    path = tmp_path / "noise.wav"
    put_sound(0.3 * noise(3000))(path)
    assert backbeat("match", path, *QUICK, "--out", out).status == 0
