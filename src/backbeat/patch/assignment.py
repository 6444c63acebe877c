"""The pairing of least cost of two equally long lists."""

from typing import TypeAlias

import numpy as np
from jaxtyping import Float64
from numpy.typing import NDArray

from backbeat.errors import BackbeatError

Costs: TypeAlias = Float64[np.ndarray, "rows columns"]
Prices: TypeAlias = Float64[np.ndarray, " size"]
Partners: TypeAlias = NDArray[np.intp]

_ROUNDS, _SHARPER = 20, 0.75
"""Of finding the first prices: with more of them, that takes longer than what it saves."""


def assignment(costs: Costs) -> Partners:
    """The partner of each row, so that the sum of `costs[row, partner]` is the least there is; no column is used twice.

    Prices u of rows and v of columns keep the reduced costs `c - u - v` from falling below 0. What costs 0 is paired at
    once, and the other rows one after the other: a row takes the shortest path to a free column, by Dijkstra, and along
    that path every row moves on to the next column. The time grows with the cube of the size at most.

    Args:
        costs: (size, size), finite.

    Returns:
        (size,).

    Raises:
        BackbeatError: where the costs are not square and finite.

    References:
        | On implementing 2D rectangular assignment algorithms (Crouse, IEEE TAES 52(4), 2016)
        | Sinkhorn distances: lightspeed computation of optimal transport (Cuturi, NIPS 2013), for the first prices
    """
    if costs.shape[0] != costs.shape[1] or not np.isfinite(costs).all():
        raise BackbeatError(f"costs: found shape {costs.shape}; must be square, of finite numbers")
    size = len(costs)
    begun = (_begun(costs, prices) for prices in (costs.min(axis=0), _soft_prices(costs)))
    columns, rows, row_prices, column_prices = min(begun, key=lambda each: int((each[0] < 0).sum()))
    for start in np.flatnonzero(columns < 0).tolist():
        distances, before = np.full(size, np.inf), np.full(size, start)
        prices, row, distance = column_prices.copy(), start, 0.0
        closed: list[int] = []
        closed_at: list[float] = []
        while True:
            reached = costs[row] - prices
            reached += distance - row_prices[row]
            nearer = reached < distances
            np.copyto(distances, reached, where=nearer)
            np.putmask(before, nearer, row)
            column = int(distances.argmin())
            distance = float(distances[column])
            if rows[column] < 0:
                break
            closed.append(column)
            closed_at.append(distance)
            distances[column], prices[column] = np.inf, -np.inf  # never again nearer, nor the nearest
            row = int(rows[column])
        saved = distance - np.array(closed_at)
        row_prices[start] += distance
        row_prices[rows[closed]] += saved
        column_prices[closed] -= saved
        while column >= 0:
            row = before[column]
            rows[column] = row
            columns[row], column = column, columns[row]
    return columns


def _begun(costs: Costs, column_prices: Prices) -> tuple[Partners, Partners, Prices, Prices]:
    """Partners of the rows that have a free column at no cost, and of the columns, -1 for the others; and prices."""
    row_prices = (costs - column_prices).min(axis=1)
    columns, rows = np.full(len(costs), -1), np.full(len(costs), -1)
    for row, free_of_cost in enumerate(costs - column_prices == row_prices[:, np.newaxis]):
        for column in np.flatnonzero(free_of_cost & (rows < 0))[:1]:
            columns[row], rows[column] = column, row
    return columns, rows, row_prices, column_prices


def _soft_prices(costs: Costs) -> Prices:
    """Prices of columns that leave few rows to pair: soft minima of rows and of columns in turn, ever sharper."""
    prices, softness = np.zeros(len(costs)), float(costs.std()) or 1.0
    for _ in range(_ROUNDS):
        row_prices = _soft_minima(costs - prices, softness)
        prices = _soft_minima((costs - row_prices[:, np.newaxis]).T, softness)
        softness *= _SHARPER
    return prices


def _soft_minima(rows: Costs, softness: float) -> Prices:
    """`-s log Σ exp(-x / s)` of each row."""
    least: Prices = rows.min(axis=1)
    return least - softness * np.log(np.exp((least[:, np.newaxis] - rows) / softness).sum(axis=1))
