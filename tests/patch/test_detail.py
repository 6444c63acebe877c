"""The detail layer: beside any voice, in the patch file, and turned with the voice."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from backbeat import plugins
from backbeat.dsp.loudness import energy_db, k_weighted
from backbeat.errors import PatchError, PluginError
from backbeat.patch import Patch, Placement, from_json, morph, preset, turn
from backbeat.patch.detail import voice_of
from backbeat.plugins.parts import onset_curve
from backbeat.synth import render

HZ, T60_S, LEVEL_DB = (700.0, 1900.0), (0.3, 0.1), (-20.0, -30.0)
BAND_DB, BAND_S = (-60.0, -30.0, -20.0, -40.0), (0.1, 0.2, 0.05, 0.3)


def detailed(name: str = "kick/909", **changed: object) -> Patch:
    voice = preset(name)
    plugin = plugins.get(voice.plugin, **voice.options, detail_partials=2, detail_bands=4)
    found = {
        "detail_hz": HZ, "detail_s": T60_S, "detail_db": LEVEL_DB, "detail_band_db": BAND_DB, "detail_band_s": BAND_S,
    }  # fmt: skip
    values = {**plugin.table.defaults(), **voice.values, **found, **changed}
    return Patch(voice.plugin, values, plugin.options)


@pytest.mark.parametrize("name", plugins.names())
def test_every_instrument_may_have_it(name):
    plugin = plugins.get(name, detail_partials=3, detail_bands=2)
    assert plugin.voice is plugins.get(name)
    assert plugin is plugins.get(name, detail_partials=3, detail_bands=2)
    assert plugin.program is not None
    params = plugin.table.normalise(plugin.table.defaults()).float().unsqueeze(0)
    voice = plugin.voice.table.normalise(plugin.voice.table.defaults()).float().unsqueeze(0)
    silent = render(plugin, params, samples=2000) - render(plugin.voice, voice, samples=2000)
    assert silent.abs().max() < 2e-3  # all its levels are -80 dB


def test_it_is_added_at_its_level_and_at_the_voice_s_own():
    patch = detailed()
    whole, half, none = (detailed(detail=level).sound() for level in (1.0, 0.5, 0.0))
    alone = voice_of(patch)
    np.testing.assert_array_equal(none, alone.sound())
    np.testing.assert_allclose(half, 0.5 * (whole + none), atol=1e-6)
    louder = detailed(detail_db=tuple(level + 6.0 for level in LEVEL_DB), detail_band_db=(-80.0,) * 4)
    tones = detailed(detail_band_db=(-80.0,) * 4)
    np.testing.assert_allclose(louder.sound() - none, 10.0**0.3 * (tones.sound() - none), atol=1e-3)


def test_its_partials_are_what_the_equation_says():
    patch = detailed(detail_band_db=(-80.0,) * 4, onset_db=6.0, gain_db=-3.0)
    rate = 44100
    place = Placement(rate, rate // 2)
    beside = (patch.render(place) - voice_of(patch).render(place))[0, 0].double().numpy()
    t = np.arange(rate // 2) / rate
    falling = [
        10.0 ** (level / 20.0) * np.exp(-np.log(1000.0) * t / t60) * np.sin(2.0 * np.pi * hz * t)
        for hz, t60, level in zip(HZ, T60_S, LEVEL_DB, strict=True)
    ]
    onset = onset_curve(patch.values["onset_db"], len(t), rate) * (1.0 - np.exp(-np.log(1000.0) * t / 0.002))
    assert onset_curve(patch.values["onset_db"], 1, rate)[0] == pytest.approx(10.0**0.3)
    np.testing.assert_allclose(beside, 10.0**-0.15 * onset * sum(falling), atol=2e-3)


def test_it_is_struck_as_its_voice_is():
    """Turned up, `snap` lifts the first moments of the detail as much: what cancels goes on to do so."""
    patch = detailed("snare/808", detail_band_db=(-80.0,) * 4)
    struck = turn(patch, "snap", 6.0)
    before, after = ((each.sound() - voice_of(each).sound())[100:200] for each in (patch, struck))
    ratio = (
        onset_curve(struck.values["onset_db"], 200, 44100)[100:]
        / onset_curve(patch.values["onset_db"], 200, 44100)[100:]
    )
    np.testing.assert_allclose(after, ratio * before, atol=1e-4)


def test_it_rises_within_a_millisecond():
    """Partials that begin high are no click of their own."""
    patch = detailed(detail_cycles=(0.25, 0.25), detail_band_db=(-80.0,) * 4)
    beside = patch.sound() - voice_of(patch).sound()
    assert abs(beside[0]) < 1e-6
    assert abs(beside[:100]).max() > 0.05


def test_it_lies_beside_the_values_in_the_file():
    patch = detailed(detail=0.5)
    document = json.loads(patch.to_json())
    assert document["options"] == {}
    assert not any(name.startswith("detail") for name in document["values"])
    assert document["detail"]["level"] == 0.5
    assert document["detail"]["hz"] == list(HZ)
    assert document["detail"]["band_t60_s"] == list(BAND_S)
    assert from_json(patch.to_json()) == patch
    assert json.loads(voice_of(patch).to_json())["detail"] is None


@pytest.mark.parametrize(
    ("detail", "message"),
    [
        ({"level": 1.0}, "detail: found level; must have hz or band_db"),
        ({"level": 1.0, "hz": [100.0]}, "detail: found level, hz; must have level, hz, t60_s, level_db, phase_cycles"),
        ([1.0], "detail: found [1.0]; must be an object"),
        (
            {"level": 1.0, "hz": [100.0] * 65},
            "plugin kick: found detail_partials=65; must be a whole number from 0 to 64",
        ),
    ],
)
def test_what_is_no_detail_is_refused(detail, message):
    document = json.loads(preset("kick/909").to_json()) | {"detail": detail}
    with pytest.raises(PatchError) as caught:
        from_json(json.dumps(document))
    assert str(caught.value) == message


@pytest.mark.parametrize("bands", [-1, 33, 1.0, True])
def test_sizes_that_there_are_not(bands):
    with pytest.raises(PluginError, match=r"^plugin kick: found detail_bands="):
        plugins.get("kick", detail_bands=bands)


class TestTurned:
    """By the macros of the voice, which is turned as it is alone."""

    @pytest.mark.parametrize(("macro", "amount"), [("tune", 5.0), ("length", -40.0), ("drive", 3.0)])
    def test_the_voice_is_turned_as_alone(self, macro, amount):
        turned = turn(detailed(), macro, amount)
        assert voice_of(turned) == turn(voice_of(detailed()), macro, amount)

    def test_brightness_turns_the_voice_and_keeps_the_whole_as_loud(self):
        patch = replace(detailed(), placement=Placement(44100, 22050))
        turned = turn(patch, "brightness", 2.0)
        alone = turn(voice_of(patch), "brightness", 2.0)
        for name, value in voice_of(turned).values.items():
            assert name == "gain_db" or value == alone.values[name], name
        energies = [energy_db(k_weighted(44100, each.render()[0, 0].double())).item() for each in (patch, turned)]
        assert energies[1] == pytest.approx(energies[0], abs=0.5)

    def test_tune(self):
        turned = turn(detailed(), "tune", 12.0).values
        assert turned["detail_hz"] == pytest.approx([2.0 * each for each in HZ])
        assert turned["detail_band_db"][2] > BAND_DB[2] - 10.0
        assert turned["detail_band_db"][1] < BAND_DB[1]  # what was there has moved up

    def test_length(self):
        turned = turn(detailed(), "length", 50.0).values
        assert turned["detail_s"] == pytest.approx([1.5 * each for each in T60_S])
        assert turned["detail_band_s"] == pytest.approx([1.5 * each for each in BAND_S])

    @pytest.mark.parametrize(("name", "pivot_hz"), [("kick/909", 52.0), ("snare/909", 1000.0)])
    def test_brightness_is_about_the_voice_s_pivot(self, name, pivot_hz):
        turned = turn(detailed(name), "brightness", 2.0).values
        raised = [level + 2.0 * np.log2(hz / pivot_hz) for level, hz in zip(LEVEL_DB, HZ, strict=True)]
        assert turned["detail_db"] == pytest.approx(np.minimum(raised, 6.0))

    def test_noise(self):
        turned = turn(detailed("drum/snare"), "noise", 6.0).values
        assert turned["detail_band_db"] == pytest.approx([each + 6.0 for each in BAND_DB])
        assert turned["detail_db"] == LEVEL_DB


@pytest.mark.parametrize("amount", [0.0, 0.3, 1.0])
def test_patches_with_other_details_can_be_morphed(amount):
    first, second = detailed(), preset("kick/sub")
    between = morph(first, second, amount)
    sounds = [each.sound() for each in (between, first if amount < 0.5 else second)]
    assert np.isfinite(sounds[0]).all()
    if amount in (0.0, 1.0):
        np.testing.assert_allclose(sounds[0], sounds[1], atol=2e-3)


def test_gradients_reach_it():
    plugin = plugins.get("clap", detail_partials=2, detail_bands=3)
    params = torch.rand(2, plugin.table.size, generator=torch.Generator().manual_seed(1)).requires_grad_()
    (gradient,) = torch.autograd.grad(render(plugin, params, samples=4000).square().sum(), params)
    for name in ("detail", "detail_hz", "detail_s", "detail_db", "detail_band_db", "detail_band_s"):
        assert (gradient[:, plugin.table.slice(name)] != 0.0).any(), name


@pytest.mark.parametrize("macro", ["tune", "length", "brightness"])
@pytest.mark.parametrize("amount", [-1e9, 1e9])
def test_a_detail_stays_in_its_range_however_far_a_macro_is_turned(macro, amount):
    plugin = plugins.get("kick", detail_partials=2, detail_bands=3)
    patch = Patch(plugin.name, plugin.table.defaults(), dict(plugin.options))
    found = turn(patch, macro, amount)
    assert plugin.table.within(found.values) == found.values
