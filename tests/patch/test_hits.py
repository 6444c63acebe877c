"""Hits of patches: soft ones sound soft, each number is another one, and a patch holds by how much."""

import json
import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
import torch

from backbeat import plugins
from backbeat.dsp.loudness import energy_db, k_weighted
from backbeat.errors import PatchError
from backbeat.kernels.library import library
from backbeat.matching.judgement.measures import centroid_hz
from backbeat.parameters import EXTRA, OUTPUT, Table, decibels, hz, seconds
from backbeat.patch import (
    Patch,
    Placement,
    VelocityAmount,
    from_json,
    morph,
    perturb,
    preset,
    presets,
    randomise,
    resize,
    turn,
)
from backbeat.patch.detail import voice_of
from backbeat.patch.hits import amounts, hit_params
from backbeat.plugins import Macro, Plugin
from backbeat.synth import Synth
from thinning import a_third

RATE = 44100
LONGEST = 2 * RATE

every_preset = pytest.mark.parametrize("name", presets())
some_presets = pytest.mark.parametrize("name", a_third(presets()))
needs_kernels = pytest.mark.skipif(library() is None, reason="no kernels here, and too slow without")


@lru_cache(maxsize=2)
def placed(name: str) -> tuple[Patch, Placement]:
    patch = preset(name)
    place = patch.natural_placement(RATE)
    return patch, Placement(RATE, min(place.samples, LONGEST))


def sound(patch: Patch, place: Placement) -> torch.Tensor:
    return torch.from_numpy(patch.sound(place)).double()


def loudness_db(patch: Patch, place: Placement) -> float:
    return float(energy_db(k_weighted(RATE, sound(patch, place))))


@needs_kernels
class TestFactory:
    @every_preset
    def test_a_full_hit_is_the_patch_to_the_last_bit(self, name):
        patch, place = placed(name)
        assert patch.hit() is patch
        same = patch.hit(1.0, 0)
        assert (same.values, same.seed) == (patch.values, patch.seed)
        written = patch.with_amounts().hit(1.0, 0)
        assert written.sound(place).tobytes() == patch.sound(place).tobytes()

    @every_preset
    def test_a_soft_hit_is_darker(self, name):
        patch, place = placed(name)
        loud, soft = (centroid_hz(sound(patch.hit(velocity), place), RATE) for velocity in (1.0, 0.2))
        assert soft < 0.9 * loud

    @some_presets
    def test_loudness_rises_with_velocity(self, name):
        patch, place = placed(name)
        steps = np.diff([loudness_db(patch.hit(k / 15), place) for k in range(16)])
        assert steps.min() > 1.0
        assert steps.max() < 3.5
        assert 25.0 < steps.sum() < 42.0

    @some_presets
    def test_hits_differ_but_not_by_much(self, name):
        patch, place = placed(name)
        assert len({patch.hit(1.0, number).seed for number in range(8)}) == 8
        hits = torch.stack([sound(patch.hit(1.0, number), place) for number in range(8)])
        for number, one in enumerate(hits):
            for other in hits[:number]:
                assert float(energy_db(one - other) - energy_db(one)) > -45.0
        levels_db = energy_db(k_weighted(RATE, hits)).tolist()
        assert max(levels_db) - min(levels_db) < (7.0 if has_few_grains(patch) else 1.75)


def has_few_grains(patch: Patch) -> bool:
    """Single grains, each as loud as chance has it: two hits of a maraca differ."""
    return patch.plugin == "shaker" and patch.values["grain"] > 0.0


class TestDefaults:
    @pytest.mark.parametrize("name", ["kick/909", "snare/fat", "hat/pedal", "drum/conga"])
    def test_the_softest_hit_has_the_macros_where_the_instrument_says(self, name):
        patch = preset(name)
        table, soft = patch.instrument.table, patch.hit(0.0)
        level, drive = (table.with_role(role) for role in (OUTPUT.level_db, OUTPUT.drive_db))
        assert soft.values[level] == pytest.approx(patch.values[level] - 30.0)
        assert soft.values[drive] == pytest.approx(max(patch.values[drive] + patch.instrument.softest["drive"], -20.0))

    def test_a_tilt_leaves_the_loudest_mode(self):
        patch = preset("tom/mid")
        soft = patch.hit(0.0)
        before, after = (np.array(each.values["mode_db"]) for each in (patch, soft))
        assert after[0] == before[0]
        octaves = np.log2(np.array(patch.values["mode_hz"]) / patch.values["mode_hz"][0])
        np.testing.assert_allclose(after - before, patch.instrument.softest["brightness"] * octaves, atol=1e-9)

    def test_detail_is_tilted_with_the_voice(self):
        plugin = plugins.get("snare", detail_partials=2, detail_bands=4)
        voice = preset("snare/909")
        values = {**plugin.table.defaults(), **voice.values, "detail_hz": (344.0, 1376.0), "detail_db": (-20.0, -20.0)}
        patch = Patch("snare", values, plugin.options)
        pivot_hz = voice.values["mode_hz"][0]
        expected = [plugin.softest["brightness"] * math.log2(each / pivot_hz) for each in (344.0, 1376.0)]
        assert patch.hit(0.0).values["detail_db"] == pytest.approx([-20.0 + each for each in expected])
        assert voice_of(patch).hit(0.3, 2).values == voice_of(patch.hit(0.3, 2)).values

    def test_drive_stays_and_what_is_off_stays_off(self):
        patch = preset("kick/classic")
        quiet = replace(patch, values={**patch.values, "mode_db": (-60.0, -30.0, -60.0, -60.0)})
        for number in range(1, 30):
            hit = quiet.hit(1.0, number)
            assert hit.values["drive_db"] == patch.values["drive_db"]
            assert [each == -60.0 for each in hit.values["mode_db"]] == [True, False, True, True]
            assert abs(hit.values["pitch_hz"] / patch.values["pitch_hz"] - 1.0) <= 0.00301
            assert abs(hit.values["decay_s"] / patch.values["decay_s"] - 1.0) <= 0.0301
            assert abs(hit.values["gain_db"] - patch.values["gain_db"]) <= 0.301

    def test_an_instrument_that_says_nothing_has_what_suits_its_macros(self, monkeypatch):
        class Controls(Table):
            band_hz = hz(800.0, 16000.0, default=5000.0, help="Middle.")
            fall_s = seconds(0.02, 2.0, default=0.2, help="T60.")
            snap_db = decibels(-60.0, 12.0, default=-6.0, help="Strike.", role=EXTRA.level_db)
            level_db = decibels(-60.0, 12.0, default=-6.0, help="Output level.", role=OUTPUT.level_db)

        def render(grid, c):
            from backbeat import dsp

            strike = dsp.db_to_gain(c.snap_db) * dsp.decay(grid, 0.01)
            noise = dsp.bandpass(grid, dsp.noise(grid, stream=0), c.band_hz, 2.0)
            return dsp.db_to_gain(c.level_db) * noise * (strike + dsp.decay(grid, c.fall_s))

        macros = {
            "brightness": Macro("st", ("band_hz",), "Where it lies."),
            "snap": Macro("dB", ("snap_db",), "Strike."),
            "length": Macro("%", ("fall_s",), "How long it lasts."),
        }
        plugin = Plugin("jingle", Controls, render, "", macros=macros)
        assert plugin.softest == {"brightness": -9.0, "snap": -6.0}
        assert replace(plugin, soft_hit={"length": -50.0}).softest == {"length": -50.0}
        monkeypatch.setattr(plugins, "_registered", lambda: {"jingle": plugin})
        soft = Patch("jingle", plugin.table.defaults()).hit(0.0)
        assert soft.values == pytest.approx(
            {"band_hz": 5000.0 * 2**-0.75, "fall_s": 0.2, "snap_db": -12.0, "level_db": -36.0}
        )

    def test_a_macro_that_is_not_there(self):
        plugin = plugins.get("kick")
        with pytest.raises(plugins.base.PluginError, match="soft_hit has wah, which is none of its macros"):
            replace(plugin, soft_hit={"wah": 1.0})


class TestAmounts:
    @pytest.mark.parametrize("name", [presets()[0], "drum/snare", "shaker/cabasa"])
    def test_written_out_they_are_the_same(self, name):
        patch = preset(name)
        written = patch.with_amounts()
        assert written.velocity
        assert written.humanize
        again = from_json(written.to_json())
        assert again == written
        assert json.loads(patch.to_json())["velocity"] is None
        assert again.hit(0.37, 11).values == patch.hit(0.37, 11).values
        assert again.with_amounts() == written

    def test_own_ones_are_kept(self):
        mine = replace(preset("kick/909"), velocity={"gain_db": VelocityAmount(0.5)}, humanize={})
        assert mine.with_amounts() == mine
        moved = {name for name, value in mine.hit(0.5, 4).values.items() if value != mine.values[name]}
        assert moved == {"gain_db"}
        assert mine.hit(0.5, 4).velocity == mine.velocity

    @pytest.mark.parametrize(("velocity", "number"), [(-0.1, 0), (1.1, 0), (math.nan, 0), ("1", 0), (True, 0)])
    def test_velocity_out_of_range(self, velocity, number):
        with pytest.raises(PatchError, match=f"^velocity: found {velocity!r}; must be a number from 0 to 1$"):
            preset("kick/909").hit(velocity, number)

    @pytest.mark.parametrize("number", [-1, 2**31, 1.0, True, None])
    def test_number_out_of_range(self, number):
        with pytest.raises(PatchError, match=f"^hit: found {number!r}; must be a whole number from 0 to 2147483647$"):
            preset("kick/909").hit(1.0, number)

    def test_a_choice_stays(self, small):
        patch = Patch("small", {**small.table.defaults(), "colour": (0.5, 0.2)})
        assert patch.hit(0.2, 3).values["colour"] == (0.5, 0.2)
        assert patch.hit(0.2, 3).values != patch.values

    def test_new_patches_from_old_keep_them(self):
        velocity, humanize = (
            {"tone_db": VelocityAmount((0.1,) * 12, "soft")},
            {"noise_band_db": tuple(0.01 * k for k in range(16))},
        )
        first, second = (
            randomise(plugins.get("drum"), 1),
            replace(preset("drum/conga"), velocity=velocity, humanize=humanize),
        )
        assert turn(second, "sweep", 30.0).velocity == second.velocity
        assert perturb(second, 0.1, 3).humanize == second.humanize
        assert (morph(first, second, 0.2).velocity, morph(first, second, 0.8).velocity) == (None, second.velocity)
        larger = resize(second, plugins.get("drum", tones=14, noise_bands=31))
        assert larger.velocity == {"tone_db": VelocityAmount((0.1,) * 12 + (0.0, 0.0), "soft")}
        assert larger.humanize["noise_band_db"] == pytest.approx([0.005 * k for k in range(31)])
        with_detail = resize(second, plugins.get("drum", detail_partials=2))
        mine = replace(with_detail, humanize={"detail_hz": 0.1, "tone_hz": 0.2})
        assert voice_of(mine).humanize == {"tone_hz": 0.2}


class TestTorch:
    def test_params_are_those_of_hits(self):
        patch = replace(
            preset("snare/909"),
            velocity={
                "gain_db": VelocityAmount(0.3, "hard"),
                "mode_cycles": VelocityAmount((0.4, 0.0, 0.9)),
                "sweep_st": VelocityAmount(0.5, "soft"),
            },
        )
        velocities = [0.0, 0.3, 1.0]
        found = hit_params(
            patch.instrument, patch.params()[None], torch.tensor(velocities, dtype=torch.float64), amounts(patch)
        )
        for params, velocity in zip(found, velocities, strict=True):
            np.testing.assert_allclose(params, patch.hit(velocity).positions(), atol=1e-12)

    def test_gradient_by_velocity(self):
        patch = preset("kick/909")
        velocity = torch.tensor([0.0, 0.5], requires_grad=True)
        params = hit_params(patch.instrument, patch.params().float()[None], velocity, amounts(patch))
        Synth("kick", seconds=0.1)(params).square().sum().backward()
        assert (velocity.grad > 0.0).all()
        assert velocity.grad.isfinite().all()
