"""What is heard of a kit's pads: levels, lengths, and what a player would stumble over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backbeat.kits.document import Kit, Pad
from backbeat.kits.hits import Hit, Hits
from backbeat.kits.mixing import channel_gains

_SILENT_DB = -100.0
_CLIPS_DB = 0.0
_SOFTEST_DB = -60.0
_LONGEST_S = 10.0


@dataclass(frozen=True)
class PadFacts:
    """Of one pad's hardest hit, with the pad's level and pan.

    Attributes:
        pad: its name.
        peak_db: dBFS.
        loudness_db: K-weighted energy, dB; see `dsp.loudness`.
        length_s: seconds.
        problems: one sentence each.
    """

    pad: str
    peak_db: float
    loudness_db: float
    length_s: float
    problems: tuple[str, ...]


def check_pads(kit: Kit, *, sample_rate: int = 44100, threads: int = 1) -> list[PadFacts]:
    """Render each pad's hardest and softest hit, and say what they are."""
    hits = Hits(kit, sample_rate)
    hits.prepare((hit for pad in kit.pads for hit in _ends(kit, pad)), threads)
    return [_facts(hits, pad) for pad in kit.pads]


def _ends(kit: Kit, pad: Pad) -> tuple[Hit, Hit]:
    return Hit(pad.name, pad.note, kit.layers_of(pad) - 1, 0), Hit(pad.name, pad.note, 0, 0)


def _facts(hits: Hits, pad: Pad) -> PadFacts:
    import torch

    from backbeat.dsp.loudness import energy_db, k_weighted

    hard, soft = (hits[hit] for hit in _ends(hits.kit, pad))
    gains = np.array(channel_gains(10.0 ** (pad.level_db / 20.0), pad.pan))[:, None]
    peaks_db = [_db(float(np.abs(each * gains).max(initial=0.0))) for each in (hard, soft)]
    heard = k_weighted(hits.sample_rate, torch.from_numpy(hard.mean(axis=0)).double())
    length_s = hard.shape[1] / hits.sample_rate
    problems = []
    if peaks_db[0] < _SILENT_DB:
        problems.append("It is silent.")
    elif peaks_db[1] - peaks_db[0] < _SOFTEST_DB:
        problems.append(f"Its softest hit is {peaks_db[0] - peaks_db[1]:.0f} dB below its hardest.")
    if peaks_db[0] > _CLIPS_DB:
        problems.append(f"Its hardest hit peaks at {peaks_db[0]:+.1f} dBFS: it clips where it is written as integers.")
    if length_s >= _LONGEST_S:
        problems.append(f"It is still sounding after {_LONGEST_S:g} s.")
    return PadFacts(pad.name, peaks_db[0], float(energy_db(heard)) + pad.level_db, length_s, tuple(problems))


def _db(amplitude: float) -> float:
    return 20.0 * float(np.log10(max(amplitude, 1e-10)))
