"""DrumGizmo: a kit's XML, one for each of its instruments, a midimap beside it, and files of many microphones.

A description's take is one sound, so the microphones of a hit are mixed into a file of their own: those that are the
instrument's main ones where the kit says which, else all; left and right by the names of channels. A file that is
that sound already is used as it is.

References:
    DrumGizmo's dgxmlparser.cc (versions 1 and 2 of its files) and sample_selection.cc.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree.ElementTree import Element

from backbeat.errors import KitError
from backbeat.samplers.description import LAST_VELOCITY, SampledKit, SampledPad
from backbeat.samplers.readers.chokes import choke_groups
from backbeat.samplers.readers.folder import KitFolder
from backbeat.samplers.readers.markup import parsed, text_of
from backbeat.samplers.readers.microphones import Microphone, Mixer
from backbeat.samplers.readers.placing import FIRST_NOTE, is_told, placed_as_given
from backbeat.samplers.readers.remarks import Remarks, plain, shown
from backbeat.samplers.readers.values import is_note, number, whole, within
from backbeat.samplers.readers.zones import MOST_ON_A_NOTE, Zone, pads_of

MOST_INSTRUMENTS = 1_000
_STEPS = 26
"""Into which the player divides the powers of an instrument that has fewer samples: it chooses among those near."""


@dataclass(frozen=True)
class _Hit:
    """A sample of an instrument: how hard it was struck, and its files."""

    power: float
    normalized: bool
    microphones: tuple[Microphone, ...]


def read(path: Path, root: Path | None = None) -> SampledKit:
    """Read the XML of a kit, version 1 or 2.

    Args:
        path: of it.
        root: the folder out of which no name may lead; that of the file by default.

    Raises:
        KitError: if it is no kit of DrumGizmo, has nothing that can be played, or is out of bounds.
    """
    remarks = Remarks()
    folder = KitFolder(root or path.parent, remarks)
    try:
        kit = parsed(folder, path)
        if kit.tag != "drumkit":
            raise KitError(f"found the element <{plain(kit.tag)}>; must be <drumkit>")
        pads = _pads(kit, folder, path, remarks)
    except KitError as error:
        raise KitError(f"{shown(path)}: {error}") from error
    about = kit.find("metadata")
    about = kit if about is None else about
    return SampledKit(
        name=plain(text_of(about, "title") or kit.get("name") or path.stem),
        pads=pads,
        author=plain(text_of(about, "author") or ""),
        licence=plain(text_of(about, "license") or ""),
        notes=remarks.sentences(),
    )


def _pads(kit: Element, folder: KitFolder, path: Path, remarks: Remarks) -> tuple[SampledPad, ...]:
    instruments = kit.findall("instruments/instrument")
    if not 1 <= len(instruments) <= MOST_INSTRUMENTS:
        raise KitError(f"instruments: found {len(instruments):,}; must be 1 to {MOST_INSTRUMENTS:,}")
    mixer = Mixer(folder, remarks)
    chokes = _chokes(instruments)
    pads = []
    for instrument, choke in zip(instruments, chokes, strict=True):
        name = plain(instrument.get("name") or "Instrument")
        try:
            place = folder.locate(instrument.get("file") or "", path.parent)
            told = parsed(folder, place)
        except KitError as error:
            remarks.list("Instruments whose file cannot be read were left out", [f"{name} ({error})"])
            continue
        zones = _zones(instrument, told, place.parent, name, choke, mixer, remarks)
        if zones:
            pads.append((instrument.get("name"), pads_of(zones, remarks)[0]))
        else:
            remarks.list("Instruments without a sample were left out", [name])
    if not pads:
        raise KitError(f"instruments: found none with a sample{remarks.because()}; must be at least one")
    mapped = _midimap(folder, {name for name, _ in pads}, remarks)
    wanted = [mapped.get(name, []) for name, _ in pads]
    notes = placed_as_given([pad for _, pad in pads], [each[0] if each else None for each in wanted], remarks)
    spanned = []
    for (_, pad), each, low in zip(pads, wanted, notes, strict=True):
        high = low
        while high + 1 in each and high + 1 not in notes:
            high += 1
        if len(each) > high - low + 1:
            remarks.list("Of several notes of one instrument, those that follow the first were read, of", [pad.name])
        is_placed = is_told(pad.name, each[0] if each else None)
        spanned.append(replace(pad, low_note=low, high_note=high, root_note=None, is_placed=is_placed))
    return tuple(spanned)


def _chokes(instruments: list[Element]) -> list[int]:
    """Instruments of one group silence each other; others name those that they silence."""
    names = [each.get("name") or "" for each in instruments]
    silencers: dict[str, set[str]] = {name: set() for name in names}
    for name, each in zip(names, instruments, strict=True):
        if group := each.get("group"):
            silencers[name].add(f"group {group}")
        for choke in each.findall("chokes/choke"):
            silencers.setdefault(choke.get("instrument") or "", set()).add(f"instrument {name}")
    tags = []
    for name, each in zip(names, instruments, strict=True):
        group = each.get("group")
        tags.append(frozenset({f"instrument {name}"} | ({f"group {group}"} if group else set())))
    return choke_groups([(own, frozenset(silencers[name])) for own, name in zip(tags, names, strict=True)])


def _zones(
    instrument: Element, told: Element, base: Path, name: str, choke: int, mixer: Mixer, remarks: Remarks
) -> list[Zone]:
    """The samples of one instrument, on no note yet."""
    outs = {each.get("in"): each.get("out") or "" for each in instrument.findall("channelmap")}
    main = {each.get("in") for each in instrument.findall("channelmap") if each.get("main") == "true"}
    main |= {each.get("name") for each in told.findall("channels/channel") if each.get("main") == "true"}
    hits: dict[str, _Hit] = {}
    samples = told.findall("samples/sample")
    if len(samples) > MOST_ON_A_NOTE:
        raise KitError(f"{name}: found {len(samples):,} samples; must be at most {MOST_ON_A_NOTE:,}")
    for at, sample in enumerate(samples):
        files = [each for each in sample.findall("audiofile")[:256] if each.get("file")]
        chosen = [each for each in files if each.get("channel") in main] or files
        if len(chosen) < len(files):
            remarks.say("Of the microphones, those that the kit calls main were read")
        microphones = tuple(
            Microphone(
                each.get("file") or "", whole(each.get("filechannel", "1")) or 1, f"{channel} {outs.get(channel, '')}"
            )
            for each in chosen
            if (channel := each.get("channel") or "") is not None
        )
        power = number(sample.get("power"))
        hits.setdefault(
            sample.get("name") or f"{at}",
            _Hit(within(power or 0.0, -1e9, 1e9), sample.get("normalized") == "true", microphones),
        )
    velocities = told.findall("velocities/velocity")[:MOST_ON_A_NOTE]
    zones = []
    for low, high, turn, hit in _by_velocity(velocities, hits) if velocities else _by_power(list(hits.values())):
        if low <= high and (mixed := mixer.mixed(hit.microphones, base)):
            zones.append(
                Zone(
                    mixed.file,
                    FIRST_NOTE,
                    FIRST_NOTE,
                    low=low,
                    high=high,
                    turn=(turn,),
                    gain_db=mixed.gain_db,
                    velocity_share=1.0 if hit.normalized else 0.0,
                    choke=choke,
                    name=name,
                )
            )
        if len(zones) > MOST_ON_A_NOTE:
            raise KitError(f"{name}: found more than {MOST_ON_A_NOTE:,} samples; must be at most that")
    return zones


def _by_velocity(velocities: list[Element], hits: dict[str, _Hit]) -> list[tuple[int, int, int, _Hit]]:
    """Version 1: ranges of velocities, from 0 to 1, and the samples of each."""
    found = []
    for each in velocities:
        low, high = (within(number(each.get(bound)) or 0.0, 0.0, 1.0) * LAST_VELOCITY for bound in ("lower", "upper"))
        for turn, reference in enumerate(each.findall("sampleref")[:MOST_ON_A_NOTE]):
            if hit := hits.get(reference.get("name") or ""):
                found.append((max(1, round(low) + (low > 0.0)), round(high), turn, hit))
    return found


def _by_power(hits: list[_Hit]) -> list[tuple[int, int, int, _Hit]]:
    """Version 2: each velocity takes the samples whose power is near its own; those that the player mixes, in turn."""
    if not hits:
        return []
    powers = [hit.power for hit in hits]
    span = max(powers) - min(powers)
    step = span / max(len(hits), _STEPS)
    layers: list[list[_Hit]] = []
    for hit in sorted(hits, key=lambda each: each.power):
        if layers and hit.power - layers[-1][0].power <= step:
            layers[-1].append(hit)
        else:
            layers.append([hit])
    stands = [(hit.power, at) for at, layer in enumerate(layers) for hit in layer]
    runs: list[tuple[int, int, list[_Hit]]] = []
    for velocity in range(1, LAST_VELOCITY + 1):
        # The power around which the player looks, but for half a step where it narrows the range.
        wanted = min(powers) + (velocity - 0.5) / LAST_VELOCITY * span
        nearest = layers[min(stands, key=lambda stand: abs(stand[0] - wanted))[1]]
        # A hit may stand at several powers, to be near to more velocities.
        if runs and _sounds(runs[-1][2]).keys() == _sounds(nearest).keys():
            runs[-1] = (runs[-1][0], velocity, runs[-1][2])
        else:
            runs.append((velocity, velocity, nearest))
    return [(low, high, turn, hit) for low, high, layer in runs for turn, hit in enumerate(_sounds(layer).values())]


def _sounds(hits: list[_Hit]) -> dict[tuple[Microphone, ...], _Hit]:
    """Hits by what they sound of, each once."""
    return {hit.microphones: hit for hit in hits}


def _midimap(folder: KitFolder, names: set[str | None], remarks: Remarks) -> dict[str | None, list[int]]:
    """The notes of the instruments in order, of the midimap that has most of them."""
    best: dict[str | None, list[int]] = {}
    maps = 0
    for path in folder.files():
        if path.suffix.lower() != ".xml" or b"<midimap" not in folder.begin(path):
            continue
        try:
            listed = parsed(folder, path).findall("map")
        except KitError:
            continue
        found: dict[str | None, set[int]] = {}
        for each in listed:
            note = whole(each.get("note"))
            if each.get("instr") in names and note is not None and is_note(note):
                found.setdefault(each.get("instr"), set()).add(note)
        maps += bool(found)
        if len(found) > len(best):
            best = {name: sorted(notes) for name, notes in found.items()}
    if maps > 1:
        remarks.say("Of several midimaps, the one with most instruments was read")
    if len(best) < len(names):
        without = sorted(str(name) for name in names - set(best))
        remarks.list("Instruments that no midimap has went to notes by their names", without)
    return best
