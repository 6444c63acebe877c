"""Writers of samplers' kits, one file a format, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from backbeat.samplers.description import SampledKit
from backbeat.samplers.writers import decent_sampler, drumgizmo, hydrogen, mpc, sfz, soundfont, wav_folder

Write: TypeAlias = Callable[[SampledKit, Path], tuple[str, ...]]
"""Writes a kit to a path, which becomes a folder or a file; returns notes on what was left out or changed."""


@dataclass(frozen=True)
class Writer:
    """One format.

    Attributes:
        write: a kit to a path, for notes on what was left out or changed.
        suffix: of the file that is written; empty where it is a folder.
        opens: which programs read it, for people.
    """

    write: Write
    suffix: str
    opens: str


WRITERS: Mapping[str, Writer] = MappingProxyType(
    {
        "wav": Writer(wav_folder.write, "", "anything that plays samples"),
        "sfz": Writer(sfz.write, "", "sfizz, sforzando, Renoise"),
        "decentsampler": Writer(decent_sampler.write, "", "DecentSampler"),
        "hydrogen": Writer(hydrogen.write, hydrogen.SUFFIX, "Hydrogen"),
        "sf2": Writer(soundfont.write, soundfont.SUFFIX, "FluidSynth, LMMS, MuseScore"),
        "drumgizmo": Writer(drumgizmo.write, "", "DrumGizmo"),
        "mpc": Writer(mpc.write, "", "MPC software and standalone MPCs"),
    }
)
