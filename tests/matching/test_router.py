"""Which instrument a sound may be of."""

from dataclasses import replace

import pytest
import torch

from backbeat import plugins
from backbeat.matching.router import UNKNOWN, WEIGHTS, facts, load, router
from backbeat.patch import Placement, preset, presets

RATE = 44100
GENERIC = "drum"


def test_most_presets_are_taken_for_their_instruments():
    known = router()
    assert known is not None
    names = [name for name in presets() if not name.startswith(GENERIC)]
    missed = [
        name
        for name in names
        if name.partition("/")[0]
        not in known.likeliest(preset(name).render(Placement(RATE, RATE)), RATE, plugins.names(), 2)
    ]
    assert len(missed) <= 0.05 * len(names), missed


def test_likelihoods_sum_to_one_and_do_not_depend_on_level_or_sample_rate():
    known = router()
    assert known is not None
    patch = preset("kick/909")
    found = [
        known.likelihoods(gain * patch.render(Placement(rate, rate)), rate)
        for gain, rate in ((1.0, RATE), (0.01, RATE), (1.0, 48000))
    ]
    for each in found:
        assert sum(each.values()) == pytest.approx(1.0, abs=1e-5)
        assert each["kick"] == pytest.approx(found[0]["kick"], abs=0.02)


def test_every_instrument_but_the_generic_one_is_known():
    known = router()
    assert known is not None
    assert set(known.names) == set(plugins.names()) - {GENERIC}


def test_both_networks_are_heard_as_much():
    known = router()
    assert known is not None
    assert known.by_encoder is not None  # trained on the encoder that ships: else train the router again
    sound = preset("snare/909").render(Placement(RATE, RATE))
    found, *alone = (
        each.likelihoods(sound, RATE)
        for each in (known, replace(known, by_encoder=None), replace(known, by_facts=_Silent()))
    )
    for name in known.names:
        assert found[name] == pytest.approx(0.5 * alone[0][name] + alone[1][name] - 0.5 / len(known.names), abs=1e-5)


class _Silent(torch.nn.Module):
    """A network for which every instrument is as likely."""

    def forward(self, facts: torch.Tensor) -> torch.Tensor:
        return torch.zeros(len(facts), len(plugins.names()) - 1)


def test_the_network_on_an_encoder_is_left_out_where_another_ships(monkeypatch):
    monkeypatch.setattr("backbeat.matching.router.encoder_fingerprint", lambda: "of another")
    found = load(WEIGHTS)
    assert found.by_encoder is None
    odds = found.likelihoods(preset("kick/909").render(Placement(RATE, RATE)), RATE)
    assert max(odds, key=lambda name: odds[name]) == "kick"


def test_what_it_does_not_know_is_proposed_too():
    known = router()
    assert known is not None
    sound = preset("kick/909").render(Placement(RATE, RATE))
    found = known.likeliest(sound, RATE, [*plugins.names(), "flute"], 1)
    assert found == {"kick": found["kick"], GENERIC: UNKNOWN, "flute": UNKNOWN}


@pytest.mark.parametrize("samples", [1, 100, 100_000])
def test_facts_of_any_length_are_finite(samples):
    found = facts(torch.rand(2, 1, samples) - 0.5)
    assert torch.isfinite(found).all()
    assert found.min() >= -1.0
    assert found.max() <= 1.0
