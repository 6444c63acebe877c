"""A patch on two channels: noise of its own on either, and the tones in the middle.

With S_k the patch rendered with other noise seeds, S_0 with its own, and a width w,

    left = S_0,    right = (1 - w) S_0 + b S_1 + c S_2,    b, c = (w ± √(w (4 - 3w))) / 2.

The weights add up to 1, so that what is the same in all of them, the tones, is the same on both channels. So do their
squares: the noise, which differs, keeps its power at every width, and that of left and right correlates by 1 - w. At
width 1 the right channel is S_1. In between, where a clipper bends the sound, both hold nearly, and the right
channel's peaks may pass those of one rendering: by 4.4 dB at the very most.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from backbeat.errors import PatchError
from backbeat.patch.document import Patch, Placement
from backbeat.program.hit import SIDE_STREAM, hashed


def stereo(patch: Patch, placement: Placement | None = None, width: float = 1.0) -> NDArray[np.float32]:
    """Render (2, samples), or (1, samples) at width 0: `Patch.stereo` says more."""
    if isinstance(width, bool) or not isinstance(width, int | float) or not 0.0 <= width <= 1.0:
        raise PatchError(f"width: found {width!r}; must be a number from 0 to 1")
    left = patch.sound(placement)
    if width == 0.0:
        return left[np.newaxis]
    root = math.sqrt(width * (4.0 - 3.0 * width))
    right = (1.0 - width) * left.astype(np.float64)
    for number, weight in ((1, 0.5 * (width + root)), (2, 0.5 * (width - root))):
        if weight:
            right += weight * _with_other_noise(patch, number).sound(placement)
    return np.stack([left, right.astype(np.float32)])


def _with_other_noise(patch: Patch, number: int) -> Patch:
    """The patch with a seed by chance, no hit's."""
    return replace(patch, seed=hashed(patch.seed, SIDE_STREAM, number) >> 1)
