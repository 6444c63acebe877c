"""A linear recursion of two states whose coefficients move, over a whole signal, without a loop over its samples."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Wave = NDArray[np.float64]
_BOUND = 1e12
"""Of a state: an unstable recursion stays here."""


def recursion(rows: tuple[tuple[Wave, Wave], tuple[Wave, Wave]], driven: tuple[Wave, Wave]) -> tuple[Wave, Wave]:
    """Both states `s_n = A_n s_(n-1) + b_n`, with `s_(-1) = 0`.

    The signal is cut into as many stretches as one of them has samples. All stretches run abreast, from rest; what each
    hands on is summed up from stretch to stretch; and all run again, from where the one before ends.

    Args:
        rows: of A, each entry (samples,).
        driven: b, each (samples,).

    Returns:
        Each (samples,).
    """
    samples = len(driven[0])
    steps = max(1, math.isqrt(samples))
    stretches = -(-samples // steps)

    def abreast(signal: Wave) -> Wave:
        padded = np.zeros(stretches * steps)
        padded[:samples] = signal
        return np.ascontiguousarray(padded.reshape(stretches, steps).T)

    (a, b), (c, d) = ((abreast(each) for each in row) for row in rows)
    p, q = (abreast(each) for each in driven)
    starts = np.zeros((2, stretches))
    with np.errstate(over="ignore", invalid="ignore"):
        ends = _run(a, b, c, d, p, q, starts)[:, -1]
        still = np.zeros_like(p)
        first, second = (
            _run(a, b, c, d, still, still, np.repeat([[x], [y]], stretches, 1))[:, -1]
            for x, y in ((1.0, 0.0), (0.0, 1.0))
        )
        for k in range(stretches - 1):
            handed = first[:, k] * starts[0, k] + second[:, k] * starts[1, k] + ends[:, k]
            starts[:, k + 1] = _bounded(handed)
        found = _bounded(_run(a, b, c, d, p, q, starts))
    one, other = (each.T.reshape(-1)[:samples] for each in found)
    return one, other


def _run(a: Wave, b: Wave, c: Wave, d: Wave, p: Wave, q: Wave, start: Wave) -> Wave:
    """States (2, steps, stretches) of all stretches, step by step."""
    found = np.empty((2, *p.shape))
    x, y = start
    for n in range(len(p)):
        x, y = a[n] * x + b[n] * y + p[n], c[n] * x + d[n] * y + q[n]
        found[0, n], found[1, n] = x, y
    return found


def _bounded(states: Wave) -> Wave:
    return np.clip(np.nan_to_num(states, posinf=_BOUND, neginf=-_BOUND), -_BOUND, _BOUND)
