"""A new instrument in one file, and a search for the values that make a sound: new_plugin.py [STEPS] [STARTS].

A package makes its instrument known to backbeat by an entry point in the group `backbeat.plugins`; see CONTRIBUTING.md.
"""

import sys

import torch

import backbeat
from backbeat import dsp
from backbeat.dsp import Grid
from backbeat.parameters import Table, decibels, pitch, seconds, semitones
from backbeat.types import Control, Mono

TABLE = Table(
    pitch_hz=pitch(300.0, 3000.0, default=850.0, help="Pitch of the block."),
    overtone_st=semitones(3.0, 24.0, default=8.0, help="How far above it the second mode lies."),
    decay_s=seconds(0.02, 0.5, default=0.12, help="T60 of the first mode; the second falls twice as fast."),
    knock_db=decibels(-60.0, 0.0, default=-20.0, help="Level of the stick."),
    gain_db=decibels(-40.0, 0.0, default=-6.0, help="Output level."),
)


def render(
    grid: Grid, *, pitch_hz: Control, overtone_st: Control, decay_s: Control, knock_db: Control, gain_db: Control
) -> Mono:
    """Two damped modes and a knock. Each control is (batch, 1), so every item of a batch has its own."""
    frequency_hz = torch.cat([pitch_hz, pitch_hz * dsp.semitones_to_ratio(overtone_st)], dim=-1)
    t60_s = torch.cat([decay_s, 0.5 * decay_s], dim=-1)
    modes = dsp.modal(grid, frequency_hz, t60_s, torch.full_like(t60_s, 0.5))
    knock = dsp.db_to_gain(knock_db) * dsp.noise(grid, stream=0) * dsp.decay(grid, 0.1 * decay_s)
    return dsp.db_to_gain(gain_db) * (modes + knock)


# Checks that the table and the signature of `render` name the same parameters.
WOODBLOCK = backbeat.Plugin("woodblock", TABLE, render, summary="Two modes of a wooden block and the stick.")


def main(steps: int = 100, starts: int = 16) -> None:
    """Render a woodblock, then find its values by its sound alone."""
    synth, loss = backbeat.Synth(WOODBLOCK, sample_rate=44100, seconds=0.3), backbeat.DrumLoss()
    wanted = TABLE.defaults() | {"pitch_hz": 1730.0, "overtone_st": 13.0, "decay_s": 0.2, "knock_db": -12.0}
    target = loss.prepare(synth(TABLE.normalise(wanted).float().unsqueeze(0)), 44100)

    # Spectra do not say from afar which way a pitch is wrong: many starts, side by side, find what one would not.
    params = torch.rand(starts, TABLE.size, generator=torch.Generator().manual_seed(0)).requires_grad_()
    optimiser = torch.optim.Adam([params], lr=0.02)
    for _ in range(steps):
        optimiser.zero_grad()
        torch.autograd.backward(loss(target, synth(params.clamp(0.0, 1.0))).sum())
        optimiser.step()
    found = params.detach().clamp(0.0, 1.0)
    best = TABLE.denormalise(found[loss(target, synth(found)).argmin()])
    for name in TABLE:
        print(f"{name:12} wanted {wanted[name]:8.2f}  found {best[name]:8.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
