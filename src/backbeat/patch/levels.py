"""What lies between the levels of two patches, whose layers may be relative to different levels of the whole.

Layers change by their power: half-way between two that differ by 20 dB, a layer has 3 dB less than the louder. That is
the power that they have in the sound: a colour of noise counts with the level of the noise, a detail with the output
level, and both are then read against what those have become.
"""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from jaxtyping import Float64

from backbeat.parameters import DETAIL, NOISE, OUTPUT, Layout, Role

Levels: TypeAlias = Float64[np.ndarray, " entries"]
Params: TypeAlias = Float64[np.ndarray, " P"]

_RELATIVE_TO: Mapping[Role | None, Role] = {
    NOISE.band_db: NOISE.level_db,
    DETAIL.level_db: OUTPUT.level_db,
    DETAIL.band_db: OUTPUT.level_db,
}
"""What a level is in dB of: of what has no entry here, the layer's own."""


def fade_levels(table: Layout, first: Params, second: Params, mixed: Params, amount: float) -> tuple[Params, Params]:
    """Put the levels of layers into params that lie `amount` of the way between two.

    What is in dB is the level of a layer, but for what the whole goes through (`OUTPUT`).

    Args:
        table: the plugin's.
        first: where an amount of 0 is, normalised.
        second: where an amount of 1 is.
        mixed: changed in place.
        amount: in [0, 1].

    Returns:
        Both ends, with their levels beside those of the mixed params.
    """
    first, second = first.copy(), second.copy()
    layers = {name: each for name, each in table.items() if each.unit == "dB" and not isinstance(each.role, OUTPUT)}
    for name, parameter in sorted(layers.items(), key=lambda each: each[1].role in _RELATIVE_TO):
        where, span_db = table.slice(name), parameter.high - parameter.low
        whole = table.with_role(_RELATIVE_TO[parameter.role]) if parameter.role in _RELATIVE_TO else None
        if whole is not None:
            whole_db = table[whole].high - table[whole].low
            for each in (first, second):
                louder_db = whole_db * (each[table.slice(whole)] - mixed[table.slice(whole)])
                each[where] = np.where(each[where] > 0.0, (each[where] + louder_db / span_db).clip(0.0, 1.0), 0.0)
        mixed[where] = (faded_db(span_db * first[where], span_db * second[where], amount) / span_db).clip(0.0, 1.0)
    return first, second


def faded_db(first_db: Levels, second_db: Levels, amount: float) -> Levels:
    """Levels whose power is `(1 - amount) P + amount Q`.

    Of parts that only fade, the whole sound then has the mean of both power spectra, and of the energies that are left:
    its brightness and its length lie between theirs.
    """
    powers = (1.0 - amount) * 10.0 ** (0.1 * first_db) + amount * 10.0 ** (0.1 * second_db)
    levels: Levels = 10.0 * np.log10(powers)
    return levels
