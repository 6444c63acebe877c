"""Datasets in files: whole after any interruption, and any change is found."""

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time

import pytest
import torch

from backbeat import plugins
from backbeat.datasets import Augmentation, Synthetic, read, shards, verify, write
from backbeat.errors import DatasetError
from backbeat.executors import Local

KICK = plugins.get("kick")
TINY = Synthetic(KICK, seconds=0.02, sample_rate=8000)


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A dataset of three shards."""
    monkeypatch.setattr(shards, "ITEMS_PER_SHARD", 64)
    folder = tmp_path / "kicks"
    write(TINY, folder, 150)
    return folder


def contents(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_is_read_is_what_was_made(written):
    items, made = list(read(written)), TINY.at(torch.arange(150))
    assert [item.index for item in items] == made.indices.tolist()
    for item, params, seed, audio in zip(items, made.params, made.seeds, made.audio[:, 0], strict=True):
        assert torch.equal(item.params, params)
        assert item.seed == int(seed)
        assert item.sample_rate == 8000
        assert (item.audio - audio).abs().max() <= 2.0**-16 * max(1.0, float(audio.abs().max())) + 1e-7


def test_it_says_what_it_is(written):
    manifest = json.loads((written / "manifest.json").read_text())
    assert (manifest["count"], manifest["plugin"], manifest["complete"]) == (150, "kick", True)
    assert [shard["items"] for shard in manifest["shards"]] == [64, 64, 22]
    assert "150 sounds of the kick" in (written / "README.md").read_text()
    assert verify(written) == []


def test_a_shard_is_what_webdataset_expects(written):
    with tarfile.open(written / "kick-train-000000.tar") as shard:
        names = shard.getnames()
    assert names[:2] == ["0000000000.flac", "0000000000.json"]
    assert len(names) == 2 * 64


def test_two_processes_write_the_same_bytes(tmp_path):
    count = shards.ITEMS_PER_SHARD + 10
    for workers in (1, 2):
        write(TINY, tmp_path / str(workers), count, executor=Local(workers))
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def test_what_a_killed_worker_left_is_not_a_problem(written):
    (written / ".0123456789abcdef.tar").write_bytes(b"half of a shard")
    assert verify(written) == []
    (written / "other.tar").write_bytes(b"mine")
    assert verify(written) == [f"{written / 'other.tar'}: not of this dataset"]


def test_what_is_missing_is_made_again(written):
    whole = contents(written)
    (written / "kick-train-000001.tar").unlink()
    (written / "kick-train-000002.json").unlink()
    (written / ".0123456789abcdef.tar").write_bytes(b"half of a shard")
    seen = []
    write(TINY, written, 150, progress=lambda done, count: seen.append((done, count)))
    assert contents(written) == whole
    assert seen == [(64, 150), (128, 150), (150, 150)]


@pytest.mark.parametrize("name", ["kick-train-000000.tar", "kick-train-000002.tar"])
@pytest.mark.parametrize("place", [0.01, 0.5, 0.99])
def test_a_flipped_bit_is_found_and_put_right(written, name, place):
    whole, path = contents(written), written / name
    data = bytearray(path.read_bytes())
    data[int(place * len(data))] ^= 1
    path.write_bytes(data)
    (problem,) = verify(written)
    assert str(path) in problem
    assert "SHA-256" in problem
    write(TINY, written, 150)
    assert contents(written) == whole


def test_other_troubles_are_found(written):
    (written / "kick-train-000001.tar").unlink()
    (written / "notes.txt").write_text("mine")
    assert verify(written) == [
        f"{written / 'kick-train-000001.tar'}: missing; it held 64 items",
        f"{written / 'notes.txt'}: not of this dataset",
    ]


@pytest.mark.parametrize(
    ("other", "count", "name"),
    [
        (TINY, 151, "count"),
        (Synthetic(KICK, seconds=0.02, sample_rate=8000, seed=1), 150, "seed"),
        (Synthetic(KICK, seconds=0.02, sample_rate=8000, augmentation=Augmentation()), 150, "augmentation"),
    ],
)
def test_another_dataset_does_not_get_mixed_in(written, other, count, name):
    whole = contents(written)
    with pytest.raises(DatasetError, match=f"holds a dataset whose {name} is"):
        write(other, written, count)
    assert contents(written) == whole


def test_a_run_that_was_killed_before_its_manifest_goes_on_and_hidden_files_stay(tmp_path):
    (tmp_path / ".0123456789abcdef.json").write_text("{")
    write(TINY, tmp_path, 10)
    (tmp_path / ".gitattributes").write_text("mine")
    write(TINY, tmp_path, 10)
    assert not (tmp_path / ".0123456789abcdef.json").exists()
    assert (tmp_path / ".gitattributes").read_text() == "mine"


def test_what_is_not_finished_is_not_read(written):
    manifest = json.loads((written / "manifest.json").read_text())
    (written / "manifest.json").write_text(json.dumps({**manifest, "complete": False, "shards": []}))
    with pytest.raises(DatasetError, match="was not finished"):
        list(read(written))


@pytest.mark.parametrize("record", ["[]", "{}", "{"])
def test_a_broken_record_is_made_again(written, record):
    whole = contents(written)
    (written / "kick-train-000001.json").write_text(record)
    write(TINY, written, 150)
    assert contents(written) == whole


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "song.wav").write_bytes(b"mine")
    with pytest.raises(DatasetError, match="holds other files"):
        write(TINY, tmp_path, 10)
    assert contents(tmp_path) == {"song.wav": b"mine"}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 9}'])
def test_a_broken_manifest_is_said(written, text):
    (written / "manifest.json").write_text(text)
    for call in (lambda: verify(written), lambda: list(read(written)), lambda: write(TINY, written, 150)):
        with pytest.raises(DatasetError, match=r"manifest\.json: no"):
            call()


def test_a_shard_that_is_none_is_said(written):
    (written / "kick-train-000000.tar").write_bytes(b"\0" * 100)
    with pytest.raises(DatasetError, match="not a shard that can be read"):
        list(read(written))


def test_audio_beyond_full_scale_is_scaled_and_not_clipped(tmp_path):
    loud = Synthetic(KICK, "uniform", seconds=0.05)
    write(loud, tmp_path / "loud", 64)
    with tarfile.open(tmp_path / "loud" / "kick-train-000000.tar") as shard:
        scales = [
            json.loads(io.BytesIO(shard.extractfile(m).read()).read())["scale"] for m in shard if "json" in m.name
        ]
    peaks = loud.at(torch.arange(64)).audio.abs().amax((1, 2))
    assert max(scales) > 1.0
    assert scales == pytest.approx(peaks.clamp(min=1.0).tolist(), rel=1e-4)


COMMAND = (
    "from backbeat.cli import main; import sys; "
    "sys.argv = ['backbeat', 'dataset', 'write', 'kick', '--count', '6000', '--seconds', '0.1', '--sample-rate', "
    "'8000', '--workers', '2', '--out', {folder!r}]; main()"
)


@pytest.mark.slow
def test_a_run_that_is_killed_twice_ends_whole(tmp_path):
    folder = tmp_path / "kicks"
    command = [sys.executable, "-c", COMMAND.format(folder=str(folder))]
    for shard_count in (1, 3):
        process = subprocess.Popen(command, start_new_session=True)
        while len(list(folder.glob("kick-*.tar"))) < shard_count and process.poll() is None:
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert verify(folder) == [f"{folder / 'manifest.json'}: the dataset was not finished; write it again to go on"]
    subprocess.run(command, check=True)
    assert verify(folder) == []
    indices = [item.index for item in read(folder)]
    assert len(indices) == len(set(indices)) == 6000
