"""Ways out of the pitches where a descent is caught: an octave, a fifth, or some cents off.

A spectral loss has a minimum at every octave and hardly a gradient between them, so that descent does not leave them; a
few renders without gradients do.

References:
    | DDSP: issue 79 (octave minima); DiffMoog (Uzrad et al., 2024), table 1 (blindness to the direction of an error)
"""

import math

import torch
from torch import Tensor

from backbeat.matching.search import Objective
from backbeat.parameters import BODY, MODES, NOISE, TRANSIENT
from backbeat.plugins import Plugin

_JUMPS_ST = ((12.0, 24.0, 7.0, 5.0), (3.0, 2.0, 1.0), (0.5, 0.25), (0.1, 0.05))
"""One round after the other, each up and down from the best of the last."""


@torch.no_grad()
def escape_octave_minima(params: Tensor, plugin: Plugin, objective: Objective, held: Tensor | None = None) -> Tensor:
    """Params with all pitches moved to where the loss is least, row by row; the same where the plugin has no pitch.

    Args:
        params: (starts, P).
        plugin: the instrument.
        objective: losses of params.
        held: which entries of the params stay as they are, (P,); none where it is not given.
    """
    octave = _octave(plugin).to(params)
    if held is not None:
        octave = octave.masked_fill(held.to(octave.device), 0.0)
    if not bool(octave.any()):
        return params
    for jumps_st in _JUMPS_ST:
        shifts = torch.tensor([0.0, *jumps_st, *(-jump for jump in jumps_st)]).to(params) / 12.0
        moved = (params.unsqueeze(1) + shifts.unsqueeze(-1) * octave).clamp(0.0, 1.0)
        losses = torch.stack([objective(rows) for rows in moved])
        best = torch.where(losses.isfinite(), losses, math.inf).argmin(-1)
        params = moved[torch.arange(len(params)), best]
    return params


def _octave(plugin: Plugin) -> Tensor:
    """What an octave is in each entry of the params, 0 where it has no pitch, (P,).

    Where something has a role as a pitch, the colour of noise and of transients stays: else a start with too much
    treble would take its pitches down with it.
    """
    octave = torch.zeros(plugin.table.size)
    roles = {name: plugin.table[name].role for name in plugin.pitched}
    has_pitch = any(role in (BODY.pitch_hz, MODES.hz) for role in roles.values())
    for name, role in roles.items():
        if has_pitch and isinstance(role, NOISE | TRANSIENT):
            continue
        parameter = plugin.table[name]
        if parameter.scale == "log":
            octave[plugin.table.slice(name)] = 1.0 / math.log2(parameter.high / parameter.low)
    return octave
