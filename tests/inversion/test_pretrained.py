"""The inverter that ships."""

from importlib.resources import files
from statistics import median

import pytest

from backbeat import plugins
from backbeat.families import FLOORS, family_of
from backbeat.inversion import invert, pretrained
from backbeat.inversion.proposals import Heard
from backbeat.losses import distances
from backbeat.patch import preset, presets

FOLDER = files("backbeat.encoder") / "pretrained"


def test_every_instrument_has_a_head_that_fits():
    assert not pretrained().left_out
    assert set(pretrained().plugins) == set(plugins.names())


@pytest.mark.parametrize("plugin", plugins.names())
def test_presets_are_predicted_nearly(plugin):
    found = []
    for name in presets():
        if name.startswith(f"{plugin}/"):
            sound = preset(name).render()
            near = invert(sound, plugin=plugin, sample_rate=44100)[0].patch.render()
            found.append(distances(near, sound, 44100).mel_db / FLOORS[family_of(plugin) or "perc"].mel_db)
    assert median(found) < 2.5


def test_most_presets_are_told_to_be_of_their_instrument():
    right = []
    for name in presets():
        heard = Heard.of(preset(name).render(), 44100, whole=False)
        odds = pretrained().answer(heard.features).log_odds[0]
        right.append(list(pretrained().plugins)[int(odds.argmax())] == name.partition("/")[0])
    assert sum(right) > 0.8 * len(right)


def test_it_is_small_and_says_how_it_came_about():
    assert sum(len(each.read_bytes()) for each in FOLDER.iterdir()) < 12_000_000
    assert "backbeat train" in (FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8")
