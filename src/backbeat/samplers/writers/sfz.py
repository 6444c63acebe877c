"""SFZ: a text file beside a folder of samples, for sfizz, sforzando, Renoise and many others.

References:
    https://sfzformat.com/opcodes
"""

from collections.abc import Iterator
from pathlib import Path

from backbeat.samplers.description import SampledKit
from backbeat.samplers.names import plain_text, safe_name
from backbeat.samplers.placing import PlacedPad, Sample, new_folder, place

SAMPLES = "samples"

CHOKE_S = 0.01
"""How long a choked sound takes to fade."""


def write(kit: SampledKit, out: Path) -> tuple[str, ...]:
    """Write a folder with KIT.sfz and its samples.

    Args:
        kit: what to write.
        out: the folder to create.

    Returns:
        Notes: what was left out or changed.

    Raises:
        KitError: if the folder is there, or cannot be written.
        AudioError: if a sample cannot be read.
    """
    with new_folder(out) as folder:
        (folder / SAMPLES).mkdir()
        pads, notes = place(kit, folder / SAMPLES)
        lines = [
            f"// {plain_text(kit.name)}",
            f"// Author: {plain_text(kit.author)}",
            f"// Licence: {plain_text(kit.licence)}",
            "",
            # Drums are short: a player that reads ahead from disk may come too late.
            "<control> hint_ram_based=1",
            # Layers have their own levels: with the default law of the velocity it would act twice.
            f"<global> loop_mode=one_shot amp_veltrack=0 ampeg_release={CHOKE_S:g}",
        ]
        for placed in pads:
            lines += ["", f"// {plain_text(placed.pad.name)}", f"<group> {_opcodes(placed)}", *_regions(placed)]
        text = "\n".join(lines)
        (folder / f"{safe_name(kit.name, 'kit')}.sfz").write_bytes(f"{text}\n".encode("utf-8", "replace"))
    return notes


def _opcodes(placed: PlacedPad) -> str:
    """Of all regions of a pad."""
    pad = placed.pad
    follows = pad.root_note is not None
    opcodes = [
        f"lokey={pad.low_note} hikey={pad.high_note}",
        f"pitch_keycenter={pad.root_note if follows else pad.low_note} pitch_keytrack={100 if follows else 0}",
    ]
    if pad.choke_group:
        opcodes.append(f"group={pad.choke_group} off_by={pad.choke_group} off_mode=normal")
    if pad.output:
        opcodes.append(f"output={pad.output}")
    return " ".join(opcodes)


def _regions(placed: PlacedPad) -> Iterator[str]:
    for zone in placed.zones:
        for turn, sample in enumerate(zone.samples, 1):
            yield f"<region> lovel={zone.low} hivel={zone.high}{_turn(turn, len(zone.samples))}{_source(sample)}"


def _turn(turn: int, count: int) -> str:
    return f" seq_length={count} seq_position={turn}" if count > 1 else ""


def _source(sample: Sample) -> str:
    tune = f" tune={round(100.0 * sample.tune_st)}" if sample.tune_st else ""
    return f"{tune} sample={SAMPLES}/{sample.file}"
