"""The pairing of least cost, against scipy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment

from backbeat.errors import BackbeatError
from backbeat.patch.assignment import assignment

SIZES = st.integers(1, 9)
FAMILIES = {
    "random": lambda draw, size: draw.random((size, size)),
    "full of ties": lambda draw, size: draw.integers(0, 3, (size, size)).astype(float),
    "all the same": lambda draw, size: np.full((size, size), 7.0),
    "points on a line": lambda draw, size: (draw.normal(size=(size, 1)) - draw.normal(size=size)) ** 2,
    "steepest at one corner": lambda draw, size: np.outer(np.arange(1.0, size + 1), np.arange(1.0, size + 1)),
    "of very different sizes": lambda draw, size: 10.0 ** draw.uniform(-9.0, 9.0, (size, size)),
}


def total(costs, partners):
    assert sorted(partners) == list(range(len(costs)))
    return costs[np.arange(len(costs)), partners].sum()


@given(SIZES.flatmap(lambda size: arrays(float, (size, size), elements=st.floats(-100.0, 100.0))))
def test_no_pairing_costs_less(costs):
    found, best = total(costs, assignment(costs)), total(costs, linear_sum_assignment(costs)[1])
    assert found == pytest.approx(best, abs=1e-12 * len(costs) * (1.0 + np.abs(costs).max()))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("size", [12, 128])
def test_no_pairing_of_as_many_as_there_are_tones_costs_less(family, size):
    for seed in range(5):
        costs = FAMILIES[family](np.random.default_rng(seed), size)
        found, best = total(costs, assignment(costs)), total(costs, linear_sum_assignment(costs)[1])
        assert found == pytest.approx(best, rel=1e-9, abs=1e-15 * costs.max())


def test_a_shuffled_list_is_found_again():
    draw = np.random.default_rng(0)
    points, order = draw.normal(size=(128, 3)), draw.permutation(128)
    costs = ((points[:, np.newaxis] - points[order]) ** 2).sum(-1)
    np.testing.assert_array_equal(order[assignment(costs)], np.arange(128))


@pytest.mark.parametrize("costs", [np.zeros((2, 3)), np.array([[np.nan]]), np.array([[np.inf]])])
def test_costs_that_are_none(costs):
    with pytest.raises(BackbeatError, match="costs: found shape"):
        assignment(costs)
