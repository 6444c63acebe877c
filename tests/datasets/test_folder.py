"""Real one-shots, labelled by folder."""

import shutil
from argparse import ArgumentParser
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


LEFTOVERS = (
    "._a.flac",
    ".DS_Store",
    "__MACOSX/kick/._a.flac",
    "__MACOSX/kick/a.flac",
    "kick/Thumbs.db",
    "kick/desktop.ini",
    "kick/@eaDir/a.flac/SYNOAUDIO.flac",
    ".Trashes/501/old.flac",
    ".hidden.flac",
    "$RECYCLE.BIN/S-1-5/$R1.flac",
    ".git/objects/ab/cd",
)


def leave_behind(folder: Path) -> None:
    for path in LEFTOVERS:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X")


def test_hidden_files_and_archive_leftovers_are_passed_over_and_counted(folder):
    before = OneShots(folder)
    assert before.passed_over == 0
    leave_behind(folder)
    dataset = OneShots(folder)
    assert dataset.paths == before.paths
    assert dataset.labels == before.labels
    assert dataset.passed_over == len(LEFTOVERS)
    assert len(dataset.readable()[1]) == 1  # broken.wav


def test_a_folder_of_leftovers_alone_says_so(tmp_path):
    (tmp_path / "._a.wav").write_bytes(b"")
    with pytest.raises(
        DatasetError, match=r"no sound file \(1 hidden file or archive leftover was passed over\); must"
    ):
        OneShots(tmp_path)
    leave_behind(tmp_path)
    with pytest.raises(DatasetError, match=r"\(12 hidden files and archive leftovers were passed over\)"):
        OneShots(tmp_path)


@pytest.mark.parametrize("place", [".samples", "__MACOSX", "._/.b"])
def test_a_hidden_folder_that_is_asked_for_is_looked_into(folder, tmp_path_factory, place):
    inside = tmp_path_factory.mktemp("home") / place
    shutil.copytree(folder, inside)
    assert len(OneShots(inside)) == 4
    assert OneShots(inside).passed_over == 0


def test_a_benchmark_looks_at_the_same_files(folder, monkeypatch, capsys):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    from folder import one_shots

    leave_behind(folder)
    assert one_shots(ArgumentParser(), folder) == [folder / "c.flac"]
    assert capsys.readouterr().err == f"{folder}: 3 hidden files and archive leftovers were passed over\n"
