"""Colours that levels are shown in.

References:
    | Optimizing colormaps with consideration for color vision deficiency (Nuñez, Anderton, Renslow, 2018)
    | ColorBrewer.org: an online tool for selecting colour schemes for maps (Harrower, Brewer, 2003)
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Colours: TypeAlias = tuple[str, ...]
"""Red, green and blue in hexadecimal, at even steps from the lowest value to the highest."""

CIVIDIS: Colours = (
    "00224e", "002e6a", "1a386f", "32436d", "434e6c", "535a6d", "61656f", "6f7073", "7d7c78",
    "8c8878", "9b9476", "aba072", "bcae6c", "cdbb63", "dec958", "f0d846", "fee838",
)  # fmt: skip
"""From dark blue to yellow."""
BLUE_TO_RED: Colours = (
    "053061", "2166ac", "4393c3", "92c5de", "d1e5f0", "f7f7f7", "fddbc7", "f4a582", "d6604d", "b2182b", "67001f",
)  # fmt: skip
"""White in the middle."""


def coloured(values: NDArray[Any], colours: Colours, low: float, high: float) -> NDArray[np.uint8]:
    """The colours of values (rows, columns) from `low` to `high`, (rows, columns, 3)."""
    known = np.array([list(bytes.fromhex(each)) for each in colours], np.float32)
    steps = np.linspace(0.0, len(known) - 1.0, 256)
    table = np.stack([np.interp(steps, np.arange(len(known)), part) for part in known.T], axis=-1).round()
    shown = ((values - low) * (255.0 / (high - low))).round().clip(0.0, 255.0)
    found: NDArray[np.uint8] = table.astype(np.uint8)[shown.astype(np.uint8)]
    return found
