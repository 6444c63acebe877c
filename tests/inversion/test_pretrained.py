"""The inverters that ship."""

import json
from importlib.resources import files
from statistics import median

import pytest

from backbeat.errors import InverterError
from backbeat.inversion import invert, load_inverter, pretrained, pretrained_plugins
from backbeat.losses import distances
from backbeat.patch import preset, presets

FOLDER = files("backbeat.inversion") / "pretrained"


KICK_SKIPPED = [
    pytest.param(name, marks=pytest.mark.skip(reason="retrained with the shared encoder")) if name == "kick" else name
    for name in pretrained_plugins()
]


@pytest.mark.parametrize("plugin", KICK_SKIPPED)
def test_presets_are_named_nearly(plugin):
    inverter = pretrained(plugin)
    assert inverter.plugin.name == plugin
    found = []
    for name in presets():
        if name.startswith(f"{plugin}/") and preset(name).options == inverter.plugin.options:
            sound = preset(name).render()
            named = invert(sound, inverter, sample_rate=44100)[0].patch
            found.append(distances(named.render(), sound, 44100).mel_db)
    assert median(found) < 7.0


@pytest.mark.parametrize("plugin", pretrained_plugins())
def test_they_are_small_and_say_how_they_came_about(plugin):
    folder = FOLDER / plugin
    assert sum(len(each.read_bytes()) for each in folder.iterdir()) < 10_000_000
    assert "backbeat train" in (folder / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_there_is_one_for_the_kick():
    assert "kick" in pretrained_plugins()


def test_no_inverter_for_a_plugin_is_said():
    with pytest.raises(InverterError, match="plugin: found 'gong'; there are inverters for"):
        pretrained("gong")


def test_one_of_another_version_of_its_plugin_is_refused(tmp_path):
    facts = json.loads((FOLDER / "drum" / "inverter.json").read_text(encoding="utf-8"))
    version = facts["plugin_version"]
    (tmp_path / "inverter.json").write_text(json.dumps(facts | {"plugin_version": version + 1}), encoding="utf-8")
    with pytest.raises(InverterError) as caught:
        load_inverter(tmp_path)
    line = f"of version {version + 1} of drum; must be of {version}: train again"
    assert str(caught.value) == f"{tmp_path / 'inverter.json'}: {line}"
