"""A search that is stopped, kept in a file, and goes on as if nothing had happened."""

import json
import pickle
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from backbeat.errors import MatchError
from backbeat.matching.checkpoint import load_checkpoint, save_checkpoint
from backbeat.matching.search import SearchState, begin, descend
from backbeat.parameters import Layout, amount
from full_disk import full_disk

TABLE = Layout(first=amount(default=0.5, help="A."), second=amount(default=0.5, help="B."))
REQUEST = {"plugin": "kick", "options": {}, "seed": 3, "steps": 40, "starts": 3, "sound": "ab12"}
STARTS = torch.tensor([[0.2, 0.9], [0.5, 0.5], [0.9, 0.1]])


def objective(params: Tensor) -> Tensor:
    return ((params - 0.7) ** 2).sum(-1) + 0.1 * torch.cos(9.0 * params[:, 0])


def search(state: SearchState, steps: int = 40) -> list[SearchState]:
    return list(descend(state, objective, TABLE, steps))


def refusal(path: Path, request: dict[str, object] = REQUEST) -> str:
    with pytest.raises(MatchError) as caught:
        load_checkpoint(path, request, "cpu")
    text = str(caught.value)
    assert "\n" not in text
    assert str(path) in text
    return text


@pytest.fixture
def states() -> list[SearchState]:
    return search(begin(STARTS))


@pytest.fixture
def saved(tmp_path, states) -> Path:
    path = tmp_path / "kick.search.npz"
    save_checkpoint(path, states[9], REQUEST)
    return path


def test_everything_comes_back_bit_for_bit(saved, states):
    found = load_checkpoint(saved, REQUEST, "cpu")
    for each in fields(SearchState):
        was, is_now = getattr(states[9], each.name), getattr(found, each.name)
        if isinstance(was, Tensor):
            assert torch.equal(was, is_now), each.name
            assert was.dtype == is_now.dtype
        else:
            assert was == is_now, each.name


@pytest.mark.parametrize("stop", [1, 5, 10, 12, 30])
def test_resumed_search_ends_where_an_uninterrupted_one_does(tmp_path, states, stop):
    path = tmp_path / "kick.search.npz"
    save_checkpoint(path, states[stop - 1], REQUEST)
    last = search(load_checkpoint(path, REQUEST, "cpu"))[-1]
    assert torch.equal(last.best_params, states[-1].best_params)
    assert torch.equal(last.params, states[-1].params)
    assert last.history == states[-1].history


def test_losses_that_were_never_finite_come_back(tmp_path):
    path = tmp_path / "kick.search.npz"
    state = next(descend(begin(STARTS), lambda params: params.sum(-1) * float("nan"), TABLE, 40))
    save_checkpoint(path, state, REQUEST)
    assert load_checkpoint(path, REQUEST, "cpu").history == (float("inf"),)


def test_only_the_checkpoint_is_left_in_the_folder(saved, states):
    save_checkpoint(saved, states[20], REQUEST)
    assert [each.name for each in saved.parent.iterdir()] == [saved.name]
    assert load_checkpoint(saved, REQUEST, "cpu").step == 21


@pytest.mark.parametrize("name", ["search", "kick.checkpoint", "kick.search.npz"])
def test_any_file_name_will_do(tmp_path, states, name):
    save_checkpoint(tmp_path / name, states[9], REQUEST)
    assert [each.name for each in tmp_path.iterdir()] == [name]
    assert load_checkpoint(tmp_path / name, REQUEST, "cpu").step == 10


def test_no_checkpoint(tmp_path):
    assert "no checkpoint to resume from" in refusal(tmp_path / "kick.search.npz")


@pytest.mark.parametrize(
    ("name", "other"), [("plugin", "drum"), ("options", {"tones": 3}), ("seed", 4), ("steps", 41), ("sound", "cd34")]
)
def test_checkpoint_of_another_match(saved, name, other):
    text = refusal(saved, REQUEST | {name: other})
    assert f"{name}={REQUEST[name]!r}" in text
    assert repr(other) in text


@pytest.mark.parametrize("share_kept", [0.0, 0.01, 0.3, 0.9, 0.99])
def test_truncated_file(saved, share_kept):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(share_kept * len(content))])
    assert "damaged" in refusal(saved)


def test_damage_in_the_middle(saved):
    content = bytearray(saved.read_bytes())
    where = content.index(b"best_params.npy") + 150
    content[where : where + 8] = b"damaged!"
    saved.write_bytes(content)
    assert "damaged" in refusal(saved)


def test_other_files(saved, tmp_path):
    text, array, folder = tmp_path / "notes.txt", tmp_path / "array.npy", tmp_path / "folder"
    text.write_text("It was a dark and stormy night.\n")
    np.save(array, np.zeros(3))
    folder.mkdir()
    for path in (text, array, folder):
        assert "not a checkpoint" in refusal(path)


def test_pickle_is_not_opened(tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    path = tmp_path / "kick.search.npz"
    path.write_bytes(pickle.dumps(Trap()))
    refusal(path)
    np.savez(path, request=np.array(Trap(), dtype=object))
    refusal(path)
    assert not (tmp_path / "sprung").exists()


def test_archive_of_other_arrays(tmp_path):
    path = tmp_path / "kick.search.npz"
    np.savez(path, params=np.zeros((3, 2)))
    assert "not a checkpoint" in refusal(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("request", np.array("[1, 2]")),
        ("request", np.array("{")),
        ("history", np.zeros(0)),
        ("history", np.array("a")),
        ("params", np.zeros((3, 2, 1), np.float32)),
        ("params", np.array("text")),
        ("gradient", np.zeros((7, 2), np.float32)),
        ("best_params", np.zeros(5, np.float32)),
    ],
)
def test_array_of_another_kind(saved, name, value):
    with np.load(saved) as archive:
        arrays = dict(archive)
    np.savez(saved, **arrays | {name: value})
    assert "not a checkpoint" in refusal(saved)


def test_folder_that_is_a_file(tmp_path, states):
    (tmp_path / "file").touch()
    with pytest.raises(MatchError, match="cannot be written"):
        save_checkpoint(tmp_path / "file" / "kick.search.npz", states[0], REQUEST)


@pytest.mark.parametrize("after_bytes", [0, 100, 1500])
def test_disk_that_fills_keeps_the_checkpoint_before_it(saved, states, after_bytes):
    with full_disk(after_bytes), pytest.raises(MatchError, match="cannot be written"):
        save_checkpoint(saved, states[20], REQUEST)
    assert load_checkpoint(saved, REQUEST, "cpu").step == 10
    assert [each.name for each in saved.parent.iterdir()] == [saved.name]


def test_request_is_readable_without_backbeat(saved):
    with np.load(saved, allow_pickle=False) as archive:
        assert json.loads(str(archive["request"])) == REQUEST


def test_tensors_that_require_gradients_are_saved(tmp_path, states):
    state = replace(states[3], params=states[3].params.clone().requires_grad_())
    save_checkpoint(tmp_path / "kick.search.npz", state, REQUEST)
    assert torch.equal(load_checkpoint(tmp_path / "kick.search.npz", REQUEST, "cpu").params, states[3].params)
