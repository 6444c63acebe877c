"""`backbeat dataset`: written, verified, refused."""

import pytest


def write(backbeat, folder, *options):
    return backbeat(
        "dataset", "write", "kick", "--out", folder, "--count", 70, "--seconds", 0.02, "--sample-rate", 8000, *options
    )


def test_written_and_verified(backbeat, tmp_path):
    folder = tmp_path / "kicks"
    shown = write(backbeat, folder)
    assert (shown.status, shown.err) == (0, "")
    assert shown.out.startswith(f"{folder}: 70 items in 1 shards")
    checked = backbeat("dataset", "verify", folder)
    assert (checked.status, checked.out, checked.err) == (0, f"{folder}: all there, all as it was written\n", "")


def test_json(backbeat, tmp_path):
    document = write(backbeat, tmp_path / "kicks", "--json").document()
    assert (document["items"], document["shards"]) == (70, 1)
    assert backbeat("dataset", "verify", tmp_path / "kicks", "--json").document()["problems"] == []


def test_a_changed_shard_fails(backbeat, tmp_path):
    write(backbeat, tmp_path / "kicks")
    with (tmp_path / "kicks" / "kick-train-000000.tar").open("r+b") as file:
        file.seek(3000)
        file.write(b"!")
    checked = backbeat("dataset", "verify", tmp_path / "kicks")
    assert checked.status == 1
    assert "SHA-256" in checked.error()


def test_folders_that_will_not_do(backbeat, tmp_path):
    assert "no manifest that can be read" in backbeat("dataset", "verify", tmp_path).error()
    (tmp_path / "mine.txt").write_text("mine")
    refused = write(backbeat, tmp_path)
    assert refused.status == 1
    assert "holds other files" in refused.error()
    assert "not a folder that can be written to" in write(backbeat, tmp_path / "mine.txt" / "kicks").error()


@pytest.mark.parametrize("option", [("--split", "dev"), ("--count", 0), ("--seconds", 1000), ("--distribution", "odd")])
def test_wrong_options_are_refused(backbeat, tmp_path, option):
    assert write(backbeat, tmp_path / "kicks", *option).status == 2


def test_no_such_plugin(backbeat, tmp_path):
    shown = backbeat("dataset", "write", "gong", "--out", tmp_path / "gongs")
    assert shown.status == 2
    assert "gong" in shown.error()
    assert not (tmp_path / "gongs").exists()
