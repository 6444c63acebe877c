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
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from backbeat.errors import PatchError
from backbeat.patch.document import Patch, Placement
from backbeat.program.hit import side_seed


def stereo(patch: Patch, placement: Placement | None = None, width: float = 1.0) -> NDArray[np.float32]:
    """Render (2, samples), or (1, samples) at width 0: `Patch.stereo` says more."""
    if isinstance(width, bool) or not isinstance(width, int | float) or not 0.0 <= width <= 1.0:
        raise PatchError(f"width: found {width!r}; must be a number from 0 to 1")
    sounds = {side: replace(patch, seed=side_seed(patch.seed, side)).sound(placement) for side in sides(width)}
    return spread(sounds, width)


def sides(width: float) -> tuple[int, ...]:
    """Which renderings a width takes, by the numbers of their noises: 0 is the patch's own."""
    return tuple(side for side, weight in enumerate(_weights(width)) if side == 0 or weight)


def spread(sounds: Mapping[int, NDArray[np.float32]], width: float) -> NDArray[np.float32]:
    """Renderings of those sides, each (..., samples), as (..., channels, samples): one channel at width 0."""
    left = sounds[0]
    if width == 0.0:
        return left[..., np.newaxis, :]
    right = sum(weight * sounds[side].astype(np.float64) for side, weight in enumerate(_weights(width)) if weight)
    return np.stack([left, np.asarray(right, np.float32)], axis=-2)


def _weights(width: float) -> tuple[float, float, float]:
    """Of each side in the right channel."""
    root = math.sqrt(width * (4.0 - 3.0 * width))
    return 1.0 - width, 0.5 * (width + root), 0.5 * (width - root)
