"""A match at the size of a stamp, for sheets of many."""

import numpy as np
from numpy.typing import NDArray

from backbeat.matching.result import MatchResult
from backbeat.report import panels
from backbeat.report.colours import CIVIDIS, coloured
from backbeat.report.figure import compared, png

WIDTH, HEIGHT = 320, 96
_GAP = 4


def thumbnail(result: MatchResult) -> bytes:
    """The spectrograms of target, on the left, and match as a PNG of 320 × 96 pixels."""
    images = [_stamp(levels_db) for levels_db in panels.spectrograms(compared(result))[:2]]
    images.insert(1, np.zeros((HEIGHT, _GAP, 4), np.uint8))  # which lets the page through
    return png(np.hstack(images))


def _stamp(levels_db: panels.Signal) -> NDArray[np.uint8]:
    """Pixels of half a thumbnail, high frequencies at the top."""
    rows, columns = (
        np.linspace(0, size - 1, pixels).round().astype(int)
        for size, pixels in zip(levels_db.shape, (HEIGHT, (WIDTH - _GAP) // 2), strict=True)
    )
    shown = coloured(levels_db[np.ix_(rows[::-1], columns)], CIVIDIS, -panels.SPECTRUM_RANGE_DB, 0.0)
    return np.dstack([shown, np.full((HEIGHT, shown.shape[1]), 255, np.uint8)])
