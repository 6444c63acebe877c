"""Files that can be used: what comes out of them, and what the notes say."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray

from backbeat.audio import Recording, read


def hit(rate: int = 44100, *, seconds: float = 0.3, hz: float = 200.0, peak: float = 0.5) -> NDArray[np.float64]:
    """A decaying sine that starts at zero."""
    t = np.arange(round(seconds * rate)) / rate
    return peak * np.exp(-t / 0.05) * np.sin(2 * np.pi * hz * t)


def save(path: Path, samples: NDArray[np.float64], rate: int = 44100, subtype: str | None = "FLOAT") -> Path:
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


def signal(recording: Recording) -> NDArray[np.float64]:
    audio = recording.audio
    assert audio.shape[:2] == (1, 1)
    assert audio.dtype == torch.float32
    assert torch.isfinite(audio).all()
    return audio[0, 0].double().numpy()


def only_note(recording: Recording, *words: str) -> None:
    assert len(recording.notes) == 1, recording.notes
    for word in words:
        assert word in recording.notes[0]


def test_mono_file_at_a_usual_rate_is_returned_as_it_is(tmp_path):
    for rate in (44100, 48000):
        recording = read(save(tmp_path / "kick.wav", hit(rate), rate))
        assert recording.sample_rate == rate
        assert recording.notes == ()
        assert np.array_equal(signal(recording), hit(rate).astype(np.float32))


@pytest.mark.parametrize(
    ("subtype", "step"),
    [("PCM_U8", 2**-7), ("PCM_16", 2**-15), ("PCM_24", 2**-23), ("PCM_32", 2**-24), ("DOUBLE", 2**-24)],
)
def test_sample_formats(tmp_path, subtype, step):
    recording = read(save(tmp_path / "kick.wav", hit(), subtype=subtype))
    assert recording.notes == ()
    assert np.abs(signal(recording) - hit()).max() <= 1.01 * step


@pytest.mark.parametrize(("suffix", "tolerance"), [("aiff", 2**-15), ("flac", 2**-15), ("ogg", 0.05), ("mp3", 0.05)])
def test_file_formats(tmp_path, suffix, tolerance):
    recording = read(save(tmp_path / f"kick.{suffix}", hit(), subtype=None))
    assert recording.sample_rate == 44100
    assert np.abs(signal(recording)[: len(hit())] - hit()).max() <= tolerance


@pytest.mark.parametrize(
    ("rate", "expected"),
    [(4000, 44100), (22050, 44100), (32000, 44100), (88200, 44100), (176400, 44100), (96000, 48000), (192000, 48000)],
)
def test_other_rates_are_resampled_in_place(tmp_path, rate, expected):
    """Oracle: the same sound, computed at the new rate. A delay of one sample would cost 0.014."""
    windowed = {r: hit(r) * np.hanning(len(hit(r))) for r in (rate, expected)}
    recording = read(save(tmp_path / "kick.wav", windowed[rate], rate))
    assert recording.sample_rate == expected
    only_note(recording, str(rate), str(expected))
    got = signal(recording)
    assert abs(len(got) - len(windowed[expected])) <= 1
    length = min(len(got), len(windowed[expected]))
    assert np.abs(got[:length] - windowed[expected][:length]).max() < 1e-3


def test_channels_are_averaged(tmp_path):
    channels = np.stack([hit(peak=0.3 + 0.02 * c) for c in range(8)], axis=1)
    recording = read(save(tmp_path / "kick.wav", channels))
    only_note(recording, "8 channels")
    assert np.abs(signal(recording) - channels.mean(axis=1)).max() < 1e-6


def test_long_file_is_cut(tmp_path):
    recording = read(save(tmp_path / "loop.flac", np.tile(hit(), 10), subtype="PCM_16"), max_seconds=0.5)
    assert recording.audio.shape[-1] == 22050
    only_note(recording, "Cut to 0.5 s", "3 s")


def test_file_of_just_the_longest_length_is_not_called_cut(tmp_path):
    assert read(save(tmp_path / "kick.wav", hit(seconds=0.5)), max_seconds=0.5).notes == ()


def test_sound_at_the_end_of_ten_minutes_is_found(tmp_path):
    rate = 48000
    lead_in = np.zeros(599 * rate, np.int16)
    lead_in[::1000] = 1  # what is called silence is often dither
    with soundfile.SoundFile(tmp_path / "take.flac", "w", rate, 1, "PCM_16") as file:
        file.write(lead_in)
        file.write(hit(rate))
    recording = read(tmp_path / "take.flac")
    only_note(recording, "Skipped 598.99", "silence")
    got = signal(recording)
    assert len(got) == pytest.approx(len(hit(rate)) + 0.005 * rate, abs=2)
    assert np.abs(got[-len(hit(rate)) :] - hit(rate)).max() <= 2**-15


def test_late_sound_is_kept_whole_and_then_cut(tmp_path):
    """The sound would straddle the end of the first window."""
    take = np.concatenate((np.full(9000, 0.25), 0.25 + np.tile(hit(seconds=0.1), 5)))
    recording = read(save(tmp_path / "take.wav", take), max_seconds=10_000 / 44100)
    assert [note.split()[0] for note in recording.notes] == ["Skipped", "Cut", "DC"]
    start = 9001 - round(0.005 * 44100)  # the sine's first sample is zero
    assert np.array_equal(signal(recording), take[start : start + 10_000].astype(np.float32))


def test_leading_silence_stays_in_a_short_file(tmp_path):
    take = np.concatenate((np.zeros(20_000), hit()))
    recording = read(save(tmp_path / "take.wav", take), max_seconds=len(take) / 44100)
    assert recording.notes == ()
    assert np.array_equal(signal(recording), take.astype(np.float32))


def test_clipping_is_noted(tmp_path):
    clipped = np.clip(4.0 * hit(), -1.0, 1.0)
    recording = read(save(tmp_path / "kick.wav", clipped, subtype="PCM_16"))
    only_note(recording, f"Clipped: {np.count_nonzero(np.abs(clipped) == 1.0)} samples")


def test_peak_at_full_scale_is_not_called_clipped(tmp_path):
    assert read(save(tmp_path / "kick.wav", hit() / np.abs(hit()).max())).notes == ()


def test_louder_than_full_scale_is_kept_and_noted(tmp_path):
    loud = 4.0 * hit()
    recording = read(save(tmp_path / "kick.wav", loud))
    only_note(recording, "Louder than full scale", f"{20 * np.log10(np.abs(loud).max()):+.1f} dBFS")
    assert np.array_equal(signal(recording), loud.astype(np.float32))


def test_dc_offset_is_kept_and_noted(tmp_path):
    recording = read(save(tmp_path / "kick.wav", 0.1 + hit()))
    only_note(recording, "DC offset: 0.1")
    assert np.array_equal(signal(recording), (0.1 + hit()).astype(np.float32))


def test_lopsided_hit_is_not_called_dc(tmp_path):
    lopsided = hit()
    lopsided[:300] = np.abs(lopsided[:300])
    assert abs(lopsided.mean()) > 0.01 * np.abs(lopsided).max()
    assert read(save(tmp_path / "kick.wav", lopsided)).notes == ()


@pytest.mark.parametrize("level_db", [-60, -72])
def test_quiet_sound_is_kept(tmp_path, level_db):
    quiet = hit(peak=10 ** (level_db / 20))
    recording = read(save(tmp_path / "kick.wav", quiet))
    assert recording.notes == ()
    assert np.array_equal(signal(recording), quiet.astype(np.float32))


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[2] / "examples/sounds").glob("*.flac")), ids=lambda p: p.stem
)
def test_example_sounds_need_no_note(path):
    recording = read(path)
    assert recording.sample_rate == 44100
    assert recording.notes == ()
    assert np.abs(signal(recording)).max() == pytest.approx(0.9, abs=1e-4)


def test_there_are_six_example_sounds():
    folder = Path(__file__).parents[2] / "examples/sounds"
    names = [path.name for path in folder.glob("*.flac")]
    assert len(names) == 6
    assert sum(path.stat().st_size for path in folder.iterdir()) < 300_000
    source = (folder / "SOURCE.md").read_text(encoding="utf-8")
    assert all(name in source for name in names)
