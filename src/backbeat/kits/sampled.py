"""A kit's hits as sound files: what samplers play."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backbeat import audio
from backbeat.kits.document import Kit, Pad
from backbeat.kits.hits import Hit, Hits, pad_hits, velocities_of
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
    hits = Hits(kit, sample_rate)
    hits.prepare((hit for pad in kit.pads for hit in pad_hits(kit, pad)), threads)
    peak = max(float(np.abs(_placed(hits, pad, hit)).max()) for pad in kit.pads for hit in pad_hits(kit, pad))
    gain = min(1.0, _FULL_SCALE / peak) if peak else 1.0
    pads = tuple(_sampled(hits, pad, f"{number:03d}", folder, gain) for number, pad in enumerate(kit.pads, 1))
    turned_down = -20.0 * np.log10(gain)
    notes = (f"All hits are {turned_down:.1f} dB down: the loudest would have clipped.",) if gain < 1.0 else ()
    return SampledKit(kit.name, pads, kit.author, kit.licence, notes)


def _sampled(hits: Hits, pad: Pad, stem: str, folder: Path, gain: float) -> SampledPad:
    kit, layers = hits.kit, hits.kit.layers_of(pad)
    takes: list[list[Take]] = [[] for _ in range(layers)]
    for hit in pad_hits(kit, pad):
        file = folder / f"{stem}_v{hit.layer + 1:03d}_r{hit.take + 1:02d}.wav"
        audio.write(file, _placed(hits, pad, hit)[None] * np.float32(gain), hits.sample_rate, bit_depth="24")
        takes[hit.layer].append(Take(file))
    return SampledPad(
        pad.name,
        *pad.span,
        tuple(Layer(*velocities_of(layer, layers), tuple(found)) for layer, found in enumerate(takes)),
        root_note=pad.note if pad.notes else None,
        choke_group=pad.choke_group,
        output=pad.output,
    )


def _placed(hits: Hits, pad: Pad, hit: Hit) -> NDArray[np.float32]:
    """A hit with its pad's level and pan: of one channel where left and right would be the same."""
    sound = hits[hit]
    playing = mixer(hits.sample_rate, 1, 1)
    playing.start(0, sound, gain=10.0 ** (pad.level_db / 20.0), pan=pad.pan)
    placed = playing.process(sound.shape[1])[0]
    return placed[:1] if len(sound) == 1 and pad.pan == 0.0 else placed
