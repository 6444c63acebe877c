"""The pairing of least cost of two equally long lists."""

import numpy as np
from numpy.typing import NDArray

from backbeat.errors import BackbeatError


def assignment(costs: NDArray[np.float64]) -> NDArray[np.intp]:
    """The partner of each row, so that the sum of `costs[row, partner]` is the least there is; no column is used twice.

    Rows are given partners one after the other. A row takes the shortest path to a free column, by Dijkstra, over the
    reduced costs `c - u - v`, which prices u of rows and v of columns keep from falling below 0; along the path, every
    row moves on to the next column. The time grows with the cube of the size at most.

    Args:
        costs: (size, size), finite.

    Returns:
        (size,).

    Raises:
        BackbeatError: where the costs are not square and finite.

    References:
        | On implementing 2D rectangular assignment algorithms (Crouse, IEEE TAES 52(4), 2016)
    """
    if costs.ndim != 2 or costs.shape[0] != costs.shape[1] or not np.isfinite(costs).all():
        raise BackbeatError(f"costs: found shape {costs.shape}; must be square, of finite numbers")
    size = len(costs)
    column_prices = costs.min(axis=0)
    row_prices = (costs - column_prices).min(axis=1)
    columns, rows = _at_once(costs - column_prices - row_prices[:, np.newaxis])
    for start in np.flatnonzero(columns < 0):
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
            row = rows[column]
        saved = distance - np.array(closed_at)
        row_prices[start] += distance
        row_prices[rows[closed]] += saved
        column_prices[closed] -= saved
        while column >= 0:
            row = before[column]
            rows[column] = row
            columns[row], column = column, columns[row]
    return columns


def _at_once(reduced: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Partners of the rows that have a free column at no cost, and of the columns; -1 for the others."""
    columns, rows = np.full(len(reduced), -1), np.full(len(reduced), -1)
    for row, column in np.argwhere(reduced == 0.0):
        if columns[row] < 0 and rows[column] < 0:
            columns[row], rows[column] = column, row
    return columns, rows
