"""A small instrument, and its program."""

import json
from typing import Any

from backbeat import dsp
from backbeat.parameters import Table, amount, choice, decibels, hz, seconds
from backbeat.plugins import Plugin
from backbeat.program import Program, record


class Controls(Table):
    """What it has."""

    pitch_hz = hz(50.0, 500.0, default=100.0, help="Pitch.")
    tone_s = seconds(0.01, 1.0, default=(0.3, 0.2, 0.1), help="T60 of each tone.")
    colour = choice("low", "high", default="low", help="Colour.")
    mix = amount(default=0.5, help="Noise.")
    drive_db = decibels(-20.0, 20.0, default=0.0, help="Drive.")


def render(grid: Any, c: Any) -> Any:
    """Three modes and filtered noise, driven."""
    modes = dsp.modal(grid, c.pitch_hz * grid.constant(1.0, 1.6, 2.3), c.tone_s, dsp.stack(0.5, 0.2, 0.1 + 0.1 * c.mix))
    weights = dsp.stack(c.colour[0], 0.0, c.colour[1])
    hiss = dsp.fir(grid, dsp.noise(grid, 1), weights, 10.0 * c.pitch_hz, 100.0, 1000.0, 0.004)
    return dsp.soft_clip(grid, modes + c.mix * hiss * dsp.decay(grid, c.tone_s[1]), c.drive_db)


INSTRUMENT = Plugin("small", Controls, render, summary="Modes and coloured noise.")


def record_of(chain: Any, table: type[Table] = Controls) -> Program:
    """The program of a chain that has a table's controls."""
    return record(lambda grid, handles: chain(grid, table(handles)), table.layout())


def document() -> dict[str, Any]:
    """The small instrument's, to be changed."""
    found: dict[str, Any] = json.loads(json.dumps(record_of(render).as_json()))
    return found
