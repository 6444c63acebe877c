"""Which instrument a sound may be of."""

import pytest
import torch

from backbeat import plugins
from backbeat.matching.router import UNKNOWN, facts, router
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
