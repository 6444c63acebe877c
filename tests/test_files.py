"""A file is replaced whole or stays as it was."""

import os
import stat
from pathlib import Path

import pytest

from backbeat.files import distinct, replacing


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_new_file(tmp_path):
    with replacing(tmp_path / "kick.json") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".json"
        temporary.write_text("new")
        assert not (tmp_path / "kick.json").exists()
    assert names(tmp_path) == ["kick.json"]
    assert (tmp_path / "kick.json").read_text() == "new"


def test_old_file_is_readable_until_the_end(tmp_path):
    path = tmp_path / "kick.json"
    path.write_text("old")
    with replacing(str(path)) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt])
def test_failure_keeps_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "kick.json"
    path.write_text("old")

    def write_half() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        write_half()
    assert names(tmp_path) == ["kick.json"]
    assert path.read_text() == "old"


def test_failure_before_anything_is_written(tmp_path):
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "none" / "kick.json") as temporary:
        temporary.write_text("new")
    assert names(tmp_path) == []


def test_block_that_writes_nothing_is_an_error(tmp_path):
    (tmp_path / "kick.json").write_text("old")
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "kick.json"):
        pass
    assert (tmp_path / "kick.json").read_text() == "old"


def test_folder_is_refused(tmp_path):
    with pytest.raises(IsADirectoryError), replacing(tmp_path):
        pass


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipe_is_refused_and_survives(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="Not a regular file"), replacing(tmp_path / "pipe"):
        pass
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_link_stays_a_link(tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "kick.json").write_text("old")
    (tmp_path / "link.json").symlink_to("store/kick.json")
    with replacing(tmp_path / "link.json") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "store" / "kick.json").read_text() == "new"


@pytest.mark.skipif(os.name == "nt", reason="no permission bits there")
def test_permissions_follow_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        with replacing(tmp_path / "kick.json") as temporary:
            temporary.write_text("new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "kick.json").stat().st_mode) == 0o640


def test_names_differ_in_more_than_case():
    assert distinct(["kick", "Kick", "kick_2", "kick", "snare"], "_") == [
        "kick",
        "Kick_2",
        "kick_2_2",
        "kick_3",
        "snare",
    ]
    assert distinct(["a", "a"], "-") == ["a", "a-2"]
