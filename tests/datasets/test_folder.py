"""Real one-shots, labelled by folder."""

import shutil
from pathlib import Path

import pytest

from backbeat.datasets import OneShots
from backbeat.errors import DatasetError

SOUNDS = Path(__file__).parents[2] / "examples" / "sounds"


@pytest.fixture
def folder(tmp_path):
    sounds = sorted(SOUNDS.glob("*.flac"))
    for path in ("kick/a.flac", "kick/deep/b.flac", "c.flac"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(sounds[0], tmp_path / path)
    (tmp_path / "kick" / "broken.wav").write_bytes(b"RIFF")
    (tmp_path / "kick" / "readme.txt").write_text("no sound")
    return tmp_path


def test_labels_are_the_folders(folder):
    dataset = OneShots(folder)
    assert [path.name for path in dataset.paths] == ["c.flac", "a.flac", "broken.wav", "b.flac"]
    assert dataset.labels == ("", "kick", "kick/deep")
    assert dataset[1].label == "kick"
    assert dataset[1].sample_rate == 44100
    assert dataset[1].audio.ndim == 3


def test_what_cannot_be_read_is_named_and_the_rest_is_there(folder):
    found, reasons = OneShots(folder).readable()
    assert [each.path.name for each in found] == ["c.flac", "a.flac", "b.flac"]
    (reason,) = reasons
    assert "broken.wav" in str(reason)


def test_no_folder_and_an_empty_one_are_said(tmp_path):
    with pytest.raises(DatasetError, match="no sound file"):
        OneShots(tmp_path)
    with pytest.raises(DatasetError, match="not a folder"):
        OneShots(tmp_path / "none")
