"""New patches from old: exact at the ends, repeatable, and within what is musical."""

import numpy as np
import pytest
import torch

from backbeat import plugins
from backbeat.errors import PatchError
from backbeat.parameters import OUTPUT
from backbeat.patch import from_json, mix, morph, perturb, randomise

KICK, DRUM = plugins.get("kick"), plugins.get("drum")
every_instrument = pytest.mark.parametrize("name", plugins.names())
not_shares = pytest.mark.parametrize("amount", [-0.01, 1.01, float("nan"), float("inf")])


def close(first, second) -> bool:
    """Whether two patches hold the same values, but for rounding."""
    return all(
        value == (other if isinstance(other, str) else pytest.approx(other, rel=1e-12, abs=1e-12))
        for value, other in zip(first.values.values(), second.values.values(), strict=True)
    )


@every_instrument
class TestMorph:
    def test_ends_are_the_patches(self, name):
        first, second = (randomise(plugins.get(name), seed) for seed in (1, 2))
        assert close(morph(first, second, 0.0), first)
        assert close(morph(first, second, 1.0), second)

    def test_the_way_is_straight_in_params_but_for_banks_phases_and_levels(self, name):
        table, banks = plugins.get(name).table, {each for bank in plugins.get(name).banks for each in bank}
        first, second = (randomise(plugins.get(name), seed) for seed in (1, 2))
        for amount in (0.25, 0.5):
            found = mix(first, second, amount)
            expected = (1.0 - amount) * first.positions() + amount * second.positions()
            straight = {n for n, p in table.items() if p.unit != "dB" or isinstance(p.role, OUTPUT)} - banks
            sure = np.array([not p.options and n in straight for n, p in table.items() for _ in range(p.size)])
            sure &= ~table.phases()
            np.testing.assert_allclose(found.positions()[sure], expected[sure], atol=1e-12)
            assert found.seed == first.seed
            assert from_json(found.to_json()) == found

    def test_options_are_mixed(self, name):
        table = plugins.get(name).table
        for parameter, control in ((p, n) for n, p in table.items() if p.options):
            ends = [randomise(plugins.get(name), seed) for seed in range(40)]
            first = next(patch for patch in ends if patch.values[control] == parameter.options[0])
            second = next(patch for patch in ends if patch.values[control] == parameter.options[-1])
            mixed = mix(first, second, 0.25).values[control]
            assert mixed[0] == pytest.approx(0.75)
            assert mixed[-1] == pytest.approx(0.25)


@not_shares
def test_morph_and_perturb_refuse_an_amount_out_of_range(amount):
    patch = randomise(KICK, 1)
    for vary in (lambda: morph(patch, patch, amount), lambda: perturb(patch, amount, 1)):
        with pytest.raises(PatchError) as caught:
            vary()
        assert str(caught.value) == f"amount: found {amount:g}; must be from 0 to 1"


def test_morph_refuses_patches_of_different_kinds():
    kick, drum, small = randomise(KICK, 1), randomise(DRUM, 1), randomise(plugins.get("drum", tones=3), 1)
    for first, second, found in (
        (kick, drum, "kick and drum(tones=12, noise_bands=16)"),
        (drum, small, "drum(tones=12, noise_bands=16) and drum(tones=3, noise_bands=16)"),
    ):
        with pytest.raises(PatchError) as caught:
            morph(first, second, 0.5)
        assert str(caught.value) == f"morph: found {found}; must be two patches of one plugin with the same options"


@every_instrument
class TestPerturb:
    def test_by_nothing_is_the_same_patch(self, name):
        patch = randomise(plugins.get(name), 5)
        assert close(perturb(patch, 0.0, 9), patch)
        assert perturb(patch, 0.0, 9).seed == 9

    def test_the_same_seed_is_the_same_patch(self, name):
        patch = randomise(plugins.get(name), 5)
        assert perturb(patch, 0.1, 3) == perturb(patch, 0.1, 3)
        assert perturb(patch, 0.1, 3).values != perturb(patch, 0.1, 4).values

    def test_steps_are_normal_with_the_amount_as_deviation(self, name):
        patch = randomise(plugins.get(name), 5)
        inside = patch.params()
        sure = torch.tensor([not p.options for p in patch.instrument.table.values() for _ in range(p.size)])
        sure = sure & (inside > 0.1) & (inside < 0.9)
        steps = torch.cat([(perturb(patch, 0.02, seed).params() - inside)[sure] for seed in range(40)])
        assert float(steps.std()) == pytest.approx(0.02, rel=0.1)
        assert abs(float(steps.mean())) < 0.002

    def test_choices_stay_and_values_stay_in_range(self, name):
        patch = randomise(plugins.get(name), 6)
        for seed in range(5):
            wild = perturb(patch, 1.0, seed)
            for control, parameter in wild.instrument.table.items():
                if parameter.options:
                    assert wild.values[control] == patch.values[control]


@every_instrument
class TestRandomise:
    def test_the_same_seed_is_the_same_patch(self, name):
        plugin = plugins.get(name)
        assert randomise(plugin, 3) == randomise(plugin, 3)
        assert randomise(plugin, 3).values != randomise(plugin, 4).values
        assert (randomise(plugin, 3).seed, randomise(plugin, 3).name) == (3, "random 3")

    def test_values_fill_the_musical_range_and_keep_within_it(self, name):
        plugin = plugins.get(name)
        patches = [randomise(plugin, seed) for seed in range(60)]
        for control, parameter in plugin.table.items():
            if parameter.options:
                assert {patch.values[control] for patch in patches} == set(parameter.options)
                continue
            low, high = parameter.musical
            found = np.concatenate([np.atleast_1d(patch.values[control]) for patch in patches])
            slack = 1e-9 * (high - low)
            assert found.min() >= low - slack
            assert found.max() <= high + slack
            shares = plugin.table.normalise(patches[0].values)
            assert len(shares) == plugin.table.size
            spread = (
                (np.log(found) - np.log(low)) / np.log(high / low)
                if parameter.scale == "log"
                else (found - low) / (high - low)
            )
            assert spread.min() < 0.2
            assert spread.max() > 0.8

    def test_it_sounds(self, name):
        for seed in range(3):
            sound = randomise(plugins.get(name), seed).render()
            assert torch.isfinite(sound).all()
            assert sound.abs().max() > 0.01
