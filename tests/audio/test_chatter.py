"""What decoders print about damaged files: none of it is shown, and all that others print is."""

import ctypes
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile

from backbeat.audio import read
from backbeat.errors import AudioError

RATE = 44100
T = np.arange(RATE) / RATE
HIT = np.exp(-T / 0.2) * (0.4 * np.sin(2 * np.pi * 150.0 * T) + 0.2 * np.random.default_rng(0).normal(size=RATE))


def zeroed(data: bytes) -> bytes:
    half = len(data) // 2
    return data[:half] + bytes(3000) + data[half + 3000 :]


def flipped(data: bytes) -> bytes:
    chance, changed = np.random.default_rng(4), bytearray(data)
    for position in chance.integers(0, len(data), 400):
        changed[position] = chance.integers(256)
    return bytes(changed)


def noise_within(data: bytes) -> bytes:
    """Whole at either end."""
    third = len(data) // 3
    return data[:third] + np.random.default_rng(1).bytes(third) + data[2 * third :]


DAMAGED = {
    "cut": lambda data: data[: len(data) // 2],
    "zeroed": zeroed,
    "flipped": flipped,
    "noise within": noise_within,
    "a tag that lies": lambda data: b"ID3\x03\0\x40\0\0\x0f\x7f" + np.random.default_rng(9).bytes(5000) + data,
    "a tag and nothing": lambda data: b"ID3\x04\0\0\0\0\x0f\x7f" + bytes(5000),
    "a header and nothing": lambda data: data[:4] + bytes(20_000),
}
CANNOT_BE_READ = ("a tag and nothing", "a header and nothing")


@pytest.fixture(scope="module")
def damaged(tmp_path_factory) -> dict[str, Path]:
    """MP3s of which libsndfile's decoder prints something, each in another way."""
    folder = tmp_path_factory.mktemp("damaged")
    soundfile.write(folder / "whole.mp3", HIT, RATE)
    data = (folder / "whole.mp3").read_bytes()
    for name, change in DAMAGED.items():
        (folder / f"{name}.mp3").write_bytes(change(data))
    return {name: folder / f"{name}.mp3" for name in DAMAGED}


def flush() -> None:
    ctypes.CDLL(None).fflush(None)


def bare_soundfile_says(path: Path, capfd) -> str:
    capfd.readouterr()
    with suppress(soundfile.LibsndfileError):
        soundfile.read(path)
    flush()
    return "".join(capfd.readouterr())


def run(script: str, *arguments: object, **options: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], timeout=120, check=True, stdout=subprocess.PIPE, **options
    )


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="C's streams cannot be set there")


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_mp3_is_told_by_us_alone(damaged, capfd, name):
    assert bare_soundfile_says(damaged[name], capfd)
    if name in CANNOT_BE_READ:
        with pytest.raises(AudioError, match=r"no sound that can be read \(.*\); allowed") as refused:
            read(damaged[name])
        assert "does not exist" not in str(refused.value)  # which libsndfile says
    else:
        assert read(damaged[name]).audio.isfinite().all()
    flush()
    assert capfd.readouterr() == ("", "")


def test_what_the_decoder_says_of_damage_is_a_note(damaged):
    notes = {name: read(path).notes for name, path in damaged.items() if name not in CANNOT_BE_READ}
    for name in ("zeroed", "flipped", "noise within"):
        (note,) = (each for each in notes[name] if each.startswith("Damaged: the decoder says '"))
        assert "libmpg123" not in note
    assert len(notes["cut"]) == 1
    assert notes["a tag that lies"] == ()  # the sound is whole


def test_a_decoder_that_prints_to_standard_output(tmp_path, capfd):
    path = tmp_path / "whole.sds"
    soundfile.write(path, HIT[:6000], RATE, subtype="PCM_16")
    data = bytearray(path.read_bytes())
    data[200:2000:7] = bytes(len(data[200:2000:7]))
    path.write_bytes(data)
    assert bare_soundfile_says(path, capfd)
    read(path)
    flush()
    assert capfd.readouterr() == ("", "")


def test_c_prints_again_after_a_file(damaged, capfd):
    for name in ("zeroed", CANNOT_BE_READ[0]):
        with suppress(AudioError):
            read(damaged[name])
        ctypes.CDLL(None).puts(b"to standard output")
        ctypes.CDLL(None).perror(b"to standard error")
        flush()
        out, err = capfd.readouterr()
        assert out == "to standard output\n"
        assert err.startswith("to standard error: ")


def test_nothing_of_other_threads_and_processes_is_lost(damaged):
    script = """if True:
        import os, subprocess, sys, threading
        from backbeat.audio import read
        over = threading.Event()

        def reading():
            while not over.is_set():
                read(sys.argv[1])

        readers = [threading.Thread(target=reading) for _ in range(2)]
        for each in readers:
            each.start()
        for number in range(300):
            print("printed", number, file=sys.stderr, flush=True)
            os.write(2, b"written %d\\n" % number)
        for number in range(5):
            subprocess.run(["/bin/sh", "-c", f"echo said {number} >&2"], check=True)
        over.set()
    """
    lines = run(script, damaged["zeroed"], stderr=subprocess.PIPE).stderr.decode().splitlines()
    wanted = [f"{word} {number}" for number in range(300) for word in ("printed", "written")]
    assert lines == wanted + [f"said {number}" for number in range(5)]


def test_a_process_that_is_forked_while_another_thread_reads(damaged):
    """It neither waits for that thread, which it does not have, nor prints to a stream of it."""
    script = """if True:
        import ctypes, os, signal, sys, threading
        from backbeat.audio import read
        read(sys.argv[1])  # first: Python itself cannot fork while another thread imports
        over = threading.Event()

        def reading():
            while not over.is_set():
                read(sys.argv[1])

        thread = threading.Thread(target=reading, daemon=True)
        thread.start()
        for _ in range(20):
            child = os.fork()
            if child == 0:
                signal.alarm(60)
                ctypes.CDLL(None).perror(b"child")
                read(sys.argv[1])
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
        over.set()
    """
    done = run(script, damaged["zeroed"], stderr=subprocess.PIPE)
    lines = [line for line in done.stderr.decode().splitlines() if "DeprecationWarning" not in line]
    assert sum(line.startswith("child: ") for line in lines) == 20


@pytest.mark.parametrize("closed", ["2>&-", pytest.param(">&- 2>&-", marks=pytest.mark.slow), "<&- >&- 2>&-"])
def test_without_standard_streams(damaged, tmp_path, closed):
    script = "import sys; from backbeat.audio import read; open(sys.argv[2], 'w').write(str(read(sys.argv[1]).notes))"
    told = tmp_path / "told"
    command = f'"$0" -c "$1" "$2" "$3" {closed}'
    subprocess.run(["/bin/sh", "-c", command, sys.executable, script, damaged["zeroed"], told], check=True, timeout=120)
    assert "Damaged" in told.read_text()


def test_where_the_streams_of_c_cannot_be_set_files_are_read_all_the_same(damaged):
    script = """if True:
        import sys
        import soundfile, soxr, torch
        sys.platform = "win32"
        from backbeat.audio import read
        print(read(sys.argv[1]).audio.shape[-1])
    """
    done = run(script, damaged["zeroed"], stderr=subprocess.PIPE)
    assert int(done.stdout) == read(damaged["zeroed"]).audio.shape[-1]
    assert b"Illegal Audio-MPEG-Header" in done.stderr
