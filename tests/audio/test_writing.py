"""WAV files: exact, reproducible, whole or not at all."""

import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_st
from scipy.io import wavfile

from backbeat.audio import read, write
from backbeat.errors import AudioError

NOISE = torch.from_numpy(np.random.default_rng(0).uniform(-0.99, 0.99, (1, 1, 999)).astype(np.float32))


def test_float_round_trip_is_exact(tmp_path):
    loud = 3.0 * NOISE
    assert write(tmp_path / "kick.wav", loud, 48000) == ()
    recording = read(tmp_path / "kick.wav")
    assert recording.sample_rate == 48000
    assert torch.equal(recording.audio, loud)


@pytest.mark.parametrize(("bit_depth", "bits"), [("16", 16), ("24", 24)])
def test_integer_round_trip_is_within_half_a_step(tmp_path, bit_depth, bits):
    assert write(tmp_path / "kick.wav", NOISE, 44100, bit_depth=bit_depth) == ()
    difference = read(tmp_path / "kick.wav").audio.double() - NOISE.double()
    assert difference.abs().max() <= 0.5 * 2.0 ** (1 - bits)
    once = (tmp_path / "kick.wav").read_bytes()
    write(tmp_path / "kick.wav", read(tmp_path / "kick.wav").audio, 44100, bit_depth=bit_depth)
    assert (tmp_path / "kick.wav").read_bytes() == once


@pytest.mark.parametrize("bit_depth", ["16", "24", "32f"])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_other_readers_agree(tmp_path, bit_depth, channels):
    """An odd number of samples and channels: 24 bits then needs a pad byte."""
    audio = (
        NOISE.reshape(1, -1, channels).transpose(1, 2)
        if 999 % channels == 0
        else NOISE[..., :998].reshape(1, channels, -1)
    )
    path = tmp_path / "kick.wav"
    write(path, audio, 44100, bit_depth=bit_depth)
    data = path.read_bytes()
    assert len(data) % 2 == 0
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    expected = audio[0].T.double().numpy()
    tolerance = {"16": 2.0**-16, "24": 2.0**-24, "32f": 0.0}[bit_depth]
    by_libsndfile, rate = soundfile.read(path, always_2d=True)
    assert rate == 44100
    assert np.abs(by_libsndfile - expected).max() <= tolerance
    rate, by_scipy = wavfile.read(path)
    scale = {"16": 2.0**15, "24": 2.0**31, "32f": 1.0}[bit_depth]
    assert rate == 44100
    assert np.abs(by_scipy.reshape(expected.shape) / scale - expected).max() <= tolerance
    if bit_depth != "32f":
        with wave.open(str(path)) as file:
            assert (file.getnchannels(), file.getnframes()) == (channels, len(expected))
            assert file.getsampwidth() == int(bit_depth) // 8


@pytest.mark.parametrize(("bit_depth", "step"), [("16", 2.0**-15), ("24", 2.0**-23)])
def test_beyond_full_scale_is_clipped_with_a_note(tmp_path, bit_depth, step):
    audio = torch.tensor([[[1.5, -1.5, 1.0, -1.0, *[0.25] * 60]]])
    notes = write(tmp_path / "kick.wav", audio, 44100, bit_depth=bit_depth)
    assert notes == (f"Clipped 2 samples beyond full scale to fit {bit_depth} bits.",)
    got = read(tmp_path / "kick.wav").audio[0, 0, :5].tolist()
    assert got == [1.0 - step, -1.0, 1.0 - step, -1.0, 0.25]


def test_same_audio_same_bytes(tmp_path, monkeypatch):
    write(tmp_path / "a.wav", NOISE, 44100)
    monkeypatch.setattr("time.time", lambda: 0.0)
    write(tmp_path / "b.wav", NOISE.double().requires_grad_(), 44100)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    assert len((tmp_path / "a.wav").read_bytes()) == 58 + 4 * 999  # no chunk that could hold a date


@given(
    numpy_st.arrays(np.float32, st.integers(1, 50), elements=st.floats(width=32, allow_nan=False, allow_infinity=False))
)
def test_any_finite_audio_can_be_written(tmp_path_factory, samples):
    path = tmp_path_factory.getbasetemp() / "any.wav"
    for bit_depth, limit in (("16", 1.0), ("24", 1.0), ("32f", np.inf)):
        write(path, torch.from_numpy(samples)[None, None], 44100, bit_depth=bit_depth)
        got = soundfile.read(path)[0]
        assert np.abs(got - np.clip(samples.astype(np.float64), -limit, limit)).max() <= 2.0**-15


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_not_finite(tmp_path, bad):
    audio = NOISE.clone()
    audio[0, 0, :3] = bad
    with pytest.raises(AudioError, match="3 of 999 samples are NaN or infinite"):
        write(tmp_path / "kick.wav", audio, 44100)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shape", [(999,), (1, 999), (2, 1, 999), (1, 0, 999), (1, 1, 0), (1, 33, 9)])
def test_shape_out_of_bounds(tmp_path, shape):
    with pytest.raises(AudioError, match="allowed"):
        write(tmp_path / "kick.wav", torch.zeros(shape), 44100)


def test_rate_bit_depth_and_suffix_out_of_bounds(tmp_path):
    with pytest.raises(AudioError, match="sample rate 0 Hz; allowed: 2000 to 768000"):
        write(tmp_path / "kick.wav", NOISE, 0)
    with pytest.raises(AudioError, match="bit_depth: '8'; allowed: '16', '24', '32f'"):
        write(tmp_path / "kick.wav", NOISE, 44100, bit_depth="8")
    with pytest.raises(AudioError, match=r"suffix '\.flac'; allowed: '\.wav'"):
        write(tmp_path / "kick.flac", NOISE, 44100)


def test_missing_folder(tmp_path):
    with pytest.raises(AudioError, match=r"kick\.wav: cannot be written \(No such file or directory\)"):
        write(tmp_path / "kicks" / "kick.wav", NOISE, 44100)


def test_folder_that_is_a_file(tmp_path):
    (tmp_path / "kicks").write_text("not a folder")
    with pytest.raises(AudioError, match="cannot be written"):
        write(tmp_path / "kicks" / "kick.wav", NOISE, 44100)
    assert (tmp_path / "kicks").read_text() == "not a folder"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc here")
def test_folder_where_nobody_may_write():
    """Root too: permission bits alone would not stop it."""
    with pytest.raises(AudioError, match=r"/proc/kick\.wav: cannot be written"):
        write("/proc/kick.wav", NOISE, 44100)


def test_name_taken_by_a_folder(tmp_path):
    (tmp_path / "kick.wav").mkdir()
    with pytest.raises(AudioError, match=r"kick\.wav: cannot be written \(Is a directory\)"):
        write(tmp_path / "kick.wav", NOISE, 44100)


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on file sizes there")
def test_disk_that_fills_leaves_the_old_file(tmp_path):
    import resource

    write(tmp_path / "kick.wav", NOISE[..., :99], 44100)
    before = (tmp_path / "kick.wav").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # the kernel then refuses to write on, as if full
    try:
        with pytest.raises(AudioError, match=r"kick\.wav: cannot be written \(File too large\)"):
            write(tmp_path / "kick.wav", NOISE, 44100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in tmp_path.iterdir()] == ["kick.wav"]
    assert (tmp_path / "kick.wav").read_bytes() == before
