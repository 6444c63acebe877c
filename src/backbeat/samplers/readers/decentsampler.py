"""DecentSampler: a `.dspreset`, which is XML, beside its samples, or both in a `.dslibrary`, which is a zip file.

References:
    https://decentsampler-developers-guide.readthedocs.io: the groups element.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from backbeat.errors import KitError
from backbeat.samplers.description import LAST_NOTE, LAST_VELOCITY, SampledKit
from backbeat.samplers.readers.chokes import choke_groups
from backbeat.samplers.readers.folder import MOST_NAME, KitFolder
from backbeat.samplers.readers.markup import MalformedError, element
from backbeat.samplers.readers.naming import named
from backbeat.samplers.readers.remarks import Remarks, plain, shown
from backbeat.samplers.readers.values import decibels, note, number, within
from backbeat.samplers.readers.zones import MOST_ZONES, Zone, pads_of

_READ = {
    *("seqmode", "seqposition", "tags", "silencedbytags", "ampveltrack", "pitchkeytrack", "pan", "trigger", "enabled"),
    *("rootnote", "lonote", "hinote", "lovel", "hivel", "output1target", "path", "name"),
    *("volume", "tuning", "grouptuning", "globaltuning"),
}
_ADDED = {"volume", "tuning", "grouptuning", "globaltuning", "name"}
_SILENT = {"silencingmode", "release", "attack", "seqlength", "ampenvenabled", "playbackmode", "loopenabled"}
_CONTROLLER = re.compile(r"(lo|hi)cc(\d{1,3})$")
_OUTPUT = re.compile(r"AUX_STEREO_OUTPUT_(\d{1,2})$")
_GROUPS = re.compile(rb"<groups[\s>]")
_IN_TURN = ("round_robin", "random", "true_random")


def read(path: Path, root: Path | None = None) -> SampledKit:
    """Read a `.dspreset`.

    Args:
        path: of it.
        root: the folder out of which no name may lead; that of the file by default.

    Raises:
        KitError: if it is no preset, has nothing that can be played, or is out of bounds.
    """
    remarks = Remarks()
    folder = KitFolder(root or path.parent, remarks)
    try:
        preset = _preset(folder, path, remarks)
        if preset.tag.lower() != "decentsampler":
            raise KitError(f"found the element <{plain(preset.tag)}>; must be <DecentSampler>")
        samples = [
            (sample, file)
            for sample in _samples(preset, remarks)
            if (file := folder.sample(sample.attributes.get("path", ""), path.parent)) is not None
        ]
        chokes = choke_groups([(each.tags("tags"), each.tags("silencedbytags")) for each, _ in samples])
        zones = [
            zone for (each, file), choke in zip(samples, chokes, strict=True) if (zone := _zone(each, file, choke))
        ]
        if not zones:
            raise KitError(f"sample: found none that a note plays{remarks.because()}; must be at least one")
        pads = pads_of(zones, remarks)
    except KitError as error:
        raise KitError(f"{shown(path)}: {error}") from error
    return SampledKit(plain(path.stem), pads, notes=remarks.sentences())


def _preset(folder: KitFolder, path: Path, remarks: Remarks) -> Element:
    """The root element; only with its groups where the rest is no XML, which the player forgives."""
    content = folder.content(path)
    try:
        return element(content, folder)
    except MalformedError:
        begin, end = _GROUPS.search(content), content.rfind(b"</groups>")
        if not begin or end < begin.start() or b"<!" in content[: begin.start()].replace(b"<!--", b""):
            raise
        groups = element(content[begin.start() : end + len(b"</groups>")], folder)
        remarks.say("The file is no well-formed XML: only its groups were read")
        root = Element("DecentSampler")
        root.append(groups)
        return root


@dataclass(frozen=True)
class _Sample:
    """A sample element: its attributes with those that it inherits, levels and tunings of all three added up."""

    attributes: Mapping[str, str]
    gain_db: float
    tune_st: float
    name: str

    def value(self, attribute: str, default: float) -> float:
        found = number(self.attributes.get(attribute))
        return default if found is None else found

    def tags(self, attribute: str) -> frozenset[str]:
        return frozenset(tag.strip() for tag in self.attributes.get(attribute, "").split(",") if tag.strip())


def _samples(preset: Element, remarks: Remarks) -> Iterator[_Sample]:
    """Those that a note plays."""
    count = 0
    for groups in _children(preset, "groups"):
        outer = _attributes(groups, remarks)
        for group in _children(groups, "group"):
            inner = _attributes(group, remarks)
            samples = [_attributes(each, remarks) for each in _children(group, "sample")]
            count += len(samples)
            if count > MOST_ZONES:
                raise KitError(f"sample: found more than {MOST_ZONES:,}; must be at most that")
            notes = {(each.get("lonote"), each.get("hinote")) for each in samples}
            for own in samples:
                levels = (outer, inner, own)
                tunings = (outer.get("globaltuning"), inner.get("grouptuning"), inner.get("tuning"), own.get("tuning"))
                sample = _Sample(
                    attributes={
                        **{name: value for each in levels for name, value in each.items() if name not in _ADDED},
                        "tags": ",".join(each.get("tags", "") for each in levels),
                    },
                    gain_db=sum(_level_db(each.get("volume")) for each in levels),
                    tune_st=sum(number(each) or 0.0 for each in tunings),
                    name=inner.get("name", "") if len(notes) == 1 else "",
                )
                if _plays(sample.attributes, remarks):
                    yield sample


def _plays(sample: Mapping[str, str], remarks: Remarks) -> bool:
    left_out = "Samples were left out that"
    if sample.get("enabled", "true").lower() in ("false", "0"):
        remarks.say(f"{left_out} are not enabled")
    elif sample.get("trigger", "attack") not in ("attack", "first"):
        remarks.list(f"{left_out} are played by", [sample["trigger"]])
    elif any(
        (number(value) or 0.0) > 0.0
        for name, value in sample.items()
        if name.startswith("lo") and _CONTROLLER.match(name)
    ):
        remarks.say(f"{left_out} play only while a controller is moved")
    else:
        return True
    return False


def _zone(sample: _Sample, file: Path, choke: int) -> Zone | None:
    """One sample on its notes; none if those are not MIDI's."""
    given = sample.attributes
    low, high, root = (note(given.get(each)) for each in ("lonote", "hinote", "rootnote"))
    low, high = 0 if low is None else low, LAST_NOTE if high is None else min(high, LAST_NOTE)
    if not 0 <= low <= high:
        return None
    softest = int(within(sample.value("lovel", 1), 1, LAST_VELOCITY))
    output = _OUTPUT.match(given.get("output1target", ""))
    return Zone(
        file=file,
        low_note=low,
        high_note=high,
        root_note=(low if low == high else 60) if root is None else int(within(root, 0, LAST_NOTE)),
        tracking=within(sample.value("pitchkeytrack", 1.0), 0.0, 1.0),
        low=softest,
        high=max(softest, int(within(sample.value("hivel", LAST_VELOCITY), 1, LAST_VELOCITY))),
        turn=(sample.value("seqposition", 1.0),) if given.get("seqmode", "").lower() in _IN_TURN else None,
        gain_db=within(sample.gain_db, -100.0, 100.0),
        tune_st=within(sample.tune_st, -127.0, 127.0),
        pan=within(sample.value("pan", 0.0) / 100.0, -1.0, 1.0),
        velocity_share=within(sample.value("ampveltrack", 1.0), 0.0, 1.0),
        choke=choke,
        output=int(output[1]) if output else 0,
        name=plain(sample.name) or named(file.stem).drum,
    )


def _level_db(text: str | None) -> float:
    """A level that is in dB where it says so, and a factor where it does not."""
    value = number(text)
    if value is None:
        return 0.0
    return value if (text or "").strip().lower().endswith("db") else decibels(value)


def _attributes(element: Element, remarks: Remarks) -> dict[str, str]:
    """The attributes of an element that are read, by their names in lower case."""
    read = {}
    for name, value in element.attrib.items():
        if name.lower() in _READ or _CONTROLLER.match(name.lower()):
            read[name.lower()] = value[:MOST_NAME]
        elif name.lower() not in _SILENT:
            remarks.list("Attributes that are not read", [name])
    return read


def _children(element: Element, name: str) -> Iterator[Element]:
    return (each for each in element if isinstance(each.tag, str) and each.tag.lower() == name)
