"""Hits: the values and the noise seed of one sounding of a patch.

With velocity v and number n, an entry at x in [0, 1] is moved to

    x'  = x + a (c(v) - 1),  c(v) = v, √v or v²
    x'' = x' + h u_k(n),     u in [-1, 1) by a hash of seed, n and the entry's number k, and 0 at n = 0

each kept within [0, 1], phases by whole turns. What is not moved keeps its bits: that of a hit at velocity 1 with
number 0 is all. A choice stays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backbeat.kernels.library import library
from backbeat.parameters import Parameter
from backbeat.program.document import Program

CURVES = ("linear", "soft", "hard")
"""Of velocity: v, √v and v²; in the order of BACKBEAT_LINEAR and so on in backbeat.h."""
SEED_STREAM, HUMANIZE_STREAM, SIDE_STREAM = 2**32 - 1, 2**32 - 2, 2**32 - 3
"""Streams of noise that no instrument has: of hits' seeds, of what is humanized, and of seeds for other channels."""

_GOLDEN, _FIRST, _SECOND = 0x9E3779B9, 0x21F0AAAD, 0xD35A2D97
_WORDS = 2**32


@dataclass(frozen=True, eq=False)
class HitAmounts:
    """How far the entries of a patch go by velocity and from hit to hit, in their ranges from 0 to 1.

    Attributes:
        velocity: from a hit at velocity 1 to one at 0, (P,).
        curves: of velocity, numbers in `CURVES`, (P,).
        humanize: at most, either way, (P,).
    """

    velocity: NDArray[np.float64]
    curves: NDArray[np.int64]
    humanize: NDArray[np.float64]


def hit_values(
    program: Program | None,
    parameters: Mapping[str, Parameter],
    amounts: HitAmounts,
    values: NDArray[np.float64],
    velocity: float,
    number: int,
    seed: int,
) -> tuple[NDArray[np.float64], int]:
    """Physical values of a hit, (P,), and its noise seed: by the kernels where there are some.

    Args:
        program: the instrument's, if it has one.
        parameters: its table.
        amounts: how far its entries go.
        values: of the patch, physical, (P,).
        velocity: in [0, 1].
        number: of the hit, from 0 to 2^31 - 1.
        seed: of the patch's noise.
    """
    if program is not None and library():
        given = (amounts.velocity, amounts.curves, amounts.humanize)
        return program.compiled.hit(values, velocity, number, seed, *given)
    return by_formula(parameters, amounts, values, velocity, number, seed)


def curved_velocity(velocity: float) -> tuple[float, float, float]:
    """A velocity by each of the `CURVES`."""
    return velocity, math.sqrt(velocity), velocity * velocity


def side_seed(seed: int, side: int) -> int:
    """The seed of the same hit with another noise, no hit's; of side 0, its own."""
    return hashed(seed, SIDE_STREAM, side) >> 1 if side else seed


def by_formula(
    parameters: Mapping[str, Parameter],
    amounts: HitAmounts,
    values: NDArray[np.float64],
    velocity: float,
    number: int,
    seed: int,
) -> tuple[NDArray[np.float64], int]:
    """`hit_values` in NumPy."""
    entries = [each for each in parameters.values() for _ in range(each.size)]
    low, high = np.array([each.low for each in entries]), np.array([each.high for each in entries])
    is_log = np.array([each.scale == "log" for each in entries])
    is_phase = np.array([each.unit == "cycles" for each in entries])
    curved = np.array(curved_velocity(velocity))
    own_seed = hashed(seed, SEED_STREAM, number) >> 1 if number else seed
    chances = [_signed(hashed(own_seed, HUMANIZE_STREAM, k)) * 2.0**-31 for k in range(len(entries))]
    by_velocity = amounts.velocity * (curved[amounts.curves] - 1.0)
    by_chance = amounts.humanize * np.array(chances) if number else np.zeros(len(entries))
    log_low = np.where(is_log, low, 1.0)
    log_span = np.log(np.where(is_log, high, np.e) / log_low)
    x = np.where(is_log, np.log(np.where(is_log, values, 1.0) / log_low) / log_span, (values - low) / (high - low))
    for step in (by_velocity, by_chance):
        x = np.where(is_phase, (x + step) % 1.0, (x + step).clip(0.0, 1.0))
    curve = np.where(x == 1.0, high, log_low * np.exp(x * log_span))
    found = np.where(is_log, curve, low * (1.0 - x) + high * x).clip(low, high)
    is_moved = ((by_velocity != 0.0) | (by_chance != 0.0)) & np.array([not each.options for each in entries])
    return np.where(is_moved, found, values), own_seed


def hashed(seed: int, stream: int, counter: int) -> int:
    """32 bits by chance: those of number `counter` of the noise with that seed and stream; see `backbeat.dsp.noise`."""
    key = _mix(seed ^ _mix(stream * _GOLDEN))
    counter = (counter + key) % _WORDS
    return _mix((counter ^ counter >> 16) * _FIRST + _mix(key + _GOLDEN))


def _mix(word: int) -> int:
    word %= _WORDS
    word = (word ^ word >> 16) * _FIRST % _WORDS
    word = (word ^ word >> 15) * _SECOND % _WORDS
    return word ^ word >> 15


def _signed(word: int) -> int:
    return word - _WORDS if word >= _WORDS // 2 else word
