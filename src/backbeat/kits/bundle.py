"""A kit for engines outside Python: one JSON that holds all that plays it.

An engine that runs programs needs no instruments, no presets and no defaults of theirs: each pad's values
are written out as one vector, macros turned, with the amounts by which velocity and hit number move them, and its
macros are data.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from backbeat.errors import KitError
from backbeat.kits.document import Kit, Pad
from backbeat.patch import Patch
from backbeat.patch.hits import amounts
from backbeat.patch.knobs import knobs

SCHEMA = 1


def bundle(kit: Kit) -> dict[str, Any]:
    """The document: docs/bundles.md describes it.

    Raises:
        KitError: naming a pad whose instrument has no program.
    """
    programs: dict[str, int] = {}
    documents: list[Mapping[str, Any]] = []
    outputs = {pad.name: number for number, pads in enumerate(kit.outputs) for pad in pads}
    pads = []
    for number, pad in enumerate(kit.pads):
        program = pad.patch.instrument.program
        if program is None:
            raise KitError(f"pads[{number}] ({pad.name}): {pad.patch.plugin} is a formula plugin; must have a program")
        text = json.dumps(program.as_json())
        if text not in programs:
            programs[text] = len(programs)
            documents.append(program.as_json())
        pads.append(dict(_pad(kit, pad, programs[text], outputs[pad.name])))
    return {
        "schema": SCHEMA,
        "name": kit.name,
        "author": kit.author,
        "licence": kit.licence,
        "outputs": len(kit.outputs),
        "programs": documents,
        "pads": pads,
    }


def to_json(kit: Kit) -> str:
    """The document as text."""
    return json.dumps(bundle(kit), indent=None, separators=(",", ":"), ensure_ascii=False, allow_nan=False) + "\n"


def _pad(kit: Kit, pad: Pad, program: int, output: int) -> Iterator[tuple[str, Any]]:
    patch = pad.turned
    yield from {
        "name": pad.name,
        "note": pad.note,
        "notes": list(pad.span),
        "level_db": pad.level_db,
        "pan": pad.pan,
        "width": pad.width,
        "choke_group": pad.choke_group,
        "note_off": pad.note_off,
        "output": output,
        "layers": kit.layers_of(pad),
        "round_robins": kit.round_robins_of(pad),
        "program": program,
        "patch": f"{patch.plugin} {patch.name}".strip(),
        "seed": patch.seed,
    }.items()
    yield from _entries(patch)
    yield "macros", knobs(patch)


def _entries(patch: Patch) -> Iterator[tuple[str, list[float] | list[int]]]:
    """Vectors with a number for each entry of the program."""
    found = amounts(patch)
    yield "values", patch.instrument.table.flat(patch.values).tolist()
    yield "velocity", found.velocity.tolist()
    yield "curves", found.curves.tolist()
    yield "humanize", found.humanize.tolist()
