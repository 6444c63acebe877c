"""Hydrogen drum kits of every version: `drumkit.xml` beside its samples, or both in an `.h2drumkit` archive.

Versions differ in where the samples of an instrument are: `filename` (to 0.9.2), `layer` (to 0.9.6), and
`instrumentComponent` with layers (since 0.9.7); since 2.0 a component says how samples are chosen.

References:
    The schemas in Hydrogen's data/xsd, its Instrument.cpp, InstrumentComponent.cpp and Sampler.cpp.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import Element

from backbeat.errors import KitError
from backbeat.samplers.description import LAST_VELOCITY, SampledKit, SampledPad
from backbeat.samplers.readers.chokes import choke_groups
from backbeat.samplers.readers.folder import KitFolder
from backbeat.samplers.readers.markup import parsed, text_of
from backbeat.samplers.readers.placing import FIRST_NOTE, is_told, placed_as_given
from backbeat.samplers.readers.remarks import Remarks, plain, shown
from backbeat.samplers.readers.values import decibels, is_note, number, whole, within
from backbeat.samplers.readers.zones import AT_ONCE, MOST_ON_A_NOTE, Zone, pads_of

MOST_INSTRUMENTS = 1_000

_SLACK = 1e-3
"""Of a velocity's step: bounds are written with six digits."""

_NOT_READ = ("Attack", "Decay", "randomPitchFactor")
"""What would sound where it is not 0."""


def read(path: Path, root: Path | None = None) -> SampledKit:
    """Read a `drumkit.xml`.

    Args:
        path: of it.
        root: the folder out of which no name may lead; that of the file by default.

    Raises:
        KitError: if it is no kit of Hydrogen, has nothing that can be played, or is out of bounds.
    """
    remarks = Remarks()
    folder = KitFolder(root or path.parent, remarks)
    try:
        kit = parsed(folder, path)
        if kit.tag != "drumkit_info":
            raise KitError(f"found the element <{plain(kit.tag)}>; must be <drumkit_info>")
        pads = _pads(kit, folder, path.parent, remarks)
    except KitError as error:
        raise KitError(f"{shown(path)}: {error}") from error
    return SampledKit(
        name=plain(text_of(kit, "name") or path.parent.name),
        pads=pads,
        author=plain(text_of(kit, "author") or ""),
        licence=plain(text_of(kit, "license", "licence") or ""),
        notes=remarks.sentences(),
    )


def _pads(kit: Element, folder: KitFolder, base: Path, remarks: Remarks) -> tuple[SampledPad, ...]:
    instruments = kit.findall("instrumentList/instrument")
    if not 1 <= len(instruments) <= MOST_INSTRUMENTS:
        raise KitError(f"instrumentList: found {len(instruments):,} instruments; must be 1 to {MOST_INSTRUMENTS:,}")
    volumes = {text_of(each, "id"): _factor(each, "volume") for each in kit.findall("componentList/drumkitComponent")}
    chokes = _chokes(instruments)
    notes = _notes(instruments, remarks)
    pads: list[tuple[int, SampledPad]] = []
    for at, (instrument, choke) in enumerate(zip(instruments, chokes, strict=True)):
        name = plain(text_of(instrument, "name") or f"Instrument {at + 1}")
        zones = _zones(instrument, name, choke, volumes, folder, base, remarks)
        if zones:
            pads.append((at, pads_of(zones, remarks)[0]))
        elif next(instrument.iter("filename"), None) is not None:
            remarks.list("Instruments without a sample were left out", [name])
    if not pads:
        raise KitError(f"instrumentList: found none with a sample{remarks.because()}; must be at least one")
    numbers = placed_as_given([pad for _, pad in pads], [notes[at] for at, _ in pads], remarks)
    return tuple(
        replace(pad, low_note=note, high_note=note, root_note=None, is_placed=is_told(pad.name, notes[at]))
        for (at, pad), note in zip(pads, numbers, strict=True)
    )


def _notes(instruments: list[Element], remarks: Remarks) -> list[int | None]:
    """The note of each: the one that it sends; in order from 36, as Hydrogen hears them, where most send the same."""
    sent = [whole(text_of(each, "midiOutNote")) for each in instruments]
    told = Counter(note for note in sent if is_note(note))
    if 2 * len(told) > sum(told.values()):
        return [note if is_note(note) else None for note in sent]
    if told:
        remarks.say("Most instruments send the same note: they are on the notes from 36 up, as Hydrogen plays them")
    return [FIRST_NOTE + at if is_note(FIRST_NOTE + at) else None for at in range(len(instruments))]


def _chokes(instruments: list[Element]) -> list[int]:
    """Mute groups; before 0.9.4 an instrument lists those that it silences."""
    tags: list[set[str]] = []
    silencers: list[set[str]] = []
    for each in instruments:
        group = whole(text_of(each, "muteGroup"))
        own = {str(group)} if group is not None and group >= 0 else set()
        tags.append(own)
        silencers.append(set(own))
        for listed in (*each.findall("exclude/id"), *each.findall("exclude")):
            if (number := whole(listed.text)) is not None:
                tags[-1].add(f"over {number}")
    by_id = {text_of(each, "id"): at for at, each in enumerate(instruments)}
    for own in tags:
        for tag in own:
            if tag.startswith("over ") and (at := by_id.get(tag.removeprefix("over "))) is not None:
                silencers[at].add(tag)
    return choke_groups(list(zip(map(frozenset, tags), map(frozenset, silencers), strict=True)))


def _zones(
    instrument: Element,
    name: str,
    choke: int,
    volumes: dict[str | None, float],
    folder: KitFolder,
    base: Path,
    remarks: Remarks,
) -> list[Zone]:
    """The samples of one instrument, on no note yet."""
    level_db, pan = _level_and_pan(instrument, remarks)
    components = instrument.findall("instrumentComponent") or [instrument]
    for component in components:
        factor = 1.0
        if component is not instrument:
            factor = _factor(component, "gain") * volumes.get(text_of(component, "component_id"), 1.0)
        algorithm = text_of(instrument, "sampleSelectionAlgo") or text_of(component, "sampleSelectionAlgo") or ""
        listed = component.findall("layer")
        if len(listed) > MOST_ON_A_NOTE:
            raise KitError(f"{name}: found {len(listed):,} layers; must be at most {MOST_ON_A_NOTE:,}")
        zones = []
        for at, layer in enumerate(listed or ([component] if component.find("filename") is not None else [])):
            file = folder.sample(text_of(layer, "filename") or "", base)
            low, high = _velocities(layer) if listed else (1, LAST_VELOCITY)
            if file is None or text_of(layer, "isMuted") == "true":
                continue
            if low > high:
                remarks.list("Layers between two velocities were left out, of instruments", [name])
                continue
            own = _factor(layer, "gain") if listed else 1.0
            zones.append(
                Zone(
                    file,
                    FIRST_NOTE,
                    FIRST_NOTE,
                    low=low,
                    high=high,
                    turn=(at,) if algorithm in ("ROUND_ROBIN", "RANDOM") else None,
                    gain_db=level_db + decibels(factor * own),
                    tune_st=within(_number(layer, "pitch", 0.0) + _number(instrument, "pitchOffset", 0.0), -127, 127),
                    pan=pan,
                    velocity_share=0.0 if text_of(instrument, "applyVelocity") == "false" else 1.0,
                    choke=choke,
                    name=name,
                )
            )
        if zones:
            if sum(1 for each in components if each.find("layer") is not None) > 1:
                remarks.list(AT_ONCE, [name])
            return zones
    return []


def _velocities(layer: Element) -> tuple[int, int]:
    """The MIDI velocities of a layer that goes from `min` to `max`, of 0 to 1."""
    low, high = (within(_number(layer, each, default), 0.0, 1.0) for each, default in (("min", 0.0), ("max", 1.0)))
    low, high = min(low, high), max(low, high)
    return max(1, math.ceil(low * LAST_VELOCITY - _SLACK)), math.floor(high * LAST_VELOCITY + _SLACK)


def _level_and_pan(instrument: Element, remarks: Remarks) -> tuple[float, float]:
    """In dB, and from -1 to 1: `pan`, or `pan_L` and `pan_R` before 1.1, of which the greater is a level."""
    factor = _factor(instrument, "volume") * _factor(instrument, "gain")
    pan = number(text_of(instrument, "pan"))
    if pan is None:
        left, right = (max(0.0, _number(instrument, each, 1.0)) for each in ("pan_L", "pan_R"))
        greater = max(left, right)
        factor *= greater
        pan = (right - left) / greater if greater > 0.0 else 0.0
    unread = [each for each in _NOT_READ if _number(instrument, each, 0.0) != 0.0]
    if text_of(instrument, "filterActive") == "true" and _number(instrument, "filterCutoff", 1.0) < 1.0:
        unread.append("filterCutoff")
    if unread:
        remarks.list("Fields that are not read", unread)
    return decibels(factor), within(pan, -1.0, 1.0)


def _number(element: Element, name: str, default: float) -> float:
    value = number(text_of(element, name))
    return default if value is None else value


def _factor(element: Element, name: str) -> float:
    return within(_number(element, name, 1.0), 0.0, 1e5)
