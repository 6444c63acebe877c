"""Programs run by the engine: NumPy in, NumPy out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from backbeat.program.document import Program

LAST_SEED = 2**31 - 1


def render_values(
    program: Program, values: NDArray[np.float64], seed: int, samples: int, sample_rate: float
) -> NDArray[np.float32]:
    """Render one item of physical values, (entries,), to (samples,)."""
    seeds = np.array([seed], np.int64)
    return program.compiled.render(values[np.newaxis], seeds, samples, sample_rate, threads=1)[0]
