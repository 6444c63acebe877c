"""Parts that bring nothing are put to rest, and sweeps stay there."""

import torch

from backbeat import plugins
from backbeat.matching.rest import put_to_rest, sweeps_at_rest

TABLE = plugins.get("snare").table
WHERE = TABLE.slice("sweep_st").start
PARAMS = TABLE.normalise(TABLE.defaults() | {"sweep_st": 3.0}).float()
HELD = torch.zeros(TABLE.size, dtype=torch.bool)


def rising(price: float):
    """A loss that is higher by as much without the sweep."""
    at_rest = put_to_rest(PARAMS, TABLE, lambda rows: torch.zeros(len(rows)), HELD)[WHERE]
    return lambda rows: torch.where(rows[:, WHERE] == at_rest, 1.0 + price, 1.0)


def test_a_sweep_has_to_bring_more_than_another_part():
    assert put_to_rest(PARAMS, TABLE, rising(0.01), HELD)[WHERE] != PARAMS[WHERE]
    assert put_to_rest(PARAMS, TABLE, rising(0.03), HELD)[WHERE] == PARAMS[WHERE]


def test_a_sweep_without_which_the_pitch_does_not_settle_has_to_bring_more():
    assert put_to_rest(PARAMS, TABLE, rising(0.1), HELD, has_false_sweep=True)[WHERE] != PARAMS[WHERE]
    assert put_to_rest(PARAMS, TABLE, rising(0.4), HELD, has_false_sweep=True)[WHERE] == PARAMS[WHERE]


def test_a_gate_that_brings_nothing_stays_open():
    closing = TABLE.normalise(TABLE.defaults() | {"gate_s": 0.3}).float()
    rested = put_to_rest(closing, TABLE, lambda rows: torch.zeros(len(rows)), HELD)
    assert TABLE.denormalise(rested)["gate_s"] == TABLE["gate_s"].high


def test_a_sweep_that_goes_nowhere_is_told():
    assert not sweeps_at_rest(PARAMS, TABLE).any()
    rested = put_to_rest(PARAMS, TABLE, lambda rows: torch.zeros(len(rows)), HELD)
    assert sweeps_at_rest(rested, TABLE)[WHERE]
    assert TABLE.denormalise(rested)["sweep_st"] == 0.0
