"""A kit's hits as sound files: what samplers play."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backbeat import audio
from backbeat.kits.document import Kit, Pad
from backbeat.kits.hits import AT_ONCE, Hit, Hits, pad_hits, velocities_of
from backbeat.kits.mixing import mixer
from backbeat.samplers import Layer, SampledKit, SampledPad, Take

_FULL_SCALE = 1.0 - 2.0**-23


def with_size(kit: Kit, layers: int | None, round_robins: int | None) -> Kit:
    """The kit with so many steps of velocity and hits of each, for all pads; those of none stay as they are."""
    pads = tuple(
        replace(
            pad,
            layers=pad.layers if layers is None else None,
            round_robins=pad.round_robins if round_robins is None else None,
        )
        for pad in kit.pads
    )
    return replace(kit, pads=pads, layers=layers or kit.layers, round_robins=round_robins or kit.round_robins)


def write_hits(kit: Kit, folder: Path, *, sample_rate: int = 44100, threads: int = 1) -> SampledKit:
    """Render every hit of a kit to a 24-bit WAV file, with its pad's level and pan.

    A pad that spans notes is rendered at its own note, and a sampler plays it higher and lower. Where the loudest hit
    would clip, the whole kit is turned down.

    Args:
        kit: the kit.
        folder: where the files go; it exists.
        sample_rate: in Hz.
        threads: at most so many.

    Raises:
        AudioError: where a file cannot be written.
    """
    pads, peak = _write(kit, folder, sample_rate, threads, 1.0)
    notes: tuple[str, ...] = ()
    if peak > _FULL_SCALE:
        pads, _ = _write(kit, folder, sample_rate, threads, _FULL_SCALE / peak)
        turned_down_db = 20.0 * np.log10(peak / _FULL_SCALE)
        notes = (f"All hits are {turned_down_db:.1f} dB down: the loudest would have clipped.",)
    return SampledKit(kit.name, pads, kit.author, kit.licence, notes)


def _write(kit: Kit, folder: Path, sample_rate: int, threads: int, gain: float) -> tuple[tuple[SampledPad, ...], float]:
    """Write all files, a few hits at a time; return the pads, and the peak before the gain."""
    hits, pads, peak = Hits(kit, sample_rate), [], 0.0
    for number, pad in enumerate(kit.pads, 1):
        layers, every = kit.layers_of(pad), pad_hits(kit, pad)
        takes: list[list[Take]] = [[] for _ in range(layers)]
        for first in range(0, len(every), AT_ONCE):
            some = every[first : first + AT_ONCE]
            hits.prepare(some, threads)
            for hit in some:
                placed = _placed(hits, pad, hit)
                peak = max(peak, float(np.abs(placed).max()))
                file = folder / f"{number:03d}_v{hit.layer + 1:03d}_r{hit.take + 1:02d}.wav"
                audio.write(file, placed[None] * np.float32(gain), sample_rate, bit_depth="24")
                takes[hit.layer].append(Take(file))
            hits.forget()
        sampled = SampledPad(
            pad.name,
            *pad.span,
            tuple(Layer(*velocities_of(layer, layers), tuple(found)) for layer, found in enumerate(takes)),
            root_note=pad.note if pad.notes else None,
            choke_group=pad.choke_group,
            output=pad.output,
        )
        pads.append(sampled)
    return tuple(pads), peak


def _placed(hits: Hits, pad: Pad, hit: Hit) -> NDArray[np.float32]:
    """A hit with its pad's level and pan: of one channel where left and right would be the same."""
    sound = hits[hit]
    playing = mixer(hits.sample_rate, 1, 1)
    playing.start(0, sound, gain=10.0 ** (pad.level_db / 20.0), pan=pad.pan)
    placed = playing.process(sound.shape[1])[0]
    return placed[:1] if len(sound) == 1 and pad.pan == 0.0 else placed
