"""Whether a sound lasts as much longer as `length` says.

Tones that lie side by side may cancel in a sound, and not in the same sound stretched: then the knob does not do what
it says, however near the sound is. So a descent turns the knob now and then, and compares how the energy falls.
"""

import torch
from torch import Tensor

from backbeat.losses.envelope import block_power, block_samples
from backbeat.patch import Patch, from_params, turn
from backbeat.plugins.base import LENGTH
from backbeat.types import Audio

_AMOUNTS = (50.0, -100.0 / 3.0)
"""Of the knob, in %."""
_RENEWED = 20
"""Turns after which it is read again how far the knob moves each parameter."""
_BLOCK_S, _BLOCKS_AFTER_PEAK = 0.001, 10
_FROM_DB, _TO_DB = -3.0, -28.0
_SILENT = 1e-12


class Stretch:
    """Turns `length` of params, up and down in turn.

    Args:
        patch: its instrument has the knob.
    """

    def __init__(self, patch: Patch) -> None:
        self._patch, self._turns = patch, 0
        self._moves: dict[float, Tensor] = {}

    def __call__(self, params: Tensor) -> tuple[Tensor, float]:
        """Params (1, P) with the knob turned, and the factor by which they last longer.

        On a log scale the knob moves a parameter by as much wherever it stands: so gradients pass as they are.
        """
        amount = _AMOUNTS[self._turns % len(_AMOUNTS)]
        if self._turns % _RENEWED == 0:
            own = params[0].detach().cpu().double()
            here = from_params(self._patch.instrument, own, seed=self._patch.seed, placement=self._patch.placement)
            self._moves = {each: (turn(here, LENGTH, each).params() - own).to(params) for each in _AMOUNTS}
        self._turns += 1
        return (params + self._moves[amount]).clamp(0.0, 1.0), 1.0 + amount / 100.0


def has_length(patch: Patch) -> bool:
    """Whether an instrument has the knob."""
    return LENGTH in patch.instrument.macros


def stretch_error(sound: Audio, turned: Audio, factor: float, sample_rate: int) -> Tensor:
    """How far the energy that is left of a turned sound falls otherwise than that of the sound, stretched; a scalar.

    `mean |L'(a t) - L(t)| / 20 dB`, over the times t from 10 ms after the peak on at which L, the backward-integrated
    energy in dB, lies between -3 and -28 dB: about the share by which the decay time is off.

    Args:
        sound: (1, 1, samples).
        turned: (1, 1, samples), as much longer.
        factor: a, by which it is to last longer.
        sample_rate: in Hz.
    """
    level_db, turned_db = (_left_db(each[0, 0], sample_rate) for each in (sound, turned))
    falling = torch.nonzero((level_db < _FROM_DB) & (level_db > _TO_DB)).flatten()
    at = factor * falling
    falling, at = falling[at < len(turned_db) - 1], at[at < len(turned_db) - 1]
    if not len(falling):
        return 0.0 * level_db.sum()
    before, share = at.long(), at - at.floor()
    found = turned_db[before] * (1.0 - share) + turned_db[before + 1] * share
    return (found - level_db[falling]).abs().mean() / 20.0


def _left_db(sound: Tensor, sample_rate: int) -> Tensor:
    """Energy that is left at each block of 1 ms, from 10 ms after the peak on, dB of the first, (blocks,)."""
    power = block_power(sound.unsqueeze(0), block_samples(_BLOCK_S, sample_rate))[0]
    begin = min(int(sound.detach().abs().argmax() / sample_rate / _BLOCK_S) + _BLOCKS_AFTER_PEAK, len(power) - 1)
    left = power[begin:].flip(0).cumsum(0).flip(0) + _SILENT
    level_db: Tensor = 10.0 * (left / left[0]).log10()
    return level_db
