"""What an export holds: its files, and which samples its format's own file says are played at which velocities.

Each is taken at its word as far as a check needs it; a reader that understands all that a format can say is another
matter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path, PurePosixPath

from defusedxml.ElementTree import fromstring

from backbeat.audio.pcm import WavLayout, layout_of
from backbeat.errors import KitError
from backbeat.samplers.description import LAST_VELOCITY

MAX_TEXT_BYTES = 2**24
"""Of all files that are not samples, together."""
MAX_FILES = 20_000

_TEXTS = (".json", ".sfz", ".dspreset", ".xpm", ".xml")
_OPCODE = re.compile(r"(\w+)=(\S+)")


@dataclass(frozen=True)
class ListedZone:
    """One sample of a pad, and the velocities that play it; turn and turns are its place among takes, 0 for none."""

    pad: str
    file: str
    low: int = 1
    high: int = LAST_VELOCITY
    turn: int = 0
    turns: int = 0


@dataclass(frozen=True)
class Export:
    """What an export consists of.

    Attributes:
        texts: of the files that are not samples, by path; empty where no format has them.
        samples: what the header of each WAV file says, by path; none where it is not one.
    """

    texts: Mapping[str, bytes]
    samples: Mapping[str, WavLayout | None]

    def text(self, suffix: str) -> tuple[str, bytes]:
        """Path and content of the one file whose name ends so."""
        found = [name for name in self.texts if name.endswith(suffix) and not name.endswith("_midimap.xml")]
        found = [name for name in found if "/" not in name]
        if len(found) != 1:
            raise KitError(f"found {len(found)} files that end in {suffix}; must be one")
        return found[0], self.texts[found[0]]


def read_folder(path: Path) -> Export:
    """The files of a folder, links left out."""
    texts, samples, size = {}, {}, 0
    for number, each in enumerate(sorted(path.rglob("*"))):
        if number >= MAX_FILES:
            raise KitError(f"more than {MAX_FILES} files; must be fewer")
        name = each.relative_to(path).as_posix()
        if each.is_symlink() or not each.is_file():
            continue
        if each.suffix.lower() == ".wav":
            samples[name] = layout_of(each)
        elif each.suffix.lower() in _TEXTS:
            size += each.stat().st_size
            if size > MAX_TEXT_BYTES:
                raise KitError(f"more than {MAX_TEXT_BYTES} bytes of {', '.join(_TEXTS)}; must be at most as many")
            texts[name] = each.read_bytes()
        else:
            texts[name] = b""
    return Export(texts, samples)


def zones(export: Export) -> Iterator[ListedZone]:
    """What the format's own file says."""
    readers: dict[str, Callable[[Export], Iterator[ListedZone]]] = {
        "kit.json": _wav,
        ".sfz": _sfz,
        ".dspreset": _decent_sampler,
        ".xpm": _mpc,
        "drumkit.xml": _hydrogen,
        "_midimap.xml": _drumgizmo,
    }
    for suffix, read in readers.items():
        if any(name.endswith(suffix) and "/" not in name for name in export.texts):
            yield from read(export)
            return
    raise KitError(f"found no file that ends in {', '.join(readers)}; must be one")


def _wav(export: Export) -> Iterator[ListedZone]:
    manifest = json.loads(export.text("kit.json")[1])
    for number, pad in enumerate(manifest["pads"]):
        for layer in pad["layers"]:
            for take in layer["takes"]:
                yield ListedZone(f"{number + 1}, {pad['name']}", take["file"], layer["low"], layer["high"])


def _sfz(export: Export) -> Iterator[ListedZone]:
    _, text = export.text(".sfz")
    shared: dict[str, str] = {}
    for line in text.decode("utf-8").splitlines():
        opcodes = dict(_OPCODE.findall(line))
        if line.startswith("<group>"):
            shared = opcodes
        elif line.startswith("<region>"):
            both = {**shared, **opcodes}
            yield ListedZone(
                f"of the notes {both['lokey']} to {both['hikey']}",
                both["sample"],
                int(both.get("lovel", 1)),
                int(both.get("hivel", LAST_VELOCITY)),
                int(both.get("seq_position", 0)),
                int(both.get("seq_length", 0)),
            )


def _decent_sampler(export: Export) -> Iterator[ListedZone]:
    for group in fromstring(export.text(".dspreset")[1]).iter("group"):
        for sample in group.iter("sample"):
            yield ListedZone(
                group.get("name", ""),
                sample.attrib["path"],
                int(sample.get("loVel", 0)) or 1,
                int(sample.get("hiVel", LAST_VELOCITY)),
                int(sample.get("seqPosition", 0)),
                int(sample.get("seqLength", 0)),
            )


def _hydrogen(export: Export) -> Iterator[ListedZone]:
    root = fromstring(export.text("drumkit.xml")[1])
    space = f"{{{root.tag[1:].partition('}')[0]}}}" if root.tag.startswith("{") else ""
    for instrument in root.iter(f"{space}instrument"):
        for layer in instrument.iter(f"{space}layer"):
            low, high = (float(layer.findtext(f"{space}{each}") or "") for each in ("min", "max"))
            yield ListedZone(
                f"{instrument.findtext(f'{space}id')}, {instrument.findtext(f'{space}name')}",
                layer.findtext(f"{space}filename") or "",
                max(1, ceil(low * LAST_VELOCITY)),
                floor(high * LAST_VELOCITY),
            )


def _drumgizmo(export: Export) -> Iterator[ListedZone]:
    name, text = export.text(".xml")
    known = set()
    for instrument in fromstring(text).iter("instrument"):
        known.add(instrument.get("name"))
        file = instrument.attrib["file"]
        if file not in export.texts:
            raise KitError(f"{file}: is missing; {name} refers to it")
        for audio in fromstring(export.texts[file]).iter("audiofile"):
            parts = (PurePosixPath(file).parent / audio.attrib["file"]).parts
            # The instrument's folder and the way out of it.
            plain = "/".join(
                part for at, part in enumerate(parts) if part != ".." and parts[at + 1 : at + 2] != ("..",)
            )
            yield ListedZone(instrument.get("name", ""), plain)
    for mapped in fromstring(export.texts[f"{name.removesuffix('.xml')}_midimap.xml"]).iter("map"):
        if mapped.get("instr") not in known:
            raise KitError(f"the MIDI map names {mapped.get('instr')!r}; must be an instrument of {name}")


def _mpc(export: Export) -> Iterator[ListedZone]:
    for instrument in fromstring(export.text(".xpm")[1]).iter("Instrument"):
        by_velocity = instrument.findtext("ZonePlay") == "1"
        for layer in instrument.iter("Layer"):
            name = layer.findtext("SampleName")
            low, high = (int(layer.findtext(each) or "") for each in ("VelStart", "VelEnd"))
            if name and by_velocity:
                yield ListedZone(instrument.get("number", ""), f"{name}.wav", max(1, low), high)
            elif name:
                yield ListedZone(instrument.get("number", ""), f"{name}.wav")
