"""What would keep players from playing an export as it is meant: files, names, layers and sample formats."""

from __future__ import annotations

import re
import shutil
import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException

from backbeat.errors import KitError
from backbeat.samplers.description import LAST_VELOCITY
from backbeat.samplers.listing import MAX_TEXT_BYTES, Export, ListedZone, read_folder, zones
from backbeat.samplers.readers.archives import unpacked

_SAFE_PATH = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*\.[A-Za-z0-9]+")
_DAMAGE = (
    ParseError,
    DefusedXmlException,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
)


def check(path: Path) -> tuple[str, ...]:
    """The faults of an export: a folder, an archive such as `.h2drumkit`, or an `.sf2`, from `WRITERS` or of the like.

    Args:
        path: of the export.

    Returns:
        One line for each fault; none if there are none.

    Raises:
        KitError: if it is no export of a format that is known, or cannot be read.
    """
    if not path.is_file() or path.suffix.lower() == ".sf2":
        return _faults(path, path)
    folder = unpacked(path)
    try:
        inside = list(folder.iterdir())
        return _faults(inside[0] if len(inside) == 1 and inside[0].is_dir() else folder, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _faults(place: Path, path: Path) -> tuple[str, ...]:
    """The faults of what is in a place; errors say that it is of a path."""
    try:
        if place.is_file():
            return _check_soundfont(place)
        export = read_folder(place)
        listed = list(zones(export))
    except KitError as error:
        raise KitError(f"{path}: {error}") from error
    except (OSError, EOFError, UnicodeError) as error:
        raise KitError(f"{path}: cannot be read ({error}); allowed: an export of a kit") from error
    except _DAMAGE as error:
        raise KitError(f"{path}: is damaged ({type(error).__name__}: {error}); allowed: an export of a kit") from error
    if not listed:
        return ("plays no samples",)
    return (*_file_faults(export, listed), *_layer_faults(listed))


def _file_faults(export: Export, listed: Sequence[ListedZone]) -> Iterator[str]:
    """Files that are missing, badly named, or of a format that some player cannot read."""
    lower = {name.lower(): name for name in export.samples}
    for name in sorted({zone.file for zone in listed}):
        if name not in export.samples:
            other = lower.get(name.lower())
            yield f"{name}: is missing" if other is None else f"{name}: is called {other}, in other letters"
        elif (layout := export.samples[name]) is None:
            yield f"{name}: is no whole WAV file"
        elif not layout.plain:
            yield (
                f"{name}: has format {layout.format_tag}, {layout.bits} bits, {layout.channels} channels"
                f"{' and loops' if layout.looped else ''}; must be PCM of 16 or 24 bits, mono or stereo, without loops"
            )
    for name in sorted({*export.texts, *export.samples}):
        if not _SAFE_PATH.fullmatch(name):
            yield f"{name}: has letters that some player cannot open; must be of A-Z, a-z, 0-9, _ and -"


def _layer_faults(listed: Sequence[ListedZone]) -> Iterator[str]:
    """Velocities that play nothing, or takes out of turn."""
    pads: dict[str, list[ListedZone]] = defaultdict(list)
    for zone in listed:
        pads[zone.pad].append(zone)
    for pad, parts in pads.items():
        silent = set(range(1, LAST_VELOCITY + 1)).difference(
            *(range(max(1, part.low), min(LAST_VELOCITY, part.high) + 1) for part in parts)
        )
        if silent:
            yield f"pad {pad}: {len(silent)} velocities from {min(silent)} on play nothing; must all play a layer"
        ranges: dict[tuple[int, int], list[ListedZone]] = defaultdict(list)
        for part in parts:
            ranges[part.low, part.high].append(part)
        for (low, high), takes in ranges.items():
            turns = sorted(take.turn for take in takes)
            if any(take.turns for take in takes) and (
                turns != list(range(1, len(takes) + 1)) or {take.turns for take in takes} != {len(takes)}
            ):
                yield f"pad {pad}: takes at velocities {low} to {high} have the turns {turns}; must be 1, 2, … of all"
        borders = sorted(ranges)
        for (low, high), (next_low, _) in pairwise(borders):
            if next_low <= high:
                yield f"pad {pad}: layers from {low} to {high} and from {next_low} on overlap; must follow each other"


def _check_soundfont(path: Path) -> tuple[str, ...]:
    """Whether chunks lie within the file, and samples within their chunk."""
    size = path.stat().st_size
    with path.open("rb") as file:
        name, length, kind = struct.unpack("<4sI4s", file.read(12).ljust(12, b"\0"))
        if (name, kind) != (b"RIFF", b"sfbk"):
            raise KitError("is no SoundFont 2; must begin with RIFF and sfbk")
        if length + 8 != size:
            return (f"says that it has {length + 8} bytes, and has {size}",)
        chunks: dict[bytes, tuple[int, int]] = {}
        at = 12
        while at + 8 <= size and len(chunks) < 100:
            file.seek(at)
            name, length, kind = struct.unpack("<4sI4s", file.read(12).ljust(12, b"\0"))
            if name == b"LIST":
                at += 12
                continue
            chunks[name] = (at + 8, length)
            at += 8 + length + length % 2
        if missing := sorted({b"smpl", b"phdr", b"inst", b"shdr"} - chunks.keys()):
            return tuple(f"has no chunk {each.decode()}" for each in missing)
        start, length = chunks[b"shdr"]
        if length > MAX_TEXT_BYTES:
            raise KitError(f"{length} bytes of headers; allowed: {MAX_TEXT_BYTES}")
        file.seek(start)
        headers = list(struct.iter_unpack("<20sIIIIIBbHH", file.read(length - length % 46)))[:-1]
    values = chunks[b"smpl"][1] // 2
    faults = [
        f"sample {header[0].rstrip(bytes(1)).decode('ascii', 'replace')}: lies outside the samples"
        for header in headers
        if not header[1] < header[2] <= values
    ]
    return tuple(faults) if headers else ("plays no samples",)
