"""The `kit.json` that an export writes beside its WAV files: pads, layers and takes as the description has them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backbeat.errors import KitError
from backbeat.samplers.description import LAST_VELOCITY, SampledKit
from backbeat.samplers.readers.folder import KitFolder
from backbeat.samplers.readers.remarks import Remarks, plain, shown
from backbeat.samplers.readers.values import number, within
from backbeat.samplers.readers.zones import MOST_ZONES, Zone, pads_of

NAME = "kit.json"


def read(path: Path, root: Path | None = None) -> SampledKit:
    """Read a `kit.json` of an export.

    Args:
        path: of it.
        root: the folder out of which no name may lead; that of the file by default.

    Raises:
        KitError: if it is none, has nothing that can be played, or is out of bounds.
    """
    remarks = Remarks()
    folder = KitFolder(root or path.parent, remarks)
    try:
        kit = _object(folder, path)
        zones = [zone for pad in _listed(kit, "pads") for zone in _zones(pad, folder, path.parent)]
        if not zones:
            raise KitError(f"pads: found none with a sample{remarks.because()}; must be at least one")
        pads = pads_of(zones, remarks)
    except KitError as error:
        raise KitError(f"{shown(path)}: {error}") from error
    name, author, licence = (plain(_text(kit, each)) for each in ("name", "author", "licence"))
    return SampledKit(name or plain(path.parent.name), pads, author, licence, remarks.sentences())


def is_manifest(content: bytes) -> bool:
    """Whether what a `kit.json` begins with is an export's; a kit of patches is called so too."""
    return content.lstrip().startswith(b"{") and b'"schema"' not in content


def _object(folder: KitFolder, path: Path) -> Mapping[str, Any]:
    try:
        kit = json.loads(folder.content(path))
    except (ValueError, RecursionError) as error:
        raise KitError(f"found no JSON ({plain(str(error))}); must be that of an export") from error
    if not isinstance(kit, dict):
        raise KitError(f"found {plain(type(kit).__name__)}; must be an object")
    return kit


def _listed(parent: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The objects of a list."""
    found = parent.get(name)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found) or len(found) > MOST_ZONES:
        raise KitError(f"{name}: found {_told(found)}; must be a list of at most {MOST_ZONES:,} objects")
    return found


def _whole(parent: Mapping[str, Any], name: str, default: int | None = None) -> int:
    found = parent.get(name, default)
    if type(found) is not int or not 0 <= found <= LAST_VELOCITY:
        raise KitError(f"{name}: found {_told(found)}; must be a whole number from 0 to {LAST_VELOCITY}")
    return found


def _text(parent: Mapping[str, Any], name: str) -> str:
    found = parent.get(name)
    return found if isinstance(found, str) else ""


def _told(value: object) -> str:
    """A value in a word: what is nested may be nested too deep to be told."""
    nested = isinstance(value, list | dict)
    return f"a {type(value).__name__}" if nested else plain(json.dumps(value)[:40])


def _zones(pad: Mapping[str, Any], folder: KitFolder, base: Path) -> list[Zone]:
    name = plain(_text(pad, "name")) or "Pad"
    low = _whole(pad, "low_note")
    high, root = _whole(pad, "high_note", low), None if pad.get("root_note") is None else _whole(pad, "root_note")
    if low > high:
        raise KitError(f"{name}: found notes {low} to {high}; must be in order")
    zones = []
    for layer in _listed(pad, "layers"):
        softest = max(1, _whole(layer, "low", 1))
        hardest = max(softest, _whole(layer, "high", LAST_VELOCITY))
        for turn, take in enumerate(_listed(layer, "takes")):
            if (file := folder.sample(_text(take, "file"), base)) is not None:
                zones.append(
                    Zone(
                        file,
                        low,
                        high,
                        root_note=low if root is None else root,
                        tracking=0.0 if root is None or low == high else 1.0,
                        low=softest,
                        high=hardest,
                        turn=(turn,),
                        tune_st=within(number(_told(take.get("tune_st"))) or 0.0, -127.0, 127.0),
                        choke=_whole(pad, "choke_group", 0),
                        output=_whole(pad, "output", 0),
                        name=name,
                    )
                )
    return zones
