"""SFZ: one text file beside its samples.

References:
    https://sfzformat.com, versions 1 and 2 and ARIA's extensions; where readers differ, as sfizz reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from backbeat.errors import KitError
from backbeat.samplers.description import LAST_VELOCITY, SampledKit
from backbeat.samplers.readers.chokes import choke_groups
from backbeat.samplers.readers.folder import KitFolder
from backbeat.samplers.readers.naming import named
from backbeat.samplers.readers.remarks import Remarks, plain, shown
from backbeat.samplers.readers.sfz_text import Header, headers
from backbeat.samplers.readers.values import decibels, is_note, note, number, whole, within
from backbeat.samplers.readers.zones import MOST_ZONES, Zone, pads_of

MOST_CONDITIONS = 128
"""Opcodes of one header that are read."""

_LEVELS = ("global", "master", "group", "region")
_ALIASES = {
    "gain": "volume",
    "pitch": "tune",
    "offby": "off_by",
    "polyphony_group": "group",
    "start_locc": "on_locc",
    "start_hicc": "on_hicc",
}
_READ = {
    *("sample", "default_path", "note_offset", "octave_offset"),
    *("lokey", "hikey", "pitch_keycenter", "pitch_keytrack", "lovel", "hivel", "lorand", "hirand"),
    *("seq_length", "seq_position", "group", "off_by", "output", "trigger", "end", "sw_last", "sw_default", "sw_down"),
    *("volume", "group_volume", "master_volume", "global_volume", "amplitude", "amp_veltrack", "pan"),
    *("tune", "transpose", "region_label", "group_label", "master_label"),
}
_SILENT = {"off_mode", "loop_mode", "loopmode", "ampeg_release", "ampeg_attack"}
"""Not read, and not worth a remark: what one-shots set so that they sound whole, and choke."""

_CONTROLLER = re.compile(r"(lo|hi)(?:hd|real)?cc(\d{1,3})$")
_SET_CONTROLLER = re.compile(r"set_(?:hd|real)?cc(\d{1,3})$")
_KEY_LABEL = re.compile(r"label_key(\d{1,3})$")
_RESTING = {7: 100.0, 10: 64.0, 11: 127.0}
"""Where controllers stand before any is moved; others at 0."""


@dataclass
class _Scope:
    """What headers so far set for the regions to come."""

    levels: dict[str, dict[str, str]] = field(default_factory=lambda: {level: {} for level in _LEVELS})
    control: dict[str, str] = field(default_factory=dict)
    labels: dict[int, str] = field(default_factory=dict)
    controllers: dict[int, float] = field(default_factory=lambda: dict(_RESTING))
    switch: int | None = None


def read(path: Path, root: Path | None = None) -> SampledKit:
    """Read an SFZ file.

    Args:
        path: of it.
        root: the folder out of which no name may lead; that of the file by default.

    Raises:
        KitError: if there is nothing in it that can be played, or it is out of bounds.
    """
    remarks = Remarks()
    folder = KitFolder(root or path.parent, remarks)
    try:
        regions = list(_regions(folder, path, remarks))
        chokes = choke_groups([(_tags(region, "group"), _tags(region, "off_by")) for region, _ in regions])
        zones = [_zone(region, file, choke) for (region, file), choke in zip(regions, chokes, strict=True)]
        if not zones:
            raise KitError(f"region: found none that a note plays{remarks.because()}; must be at least one")
        pads = pads_of(zones, remarks)
    except KitError as error:
        raise KitError(f"{shown(path)}: {error}") from error
    return SampledKit(plain(path.stem), pads, notes=remarks.sentences())


def _regions(folder: KitFolder, path: Path, remarks: Remarks) -> Iterator[tuple[dict[str, str], Path]]:
    """Each region that a note plays: its opcodes with those that it inherits, and its sample."""
    scope = _Scope()
    count = 0
    for header in headers(folder, path):
        if header.name == "control":
            _control(header, scope, remarks)
        elif header.name in scope.levels:
            for lower in _LEVELS[_LEVELS.index(header.name) :]:
                scope.levels[lower] = {}
            _set(header, scope.levels[header.name], remarks)
            count += header.name == "region"
            if count > MOST_ZONES:
                raise KitError(f"region: found more than {MOST_ZONES:,}; must be at most that")
            if header.name == "region" and (region := _playable(scope, remarks)):
                name = region["sample"].replace("\\", "/")
                if file := folder.sample(scope.control.get("default_path", "").replace("\\", "/") + name, path.parent):
                    yield region, file
        else:
            remarks.list("Headers that are not read", [f"<{header.name}>"])


def _control(header: Header, scope: _Scope, remarks: Remarks) -> None:
    scope.control = {}
    for opcode, value in header.opcodes:
        if found := _SET_CONTROLLER.match(opcode):
            scope.controllers[int(found[1])] = (number(value) or 0.0) * (1.0 if opcode[4:6] == "cc" else 127.0)
        elif found := _KEY_LABEL.match(opcode):
            scope.labels[int(found[1])] = value
        elif opcode in _READ:
            scope.control[opcode] = value
        elif not opcode.startswith(("label_", "image", "hint_")):
            remarks.list("Opcodes that are not read", [opcode])


def _set(header: Header, level: dict[str, str], remarks: Remarks) -> None:
    for given, value in header.opcodes:
        opcode = _ALIASES.get(given, given)
        if opcode == "key":
            for each in ("lokey", "hikey", "pitch_keycenter"):
                level[each] = value
        elif opcode in _READ or _CONTROLLER.match(opcode):
            level[opcode] = value
            if len(level) > MOST_CONDITIONS:
                raise KitError(f"{header.name}: found more than {MOST_CONDITIONS} conditions; must be at most that")
        elif opcode not in _SILENT:
            remarks.list("Opcodes that are not read", [given])


def _playable(scope: _Scope, remarks: Remarks) -> dict[str, str] | None:
    """The opcodes of the region that was read last; none, with a remark, where a note alone does not play it."""
    region: dict[str, str] = {}
    for level in _LEVELS:
        region |= scope.levels[level]
    left_out = "Regions were left out that"
    sample = region.get("sample", "")
    if not sample:
        remarks.say(f"{left_out} have no sample")
        return None
    if sample.startswith("*"):
        remarks.list(f"{left_out} a generator makes", [sample])
        return None
    if region.get("trigger", "attack") not in ("attack", "first"):
        remarks.list(f"{left_out} are played by", [region["trigger"]])
        return None
    if whole(region.get("end", "0")) == -1:
        remarks.say(f"{left_out} end before they begin")
        return None
    if not _rests(region, scope.controllers):
        remarks.say(f"{left_out} play only while a controller is moved")
        return None
    if "sw_default" in region:
        scope.switch = note(region["sw_default"])
    if "sw_last" in region:
        scope.switch = note(region["sw_last"]) if scope.switch is None else scope.switch
    if "sw_down" in region or ("sw_last" in region and note(region["sw_last"]) != scope.switch):
        remarks.say(f"{left_out} play only after another key")
        return None
    offset = 12 * (whole(scope.control.get("octave_offset")) or 0) + (whole(scope.control.get("note_offset")) or 0)
    low, high = note(region.get("lokey", "0")), note(region.get("hikey", "127"))
    center = note(region.get("pitch_keycenter", "60"))
    if low is None or high is None or low < 0 or high < low or not is_note(low + offset):
        remarks.list(f"{left_out} are on no note", [sample])
        return None
    low, high, center = low + offset, min(high + offset, 127), (60 if center is None else center) + offset
    label = next((region[each] for each in ("region_label", "group_label", "master_label") if each in region), "")
    label = scope.labels.get(low, "") if low == high and low in scope.labels else label
    return {**region, "lokey": str(low), "hikey": str(high), "pitch_keycenter": str(center), "label": label}


def _rests(region: Mapping[str, str], controllers: Mapping[int, float]) -> bool:
    """Whether the region plays where controllers stand that nobody moved."""
    for opcode, value in region.items():
        if found := _CONTROLLER.match(opcode):
            bound = (number(value) or 0.0) * (1.0 if opcode[2:4] == "cc" else 127.0)
            stands = controllers.get(int(found[2]), 0.0)
            if (found[1] == "lo" and stands < bound) or (found[1] == "hi" and stands > bound):
                return False
    return True


def _tags(region: Mapping[str, str], opcode: str) -> frozenset[str]:
    group = whole(region.get(opcode))
    return frozenset() if not group else frozenset({str(group)})


def _zone(region: Mapping[str, str], file: Path, choke: int) -> Zone:
    def value(opcode: str, default: float) -> float:
        found = number(region.get(opcode))
        return default if found is None else found

    low, high = (
        int(within(value(opcode, default), 0, LAST_VELOCITY)) for opcode, default in (("lovel", 1), ("hivel", 127))
    )
    low = max(low, 1)
    position = value("seq_position", 1) if value("seq_length", 1) > 1 else 0
    chance = value("lorand", 0.0)
    at_random = chance > 0.0 or value("hirand", 1.0) < 1.0
    gain_db = sum(value(f"{each}volume", 0.0) for each in ("", "group_", "master_", "global_"))
    if "amplitude" in region:
        gain_db += decibels(value("amplitude", 100.0) / 100.0)
    return Zone(
        file=file,
        low_note=int(region["lokey"]),
        high_note=int(region["hikey"]),
        root_note=int(region["pitch_keycenter"]),
        tracking=value("pitch_keytrack", 100.0) / 100.0,
        low=low,
        high=max(low, high),
        turn=(position, chance) if position or at_random else None,
        gain_db=within(gain_db, -100.0, 100.0),
        tune_st=within(value("transpose", 0.0) + value("tune", 0.0) / 100.0, -127.0, 127.0),
        pan=within(value("pan", 0.0) / 100.0, -1.0, 1.0),
        velocity_share=within(value("amp_veltrack", 100.0) / 100.0, 0.0, 1.0),
        velocity_power=2,
        choke=choke,
        output=int(within(value("output", 0.0), 0, 127)),
        name=plain(region["label"]) or named(file.stem).drum,
    )
