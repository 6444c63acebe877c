"""A new instrument in one file, and a search for the values that make a sound: new_plugin.py [STEPS] [STARTS].

In `src/backbeat/plugins`, a file with the constant `PLUGIN` is an instrument. A package makes its own known by an entry
point in the group `backbeat.plugins`; see CONTRIBUTING.md.
"""

import sys

import torch

import backbeat
from backbeat import dsp
from backbeat.dsp import Grid, Signal
from backbeat.parameters import OUTPUT, TRANSIENT, Table, decibels, pitch, seconds, semitones


class Controls(Table):
    """What a woodblock has."""

    pitch_hz = pitch(300.0, 3000.0, default=850.0, help="Pitch of the block.")
    overtone_st = semitones(3.0, 24.0, default=8.0, help="How far above it the second mode lies.")
    decay_s = seconds(0.02, 0.5, default=0.12, help="T60 of the first mode; the second falls twice as fast.")
    knock_db = decibels(-60.0, 0.0, default=-20.0, help="Level of the stick.", role=TRANSIENT.level_db)
    gain_db = decibels(-40.0, 0.0, default=-6.0, help="Output level.", role=OUTPUT.level_db)


def render(grid: Grid, c: Controls) -> Signal:
    """Two modes and a knock. It is called once, and recorded: each call of `dsp` becomes a step of a program."""
    frequency_hz = dsp.stack(c.pitch_hz, c.pitch_hz * dsp.semitones_to_ratio(c.overtone_st))
    modes = dsp.modal(grid, frequency_hz, dsp.stack(c.decay_s, 0.5 * c.decay_s), gain=grid.constant(0.5, 0.5))
    noise = dsp.bandpass(grid, dsp.noise(grid, stream=0), 2.0 * c.pitch_hz, q=0.7)
    knock = dsp.db_to_gain(c.knock_db) * noise * dsp.decay(grid, 0.1 * c.decay_s)
    return dsp.db_to_gain(c.gain_db) * (modes + knock)


PLUGIN = backbeat.Plugin(
    "woodblock",
    Controls,
    render,
    summary="Two modes of a wooden block and the stick.",
)


def main(steps: int = 100, starts: int = 16) -> None:
    """Render a woodblock, then find its values by its sound alone."""
    table = PLUGIN.table
    synth, loss = backbeat.Synth(PLUGIN, sample_rate=44100, seconds=0.3), backbeat.DrumLoss()
    wanted = table.defaults() | {"pitch_hz": 1730.0, "overtone_st": 13.0, "decay_s": 0.2, "knock_db": -12.0}
    target = loss.prepare(synth(table.normalise(wanted).float().unsqueeze(0)), 44100)

    # Spectra do not say from afar which way a pitch is wrong: many starts, side by side, find what one would not.
    params = torch.rand(starts, table.size, generator=torch.Generator().manual_seed(0)).requires_grad_()
    optimiser = torch.optim.Adam([params], lr=0.02)
    for _ in range(steps):
        optimiser.zero_grad()
        torch.autograd.backward(loss(target, synth(params.clamp(0.0, 1.0))).sum())
        optimiser.step()
    found = params.detach().clamp(0.0, 1.0)
    best = table.denormalise(found[loss(target, synth(found)).argmin()])
    for name in table:
        print(f"{name:12} wanted {wanted[name]:8.2f}  found {best[name]:8.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
