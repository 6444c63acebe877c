"""A patch as weights: saved as a patch, and moved by an optimiser."""

import pytest
import torch

from backbeat import plugins
from backbeat.losses import DrumLoss
from backbeat.patch import LearnablePatch, Placement, perturb, preset, presets, randomise

NAMES = plugins.names()


@pytest.mark.parametrize("name", NAMES)
class TestWeights:
    def test_it_sounds_as_the_patch(self, name):
        patch = randomise(plugins.get(name), 3)
        module = LearnablePatch(patch, sample_rate=22050.0, seconds=0.1)
        assert module().shape == (1, 1, 2205)
        # Params in float32 are not the values to their last bit.
        torch.testing.assert_close(module(), patch.render(Placement(22050, 2205)), atol=1e-3, rtol=0.0)

    def test_state_and_patch_say_the_same(self, name):
        patch = randomise(plugins.get(name), 3)
        module = LearnablePatch(patch, seconds=0.05)
        state = module.state_dict()
        assert set(state) == {"params", "seed"}
        assert state["seed"].tolist() == [3]
        other = LearnablePatch(randomise(plugins.get(name), 4), seconds=0.05)
        other.load_state_dict(state)
        assert other.to_patch() == module.to_patch()
        assert torch.equal(other(), module())
        again = module.to_patch("again")
        assert (again.name, again.seed) == ("again", 3)
        torch.testing.assert_close(again.params(), patch.params(), rtol=0.0, atol=1e-7)
        torch.testing.assert_close(LearnablePatch(again, seconds=0.05)(), module(), rtol=0.0, atol=1e-3)

    def test_only_the_params_are_trained(self, name):
        module = LearnablePatch(randomise(plugins.get(name), 3))
        assert [parameter.shape for parameter in module.parameters()] == [(plugins.get(name).table.size,)]

    def test_params_pushed_out_of_range_are_the_nearest_patch(self, name):
        module = LearnablePatch(randomise(plugins.get(name), 3), seconds=0.05)
        with torch.no_grad():
            module.params.copy_(torch.where(module.params > 0.5, 1.5, module.params))
        assert torch.isfinite(module()).all()
        assert module.to_patch().params().max() == 1.0


@pytest.mark.parametrize("name", presets()[:1] + presets()[-1:])
def test_twenty_steps_of_adam_come_nearer(name):
    target = preset(name)
    sound = target.render(Placement(44100, 11025))
    module = LearnablePatch(perturb(target, 0.05, 1), seconds=0.25)
    loss = DrumLoss()
    prepared = loss.prepare(sound, 44100)
    optimiser = torch.optim.Adam(module.parameters(), lr=0.01)
    history = []
    for _ in range(21):
        optimiser.zero_grad()
        distance = loss(prepared, module()).mean()
        distance.backward()
        optimiser.step()
        history.append(float(distance.detach()))
    assert min(history[1:]) < 0.8 * history[0]
    assert history[-1] < history[0]
