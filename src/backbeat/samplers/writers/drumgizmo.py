"""DrumGizmo: a kit, an instrument for each pad and a MIDI map as XML, beside a folder of samples.

DrumGizmo has no ranges of velocity: it maps the velocity to a power from the least to the greatest of an instrument's
samples, and plays one whose power is near, rather one that it has not played lately.

References:
    https://drumgizmo.org/wiki/doku.php?id=documentation:file_formats
"""

from collections.abc import Sequence
from itertools import count, pairwise
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from backbeat.samplers.description import LAST_VELOCITY, SampledKit
from backbeat.samplers.names import plain_text, safe_name
from backbeat.samplers.placing import PlacedPad, Zone, new_folder, place
from backbeat.samplers.writers.xml import add_texts, document

SAMPLES = "samples"
CHOKE_MS = 20
"""How long a choked sound takes to fade; older than 0.9.17 does not choke."""

FAITHFUL_LAYERS = 6
"""With more, each is so near to the next that DrumGizmo, as it is set at first, plays either."""

_SIDES = ("Left", "Right")


def write(kit: SampledKit, out: Path) -> tuple[str, ...]:
    """Write a folder with KIT.xml, KIT_midimap.xml, an XML file for each pad, and the samples.

    Args:
        kit: what to write.
        out: the folder to create.

    Returns:
        Notes: what was left out or changed.

    Raises:
        KitError: if the folder is there, or cannot be written.
        AudioError: if a sample cannot be read.
    """
    name = safe_name(kit.name, "kit")
    with new_folder(out) as folder:
        (folder / SAMPLES).mkdir()
        pads, notes = place(kit, folder / SAMPLES)
        instruments = folder / "instruments"
        instruments.mkdir()
        for placed in pads:
            (instruments / f"{placed.name}.xml").write_bytes(document(_instrument(placed)))
        (folder / f"{name}.xml").write_bytes(document(_kit(kit, pads, f"{name}_midimap.xml")))
        (folder / f"{name}_midimap.xml").write_bytes(document(_midi_map(pads)))
    if any(_tuned(placed) for placed in pads):
        notes += ("DrumGizmo plays samples at their own pitch: tuning was left out, and pads do not follow notes.",)
    if max(len(placed.zones) for placed in pads) > FAITHFUL_LAYERS:
        notes += ("DrumGizmo plays neighbours of a layer too, unless its samples are chosen by closeness alone.",)
    if len({sample.layout.sample_rate for pad in pads for zone in pad.zones for sample in zone.samples}) > 1:
        notes += ("Samples have several sample rates: DrumGizmo plays them all at that of the first.",)
    return notes


def powers(zones: Sequence[Zone]) -> tuple[tuple[float, ...], ...]:
    """The powers at which the samples of each zone stand, so that the nearest to a velocity is of its zone.

    A velocity v of 127 is the power (v - 1/2)/127. Either side of a border a zone stands at the same distance, half the
    width of the narrower of the two. The first zone stands at 0 too and the last at 1, since DrumGizmo stretches
    whatever powers it finds over all velocities.
    """
    borders = [0.0, *(float(zone.high) for zone in zones)]
    halves = [(above - below) / 2.0 for below, above in pairwise(borders)]
    # How far from each border; from the first and the last of all, whose other side is empty, half a zone.
    apart = [halves[0], *(min(pair) for pair in pairwise(halves)), halves[-1]]
    found = []
    for (below, above), (from_below, from_above) in zip(pairwise(borders), pairwise(apart), strict=True):
        first, last = below + from_below, above - from_above
        found.append([first, last] if last - first >= 1.0 else [(first + last) / 2.0])
    if len(zones) > 1:
        found[0].insert(0, 0.0)
        found[-1].append(float(LAST_VELOCITY))
    return tuple(tuple(stand / LAST_VELOCITY for stand in each) for each in found)


def _tuned(placed: PlacedPad) -> bool:
    pad = placed.pad
    follows = pad.root_note is not None and (pad.low_note, pad.high_note) != (pad.root_note, pad.root_note)
    return follows or any(sample.tune_st for zone in placed.zones for sample in zone.samples)


def _channel(output: int, side: str) -> str:
    return f"Output{output}-{side}" if output else side


def _kit(kit: SampledKit, pads: Sequence[PlacedPad], midi_map: str) -> Element:
    first_rate = pads[0].zones[0].samples[0].layout.sample_rate
    root = Element("drumkit", version="2.0", samplerate=str(first_rate))
    metadata = SubElement(root, "metadata")
    add_texts(
        metadata,
        title=plain_text(kit.name),
        license=plain_text(kit.licence),
        author=plain_text(kit.author),
    )
    SubElement(metadata, "defaultmidimap", src=midi_map)
    channels = SubElement(root, "channels")
    for output in sorted({0, *(placed.pad.output for placed in pads)}):
        for side in _SIDES:
            SubElement(channels, "channel", name=_channel(output, side))
    instruments = SubElement(root, "instruments")
    for placed in pads:
        # No attribute `group`: it would fade in 68 ms, whatever the chokes say.
        instrument = SubElement(instruments, "instrument", name=placed.name, file=f"instruments/{placed.name}.xml")
        for side in _SIDES:
            SubElement(instrument, "channelmap", {"in": side, "out": _channel(placed.pad.output, side), "main": "true"})
        choked = [other.name for other in pads if placed.pad.choke_group and _same_group(placed, other)]
        if choked:
            chokes = SubElement(instrument, "chokes")
            for name in choked:
                SubElement(chokes, "choke", instrument=name, choketime=str(CHOKE_MS))
    return root


def _same_group(placed: PlacedPad, other: PlacedPad) -> bool:
    return other.pad.choke_group == placed.pad.choke_group


def _instrument(placed: PlacedPad) -> Element:
    root = Element("instrument", version="2.0", name=placed.name)
    samples = SubElement(root, "samples")
    numbers = count(1)
    for zone, stands in zip(placed.zones, powers(placed.zones), strict=True):
        for power in stands:
            for each in zone.samples:
                sample = SubElement(samples, "sample", name=f"{placed.name}-{next(numbers)}", power=f"{power:.6f}")
                for number, side in enumerate(_SIDES, 1):
                    SubElement(
                        sample,
                        "audiofile",
                        channel=side,
                        file=f"../{SAMPLES}/{each.file}",
                        filechannel=str(min(number, each.layout.channels)),
                    )
    return root


def _midi_map(pads: Sequence[PlacedPad]) -> Element:
    root = Element("midimap")
    for placed in pads:
        for note in range(placed.pad.low_note, placed.pad.high_note + 1):
            SubElement(root, "map", note=str(note), instr=placed.name)
    return root
