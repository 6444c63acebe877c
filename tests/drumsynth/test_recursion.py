"""The recursion against a loop over samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbeat.drumsynth.recursion import recursion


@given(st.integers(1, 700), st.integers(0, 2**32 - 1))
def test_it_is_the_loop_over_samples(samples, seed):
    random = np.random.default_rng(seed)
    a, b, c, d = random.uniform(-0.7, 0.7, (4, samples))
    p, q = random.standard_normal((2, samples))
    x = y = 0.0
    wanted = []
    for n in range(samples):
        x, y = a[n] * x + b[n] * y + p[n], c[n] * x + d[n] * y + q[n]
        wanted.append((x, y))
    found = recursion(((a, b), (c, d)), (p, q))
    np.testing.assert_allclose(np.stack(found, 1), wanted, rtol=1e-9, atol=1e-9)


def test_an_unstable_one_stays_finite():
    twice, none, one = np.full(5000, 2.0), np.zeros(5000), np.ones(5000)
    found = recursion(((twice, none), (none, twice)), (one, -one))
    assert all(np.isfinite(each).all() for each in found)
    assert found[0][-1] == pytest.approx(1e12)
