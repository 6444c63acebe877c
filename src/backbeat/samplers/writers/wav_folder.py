"""A folder of WAV files with speaking names, and a manifest that says what plays them."""

import json
from pathlib import Path

from backbeat.samplers.description import SampledKit
from backbeat.samplers.placing import PlacedPad, new_folder, place

MANIFEST = "kit.json"


def write(kit: SampledKit, out: Path) -> tuple[str, ...]:
    """Write a folder of WAV files and `kit.json`.

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
        pads, notes = place(kit, folder)
        manifest = {
            "name": kit.name,
            "author": kit.author,
            "licence": kit.licence,
            "pads": [_entry(pad) for pad in pads],
        }
        text = json.dumps(manifest, indent=2, ensure_ascii=False)
        (folder / MANIFEST).write_bytes(f"{text}\n".encode("utf-8", "replace"))
    return notes


def _entry(placed: PlacedPad) -> dict[str, object]:
    pad = placed.pad
    return {
        "name": pad.name,
        "low_note": pad.low_note,
        "high_note": pad.high_note,
        "root_note": pad.root_note,
        "choke_group": pad.choke_group,
        "output": pad.output,
        "layers": [
            {
                "low": zone.low,
                "high": zone.high,
                "takes": [{"file": sample.file, "tune_st": sample.tune_st} for sample in zone.samples],
            }
            for zone in placed.zones
        ],
    }
