"""What is done to proposals in closed form."""

import pytest
import torch

from backbeat import plugins
from backbeat.errors import InverterError
from backbeat.inversion import Inverter, Size, invert, suggest
from backbeat.inversion.proposals import tuned
from backbeat.matching.starts import levelled
from backbeat.patch import preset
from backbeat.synth import render

KICK = plugins.get("kick")
SMALL = Size(channels=16, hidden=16, head=16, components=2)


def untrained(*names: str) -> Inverter:
    torch.manual_seed(0)
    return Inverter([plugins.get(each) for each in names], SMALL).eval()


def kicks(count: int) -> torch.Tensor:
    return KICK.table.normalise(KICK.table.defaults()).float().expand(count, -1).clone()


def test_tuned_params_are_that_much_higher_unless_another_partial_is_meant():
    pitch_hz = KICK.table.controls(tuned(KICK, kicks(3), torch.tensor([0.1, -0.2, 0.9])))["pitch_hz"][:, 0]
    torch.testing.assert_close(pitch_hz, 52.0 * torch.tensor([2.0**0.1, 2.0**-0.2, 1.0]), rtol=1e-4, atol=0.0)


def test_levelled_params_sound_as_loud():
    params = kicks(2)
    sounds = render(KICK, params, samples=4410)
    target = 0.3 * sounds[:1]
    louder, louder_sounds = levelled(KICK, params, sounds, target)
    again = render(KICK, louder, samples=4410)
    torch.testing.assert_close(again, target.expand_as(again), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(again, louder_sounds, rtol=1e-3, atol=1e-4)


def test_as_many_as_are_asked_for_the_nearest_first_and_the_same_again():
    inverter = untrained("kick")
    sound = render(KICK, kicks(1), samples=4410)
    found = [invert(sound, inverter, sample_rate=44100, count=7, seed=3) for _ in range(2)]
    assert found[0] == found[1]
    losses = [each.loss for each in found[0]]
    assert len(losses) == 7
    assert losses == sorted(losses)
    assert len({tuple(each.patch.params().tolist()) for each in found[0]}) == 7


def test_a_count_that_there_is_not_is_said():
    inverter = untrained("kick")
    with pytest.raises(InverterError, match="count: found 0; must be from 1 to 1024"):
        invert(torch.zeros(1, 1, 100), inverter, sample_rate=44100, count=0)
    with pytest.raises(InverterError, match="sample_rate: none given"):
        invert(torch.zeros(1, 1, 100), inverter)


def test_what_analysis_tells_at_a_glance_is_among_them_for_a_drum():
    inverter = untrained("drum")
    sound = preset("drum/tom").render()
    with_analysis, without = (invert(sound, inverter, sample_rate=44100, analysis=on) for on in (True, False))
    assert (len(with_analysis), len(without)) == (13, 12)
    assert with_analysis[0].loss < 0.7 * without[0].loss


def test_the_likeliest_three_instruments_compete_unless_one_is_asked_for():
    inverter = untrained("clap", "hat", "kick", "tom")
    sound = preset("hat/tight").render()
    found = invert(sound, inverter, sample_rate=44100, count=2, analysis=False)
    odds = {each.patch.plugin: each.odds for each in found}
    assert len(odds) == 3
    assert len(found) == 6
    assert 0.75 < sum(odds.values()) < 1.0
    assert [each.priced_loss for each in found] == sorted(each.priced_loss for each in found)
    alone = invert(sound, inverter, plugin="tom", sample_rate=44100, count=2, analysis=False)
    assert {each.patch.plugin for each in alone} == {"tom"}


def test_an_unlikely_instrument_has_to_be_nearer():
    inverter = untrained("clap", "hat")
    with torch.no_grad():
        inverter.instruments.weight.zero_()
        inverter.instruments.bias.copy_(torch.tensor([1.0, -1.0]))
    found = invert(preset("clap/808").render(), inverter, sample_rate=44100, count=1, analysis=False)
    priced = {each.patch.plugin: each.priced_loss / each.loss for each in found}
    assert priced["clap"] < 1.1
    assert priced["hat"] > 2.0


def test_an_instrument_that_can_hardly_be_is_not_tried():
    inverter = untrained("clap", "hat")
    with torch.no_grad():
        inverter.instruments.weight.zero_()
        inverter.instruments.bias.copy_(torch.tensor([6.0, -6.0]))
    sound = preset("clap/808").render()
    assert {each.patch.plugin for each in invert(sound, inverter, sample_rate=44100, count=1)} == {"clap"}


def test_a_long_sound_is_compared_by_its_first_second():
    inverter = untrained("hat")
    sound = preset("hat/tight").render()
    long = torch.nn.functional.pad(sound, (0, 5 * 44100 - sound.shape[-1]))
    noisy = long.clone()
    noisy[..., 3 * 44100 :] = 0.1
    found = [invert(each, inverter, sample_rate=44100, count=2)[0] for each in (long, noisy)]
    assert found[0].loss == found[1].loss
    assert found[0].patch.render().shape == long.shape


def test_suggestions_are_three_of_each_instrument_that_a_match_tries():
    sound = preset("kick/909").render()
    found = suggest(sound, "auto", sample_rate=44100)
    counts = {name: sum(each.plugin == name for each in found) for name in {each.plugin for each in found}}
    assert "kick" in counts
    assert set(counts.values()) == {3}
    assert {each.plugin for each in suggest(sound, "tom", sample_rate=44100)} == {"tom"}
    assert suggest(sound, "gong", sample_rate=44100) == []
