"""Inverters in files: what comes back, what is refused, and what is left out."""

import json
from pathlib import Path

import pytest
import torch

from backbeat import plugins
from backbeat.encoder.features import features
from backbeat.encoder.network import Answer
from backbeat.errors import InverterError
from backbeat.inversion import Inverter, Size, load_inverter, save_inverter

NAMES = ("kick", "hat", "tom")


@pytest.fixture
def saved(tmp_path):
    torch.manual_seed(0)
    inverter = Inverter([plugins.get(name) for name in NAMES], Size(channels=16, hidden=16, head=16, components=2))
    save_inverter(inverter, tmp_path, {"step": 0})
    return tmp_path, inverter.eval()


def answered(inverter: Inverter) -> Answer:
    with torch.no_grad():
        return inverter.answer(features(torch.randn(1, 1, 4410, generator=torch.Generator().manual_seed(0))))


def change(folder: Path, **facts) -> None:
    """Other facts about the head of the second instrument."""
    path = folder / "inverter.json"
    document = json.loads(path.read_text())
    document["instruments"][1].update(facts)
    path.write_text(json.dumps(document))


def test_what_comes_back_answers_the_same(saved):
    folder, inverter = saved
    before, after = answered(inverter), answered(load_inverter(folder))
    torch.testing.assert_close(after.log_odds, before.log_odds, atol=0.01, rtol=0.0)
    torch.testing.assert_close(after.mixtures["tom"].means, before.mixtures["tom"].means, atol=0.01, rtol=0.0)


@pytest.mark.parametrize("name", ["inverter.json", "inverter.safetensors"])
@pytest.mark.parametrize("content", [None, b"", b"{}", b"\0" * 64])
def test_broken_weights_are_named(saved, name, content):
    folder, _ = saved
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(InverterError, match=f"{name}: no inverter that can be read"):
        load_inverter(folder)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"version": 99}, "hat: the weights are of version 99, and it is of 1 now"),
        ({"table": "0" * 16}, "hat: the weights are of another table of parameters"),
        ({"plugin": "gong"}, "gong: plugin: found 'gong'"),
        ({"options": {"bars": 2}}, "hat: plugin hat: found option 'bars'"),
    ],
)
def test_a_head_that_does_not_fit_is_left_out_and_the_others_answer_as_before(saved, facts, words):
    folder, inverter = saved
    whole = answered(inverter)
    change(folder, **facts)
    kept = load_inverter(folder)
    ((name, reason),) = kept.left_out.items()
    assert reason.startswith(words)
    assert list(kept.plugins) == ["kick", "tom"]
    found = answered(kept)
    assert float(found.log_odds.exp().sum()) == pytest.approx(1.0)
    torch.testing.assert_close(found.mixtures["tom"].means, whole.mixtures["tom"].means, atol=0.01, rtol=0.0)
    between, before = (each[0, -1] - each[0, 0] for each in (found.log_odds, whole.log_odds))
    torch.testing.assert_close(between, before, atol=0.01, rtol=0.0)
    if name == "hat":
        with pytest.raises(InverterError, match="plugin: found 'hat'; hat: "):
            kept.require("hat")


def test_weights_of_which_nothing_fits_are_refused(saved):
    folder, _ = saved
    path = folder / "inverter.json"
    document = json.loads(path.read_text())
    for each in document["instruments"]:
        each["version"] = 99
    path.write_text(json.dumps(document))
    with pytest.raises(InverterError, match=r"no head fits; kick: the weights are of version 99.*: train again"):
        load_inverter(folder)


def test_weights_of_an_older_form_are_refused(saved):
    folder, _ = saved
    path = folder / "inverter.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": 1}))
    with pytest.raises(InverterError, match="schema 1; must be 2: train again"):
        load_inverter(folder)
