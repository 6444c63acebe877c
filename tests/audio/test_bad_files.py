"""Files that cannot be used, or only in part: one clear `AudioError`, or a note; never anything else."""

import importlib.util
import os
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backbeat.audio import read
from backbeat.errors import AudioError

NOISE = np.random.default_rng(0).normal(0.0, 0.1, 8000)


def save(path: Path, samples: np.ndarray, rate: int = 44100, subtype: str | None = None) -> Path:
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


def message(path: Path, **options: float) -> str:
    """The one line that `read` refuses a file with."""
    with pytest.raises(AudioError) as caught:
        read(path, **options)
    text = str(caught.value)
    assert "\n" not in text
    assert "allowed" in text
    return text


def read_or_refuse(path: Path) -> None:
    try:
        recording = read(path)
    except AudioError as error:
        refusal = str(error)
    else:
        assert torch.isfinite(recording.audio).all()
        assert recording.audio.shape[-1] >= 32
        return
    assert refusal.startswith(f"{path}: ")
    assert "\n" not in refusal


def test_missing_file(tmp_path):
    path = tmp_path / "kick.wav"
    assert message(path).startswith(f"{path}: cannot be opened (No such file")


def test_impossible_names(tmp_path):
    assert "cannot be opened" in message(tmp_path / "a\0b.wav")
    assert "cannot be opened" in message(tmp_path / ("x" * 5000))


def test_folder(tmp_path):
    assert message(tmp_path).startswith(f"{tmp_path}: a folder")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipe_is_refused_without_waiting_for_it(tmp_path):
    os.mkfifo(tmp_path / "kick.wav")
    assert message(tmp_path / "kick.wav").startswith(f"{tmp_path / 'kick.wav'}: a device or pipe")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file")
def test_unreadable_file(tmp_path):
    path = save(tmp_path / "kick.wav", NOISE)
    path.chmod(0)
    assert "Permission denied" in message(path)


def test_what_macos_keeps_beside_a_file(tmp_path):
    (tmp_path / "._kick.wav").write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X" + bytes(4000))
    assert "an AppleDouble file, which macOS keeps beside another" in message(tmp_path / "._kick.wav")


def test_empty_file(tmp_path):
    (tmp_path / "kick.wav").touch()
    assert "0 bytes" in message(tmp_path / "kick.wav")


@pytest.mark.parametrize("name", ["kick.wav", "kick.mp3", "kick.raw", "kick"])
def test_text(tmp_path, name):
    (tmp_path / name).write_text("It was a dark and stormy night.\n" * 100)
    assert "no sound that can be read" in message(tmp_path / name)


@pytest.mark.parametrize("length", [0, 1, 31])
def test_too_short(tmp_path, length):
    path = save(tmp_path / "kick.wav", NOISE[:length])
    assert f"{length} samples at 44100 Hz; allowed: at least 32" in message(path)


def test_just_long_enough(tmp_path):
    assert read(save(tmp_path / "kick.wav", NOISE[:32])).audio.shape == (1, 1, 32)
    assert "127 samples at 192000 Hz; allowed: at least 128" in message(save(tmp_path / "a.wav", NOISE[:127], 192000))
    assert read(save(tmp_path / "a.wav", NOISE[:128], 192000)).audio.shape == (1, 1, 32)


@pytest.mark.parametrize("level", [0.0, 0.3, -0.9])
@pytest.mark.parametrize("rate", [44100, 8000, 192000])
def test_silence_and_constants(tmp_path, level, rate):
    path = save(tmp_path / "kick.wav", np.full(rate // 4, level), rate, "FLOAT")
    assert "silent: nothing to match in 0.25 s" in message(path)


def test_dither_alone_is_silence(tmp_path):
    steps = np.random.default_rng(0).integers(-1, 2, 44100).astype(np.int16)
    assert "silent" in message(save(tmp_path / "kick.wav", steps))


def test_long_silence_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("backbeat.audio.reading.SEARCH_SECONDS", 1.0)
    path = save(tmp_path / "kick.wav", np.concatenate((np.zeros(5 * 44100), NOISE)))
    assert "silent" in message(path, max_seconds=0.5)


def test_nothing_left_below_the_new_nyquist_frequency(tmp_path):
    t = np.arange(192000) / 192000
    tone = 0.5 * np.sin(2 * np.pi * 60_000 * t) * np.hanning(len(t))
    assert "silent" in message(save(tmp_path / "bat.wav", tone, 192000, "FLOAT"))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
def test_not_finite(tmp_path, bad, subtype):
    samples = NOISE.copy()
    samples[[5, 100, 200]] = bad
    assert "3 of 8000 samples are NaN or infinite" in message(save(tmp_path / "kick.wav", samples, subtype=subtype))


def test_not_finite_in_skipped_silence(tmp_path):
    take = np.concatenate((np.zeros(20_000), NOISE))
    take[15_000] = np.nan
    assert "NaN" in message(save(tmp_path / "kick.wav", take, subtype="FLOAT"), max_seconds=0.2)


def test_absurdly_loud(tmp_path):
    read(save(tmp_path / "kick.wav", 3e5 * NOISE, subtype="FLOAT"))
    assert "allowed: up to 1e+06" in message(save(tmp_path / "kick.wav", 1e9 * NOISE, subtype="FLOAT"))


@pytest.mark.parametrize("rate", [1, 1999, 768_001, 2**31 - 1])
def test_rate_out_of_bounds(tmp_path, rate):
    assert f"sample rate {rate} Hz" in message(save(tmp_path / "kick.wav", NOISE, rate))


def test_too_many_channels(tmp_path):
    assert "33 channels; allowed: 1 to 32" in message(save(tmp_path / "kick.wav", NOISE[:7986].reshape(-1, 33)))


@pytest.mark.parametrize("max_seconds", [0.0, -1.0, float("nan"), float("inf"), 601.0])
def test_max_seconds_out_of_bounds(tmp_path, max_seconds):
    assert message(save(tmp_path / "kick.wav", NOISE), max_seconds=max_seconds).startswith("max_seconds")


@pytest.mark.parametrize(
    ("suffix", "least"), [("wav", 19_900), ("aiff", 19_900), ("au", 19_900), ("flac", 15_000), ("mp3", 15_000)]
)
def test_truncated_file_gives_what_it_holds(tmp_path, suffix, least):
    whole = save(tmp_path / f"kick.{suffix}", np.tile(NOISE, 5))
    expected = read(whole).audio
    data = whole.read_bytes()
    cut = tmp_path / f"cut.{suffix}"
    cut.write_bytes(data[: len(data) // 2])
    recording = read(cut)
    length = recording.audio.shape[-1]
    assert least <= length <= 21_000
    assert torch.equal(recording.audio[..., : length - 1200], expected[..., : length - 1200])
    assert any("header claims" in note for note in recording.notes)


def test_truncated_to_almost_nothing(tmp_path):
    data = save(tmp_path / "kick.wav", NOISE).read_bytes()
    (tmp_path / "kick.wav").write_bytes(data[: 44 + 20])
    assert "10 samples at 44100 Hz" in message(tmp_path / "kick.wav")


def test_flac_damaged_half_way(tmp_path):
    whole = save(tmp_path / "kick.flac", np.tile(NOISE, 3))
    expected = read(whole).audio
    data = bytearray(whole.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 200] = bytes(200)
    whole.write_bytes(data)
    recording = read(whole)
    length = recording.audio.shape[-1]
    assert 8000 <= length <= 12000
    assert torch.equal(recording.audio, expected[..., :length])
    assert f"claims 24000 samples; {length} could be read" in recording.notes[0]


def wav_claiming(data_bytes: int, samples: int) -> bytes:
    """A 16-bit mono WAV file whose header claims `data_bytes` bytes of sound."""
    data = (NOISE[:samples] * 2**15).astype("<i2").tobytes()
    layout = struct.pack("<HHIIHH", 1, 1, 44100, 88200, 2, 16)
    head = b"WAVEfmt " + struct.pack("<I", 16) + layout + b"data" + struct.pack("<I", data_bytes)
    return b"RIFF" + struct.pack("<I", len(head) + len(data)) + head + data


@pytest.mark.parametrize("claim", [9000, 2**31, 2**32 - 2])
def test_wav_header_that_claims_too_much(tmp_path, claim):
    (tmp_path / "kick.wav").write_bytes(wav_claiming(claim, 4000))
    recording = read(tmp_path / "kick.wav")
    assert recording.audio.shape[-1] == 4000
    assert recording.notes == (f"The header claims {claim} bytes of sound; the file holds 8000.",)


def test_wav_header_that_claims_too_little(tmp_path):
    (tmp_path / "kick.wav").write_bytes(wav_claiming(4000, 4000))
    recording = read(tmp_path / "kick.wav")
    assert recording.audio.shape[-1] == 2000
    assert "More data follows" in recording.notes[0]


def flac_claiming(path: Path, samples: int) -> Path:
    """A FLAC file of 8000 samples whose STREAMINFO block claims another number (36 bits; 0: unknown)."""
    data = bytearray(save(path, NOISE).read_bytes())
    field = int.from_bytes(data[18:26], "big")
    data[18:26] = (field >> 36 << 36 | samples).to_bytes(8, "big")
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("claim", [10_000, 2**36 - 1])
def test_flac_header_that_claims_too_much_allocates_little(tmp_path, claim):
    path = flac_claiming(tmp_path / "kick.flac", claim)
    tracemalloc.start()
    try:
        recording = read(path)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert recording.audio.shape[-1] == 8000
    assert recording.notes == (f"The header claims {claim} samples; 8000 could be read.",)
    assert peak_bytes < 20e6


def test_flac_of_unknown_length_is_whole(tmp_path):
    path = flac_claiming(tmp_path / "kick.flac", 0)
    expected = (NOISE * 2**15).round() / 2**15
    recording = read(path)
    assert recording.notes == ()
    assert np.abs(recording.audio[0, 0].numpy() - expected).max() < 1e-4
    assert "unknown length" in read(path, max_seconds=0.1).notes[0]


def installed_sounds(package: str, *folders: str) -> list[Path]:
    spec = importlib.util.find_spec(package)
    roots = (
        [Path(root) / folder for root in spec.submodule_search_locations or () for folder in folders] if spec else []
    )
    suffixes = {".wav", ".aiff", ".aifc", ".au"}
    return sorted(path for root in roots for path in root.glob("*") if path.suffix in suffixes)


@pytest.mark.parametrize(
    ("package", "folders"), [("scipy", ["io/tests/data"]), ("test", [".", "audiodata", "sndhdrdata"])]
)
def test_broken_and_odd_files_of_others(package, folders):
    """scipy's and CPython's own test data: early ends, odd bit depths, RF64, A-law…"""
    paths = installed_sounds(package, *folders)
    if not paths:
        pytest.skip(f"this installation of {package} comes without its test data")
    for path in paths:
        read_or_refuse(path)


@pytest.fixture(scope="module")
def whole_files(tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    kinds = [("pcm.wav", "PCM_16"), ("float.wav", "FLOAT"), ("k.aiff", "PCM_24"), ("k.flac", "PCM_16"), ("k.ogg", None)]
    return {name: save(folder / name, NOISE[:400], subtype=subtype).read_bytes() for name, subtype in kinds}


@given(
    name=st.sampled_from(["pcm.wav", "float.wav", "k.aiff", "k.flac", "k.ogg"]),
    edits=st.dictionaries(st.integers(0, 120), st.integers(0, 255), max_size=8),
    kept=st.floats(0.0, 1.0),
)
@example(name="pcm.wav", edits={22: 255, 23: 3}, kept=1.0)  # 1023 channels
@example(name="pcm.wav", edits={24: 255, 25: 255, 26: 255, 27: 255}, kept=1.0)  # -1 Hz
@example(name="k.flac", edits=dict.fromkeys(range(21, 26), 255), kept=1.0)  # 2^36 - 1 samples
@settings(max_examples=300, deadline=None)
def test_damaged_headers(tmp_path_factory, whole_files, name, edits, kept):
    data = bytearray(whole_files[name])
    for position, value in edits.items():
        data[position] = value
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(data[: round(kept * len(data))])
    tracemalloc.start()
    try:
        read_or_refuse(path)
        assert tracemalloc.get_traced_memory()[1] < 600e6
    finally:
        tracemalloc.stop()


@given(
    magic=st.sampled_from([b"", b"RIFF\xff\0\0\0WAVEfmt ", b"FORM\0\0\0\xffAIFF", b"fLaC", b"OggS", b"ID3"]),
    data=st.binary(),
)
@settings(max_examples=100, deadline=None)
def test_random_bytes(tmp_path_factory, magic, data):
    path = tmp_path_factory.getbasetemp() / "random.wav"
    path.write_bytes(magic + data)
    read_or_refuse(path)


def test_file_cut_off_in_its_header_says_what_it_claims(tmp_path):
    whole = save(tmp_path / "whole.flac", NOISE[:8000], 44100)
    cut = tmp_path / "cut.flac"
    cut.write_bytes(whole.read_bytes()[:300])
    assert "0 samples of the 8000 that its header claims at 44100 Hz" in message(cut)
