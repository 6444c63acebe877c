"""Detail: sparse partials and bands of noise beside an instrument's own sound, the same for all instruments.

    sound = voice + detail · G · o(t) · (Σ_k g_k exp(-ln 1000 t / T60_k) sin 2π(f_k t + φ_k) + Σ_b n_b(t)),

with G the voice's output level and o its onset: the voice's own, where it has one, times a rise within a millisecond.
So the detail is struck as the voice is, and no partials cancel in its first sample that are a click once they are
turned. A voice is what an instrument's own parameters make: it can be turned, morphed and read. Detail is what a sample
has beside that, found by a match; its level `detail` goes from 0, the voice alone, to 1.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from backbeat import dsp
from backbeat.dsp import Grid, Signal
from backbeat.errors import PluginError
from backbeat.parameters import DETAIL, OUTPUT, Parameter, amount, cycles, decibels, pitch, seconds
from backbeat.plugins.base import Plugin
from backbeat.plugins.parts import onset_gain

PARTIALS, BANDS = "detail_partials", "detail_bands"
"""Options of every plugin."""
LEVEL = "detail"
"""The parameter that says how loud all of it is."""
MOST_PARTIALS, MOST_BANDS = 64, 32
_STREAM = 1000
_SILENT_DB = -80.0
_RISE_S = 0.002
"""T60 of what a detail lacks at once."""


@lru_cache(maxsize=256)
def with_detail(voice: Plugin, partials: int, bands: int) -> Plugin:
    """The instrument with a detail layer of that size; itself where that is none.

    Raises:
        PluginError: where there are more than 64 partials, or more than 32 bands.
    """
    for name, found, most in ((PARTIALS, partials, MOST_PARTIALS), (BANDS, bands, MOST_BANDS)):
        if type(found) is not int or not 0 <= found <= most:
            raise PluginError(f"plugin {voice.name}: found {name}={found!r}; must be a whole number from 0 to {most}")
    if not partials and not bands:
        return voice
    added = _parameters(partials, bands)
    level, struck = voice.table.with_role(OUTPUT.level_db), voice.table.with_role(OUTPUT.onset_db)

    def render(grid: Grid, c: Any) -> Signal:
        whole = dsp.db_to_gain(getattr(c, level)) if level else 1.0
        onset: Signal = 1.0 - dsp.decay(grid, grid.constant(_RISE_S))
        if struck:
            onset = onset * onset_gain(grid, getattr(c, struck))
        beside: Signal = (c.detail * whole) * (onset * _layer(grid, c, partials, bands))
        return voice.render(grid, c) + beside

    return Plugin(
        voice.name,
        type("Controls", (voice.controls,), dict(added)),
        render,
        voice.summary,
        voice.version,
        {**voice.options, PARTIALS: partials, BANDS: bands},
        migrations=voice.migrations,
        macros=voice.macros,
        banks=(*voice.banks, _BANK) if partials else voice.banks,
        voice=voice,
        soft_hit=voice.soft_hit,
    )


_BANK = ("detail_hz", "detail_s", "detail_db", "detail_cycles")


def _parameters(partials: int, bands: int) -> dict[str, Parameter]:
    found = {LEVEL: amount(default=1.0, help="Level of the detail beside the voice.", role=DETAIL.level)}
    if partials:
        found |= {
            "detail_hz": pitch(
                30.0,
                16000.0,
                default=[200.0 * 1.1**k for k in range(min(partials, 40))] + [9000.0] * (partials - 40),
                help="Frequency of each partial.",
                role=DETAIL.hz,
            ),
            "detail_s": seconds(0.003, 8.0, default=[0.1] * partials, help="T60 of each partial.", role=DETAIL.t60_s),
            "detail_db": decibels(
                _SILENT_DB, 6.0, default=[_SILENT_DB] * partials, help="Level of each partial.", role=DETAIL.level_db
            ),
            "detail_cycles": cycles(
                default=[0.0] * partials, help="Where in its cycle each partial starts.", role=DETAIL.phase_cycles
            ),
        }
    if bands:
        found |= {
            "detail_band_db": decibels(
                _SILENT_DB, 12.0, default=[_SILENT_DB] * bands, help="Level of each band of noise.", role=DETAIL.band_db
            ),
            "detail_band_s": seconds(
                0.003, 8.0, default=[0.1] * bands, help="T60 of each band of noise.", role=DETAIL.band_t60_s
            ),
        }
    return found


def _layer(grid: Grid, c: Any, partials: int, bands: int) -> Signal:
    parts: list[Signal] = []
    if partials:
        parts.append(dsp.modal(grid, c.detail_hz, c.detail_s, dsp.db_to_gain(c.detail_db), c.detail_cycles))
    if bands:
        gain = dsp.db_to_gain(c.detail_band_db)
        parts.append(dsp.noise_bands(grid, _STREAM, gain, c.detail_band_s))
    return parts[0] if len(parts) == 1 else parts[0] + parts[1]
