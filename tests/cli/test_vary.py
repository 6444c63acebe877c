"""`backbeat random`, `perturb` and `morph`: new patches, printed or written."""

import json

import pytest

from backbeat import plugins
from backbeat.patch import from_json, load, morph, perturb, presets, randomise, save


@pytest.fixture
def other_patch(tmp_path):
    path = tmp_path / "other.json"
    save(randomise(plugins.get("kick"), 2), path)
    return path


@pytest.fixture
def drum_patch(tmp_path):
    path = tmp_path / "drum.json"
    save(randomise(plugins.get("drum"), 2), path)
    return path


@pytest.mark.parametrize("plugin", plugins.names())
def test_random_patch_is_that_of_the_library(backbeat, plugin):
    shown = backbeat("random", plugin, "--seed", "5")
    assert (shown.status, shown.err) == (0, "")
    assert from_json(shown.out) == randomise(plugins.get(plugin), 5)
    assert backbeat("random", plugin, "--seed", "5").out == shown.out
    assert backbeat("random", plugin, "--seed", "6").out != shown.out


def test_perturbed_patch_is_that_of_the_library(backbeat, kick_patch):
    shown = backbeat("perturb", kick_patch, "--amount", "0.1", "--seed", "3")
    assert (shown.status, shown.err) == (0, "")
    assert from_json(shown.out) == perturb(load(kick_patch), 0.1, 3)


def test_perturbed_by_nothing_is_the_patch(backbeat, kick_patch):
    values = from_json(backbeat("perturb", kick_patch, "--amount", "0").out).values
    for name, value in load(kick_patch).values.items():
        assert values[name] == value if isinstance(value, str) else values[name] == pytest.approx(value)


def test_morphed_patch_is_that_of_the_library(backbeat, kick_patch, other_patch):
    shown = backbeat("morph", kick_patch, other_patch, "--amount", "0.25")
    assert (shown.status, shown.err) == (0, "")
    assert from_json(shown.out) == morph(load(kick_patch), load(other_patch), 0.25)


def test_presets_can_be_perturbed_and_morphed(backbeat):
    first, second = [name for name in presets() if name.startswith("kick/")][:2]
    assert backbeat("perturb", first).status == 0
    assert from_json(backbeat("morph", first, second).out).plugin == "kick"


@pytest.mark.parametrize("command", ["random", "perturb", "morph"])
def test_patch_is_written_or_printed(backbeat, kick_patch, other_patch, tmp_path, command):
    what = {"random": ["kick"], "perturb": [kick_patch], "morph": [kick_patch, other_patch]}[command]
    out = tmp_path / "out.json"
    printed = backbeat(command, *what).out
    written = backbeat(command, *what, "-o", out)
    assert (written.status, written.out, written.err) == (0, f"{out}\n", "")
    assert out.read_text(encoding="utf-8") == printed
    as_json = backbeat(command, *what, "-o", out, "--json").document()
    assert as_json == {"patch": str(out), "plugin": "kick", "seed": load(out).seed}


@pytest.mark.parametrize("command", ["random", "perturb", "morph"])
def test_patch_that_is_printed_is_json_with_or_without_the_option(backbeat, kick_patch, other_patch, command):
    what = {"random": ["kick"], "perturb": [kick_patch], "morph": [kick_patch, other_patch]}[command]
    assert json.loads(backbeat(command, *what, "--json").out) == json.loads(backbeat(command, *what).out)


def test_written_patch_can_be_rendered(backbeat, tmp_path):
    backbeat("random", "drum", "-o", tmp_path / "out.json")
    assert backbeat("render", tmp_path / "out.json", "-o", tmp_path / "out.wav", "--seconds", "0.05").status == 0


def test_patches_of_two_plugins_do_not_morph(backbeat, kick_patch, drum_patch):
    refused = backbeat("morph", kick_patch, drum_patch)
    assert (refused.status, refused.out) == (1, "")
    assert "kick and drum(tones=12, noise_bands=16)" in refused.error()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["random", "theremin"], "plugin: found 'theremin'"),
        (["perturb", "wobbly"], "found 'wobbly'"),
        (["morph", "wobbly", "kick.json"], "found 'wobbly'"),
    ],
)
def test_unknown_names(backbeat, kick_patch, monkeypatch, arguments, words):
    monkeypatch.chdir(kick_patch.parent)
    refused = backbeat(*arguments)
    assert (refused.status, refused.out) == (2, "")
    assert words in refused.error()
