"""Patches in another size of their plugin."""

from dataclasses import replace

import pytest
import torch

from backbeat import plugins
from backbeat.errors import PatchError
from backbeat.patch import preset, presets, resize

LARGE = plugins.get("drum", tones=128, noise_bands=32)


@pytest.mark.parametrize("name", [name for name in presets() if name.startswith("drum/")])
def test_tones_sound_the_same_among_more(name):
    toned = replace(preset(name), values={**preset(name).values, "noise_db": -80.0, "snap_db": (-80.0,) * 16})
    if toned.options != {"tones": 12, "noise_bands": 16}:
        pytest.skip("of another size")
    larger = resize(toned, LARGE)
    assert larger.options == {"tones": 128, "noise_bands": 32}
    torch.testing.assert_close(larger.render(), toned.render(), atol=2e-3, rtol=0.0)


def test_bands_of_noise_are_read_off_between():
    patch = preset("drum/snare")
    levels = torch.tensor(resize(patch, LARGE).values["noise_band_db"])
    before = torch.tensor(patch.values["noise_band_db"])
    assert len(levels) == 32
    assert levels[0] == pytest.approx(float(before[0]), abs=1e-5)
    assert levels[-1] == pytest.approx(float(before[-1]), abs=1e-5)
    assert levels.min() >= before.min() - 1e-5
    assert levels.max() <= before.max() + 1e-5


def test_the_same_size_is_the_same_patch():
    patch = preset("kick/909")
    assert resize(patch, plugins.get("kick")).params().tolist() == pytest.approx(patch.params().tolist())


def test_what_does_not_fit_is_said():
    with pytest.raises(PatchError, match="found a patch of kick; must be of drum"):
        resize(preset("kick/909"), LARGE)
    with pytest.raises(PatchError, match="found 12 entries of tone_hz; must be at most 3"):
        resize(preset("drum/snare"), plugins.get("drum", tones=3))
