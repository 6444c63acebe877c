"""DecentSampler: an XML preset beside a folder of samples.

References:
    https://decentsampler-developers-guide.readthedocs.io
"""

from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from backbeat.samplers.description import SampledKit
from backbeat.samplers.names import plain_text, safe_name
from backbeat.samplers.placing import PlacedPad, new_folder, place
from backbeat.samplers.writers.xml import document, write_credits

SAMPLES = "Samples"
OUTPUTS = 16

RELEASE_S = 60.0
"""A release this long, falling evenly, lets a hit ring when its key is let go."""


def write(kit: SampledKit, out: Path) -> tuple[str, ...]:
    """Write a folder with KIT.dspreset, its samples, and the author and licence as text.

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
        (folder / SAMPLES).mkdir()
        pads, notes = place(kit, folder / SAMPLES)
        root = Element("DecentSampler", minVersion="1.0.11")  # from which voices silence each other
        SubElement(root, "ui", width="812", height="375")
        groups = SubElement(
            root,
            "groups",
            # Layers have their own levels: velocity must not act twice.
            ampVelTrack="0",
            attack="0",
            decay="0",
            sustain="1",
            release=f"{RELEASE_S:g}",
            releaseCurve="0",
        )
        for placed in pads:
            _add(groups, placed)
        (folder / f"{safe_name(kit.name, 'kit')}.dspreset").write_bytes(document(root))
        write_credits(kit, folder)
    return notes


def _add(groups: Element, placed: PlacedPad) -> None:
    pad = placed.pad
    follows = pad.root_note is not None
    group = SubElement(groups, "group", name=plain_text(pad.name), pitchKeyTrack="1" if follows else "0")
    if pad.choke_group:
        tag = f"choke{pad.choke_group}"
        group.attrib.update(tags=tag, silencedByTags=tag, silencingMode="fast")
    if 0 < pad.output <= OUTPUTS:
        group.set("output1Target", f"AUX_STEREO_OUTPUT_{pad.output}")
    for zone in placed.zones:
        for turn, sample in enumerate(zone.samples, 1):
            entry = SubElement(
                group,
                "sample",
                path=f"{SAMPLES}/{sample.file}",
                rootNote=str(pad.root_note if follows else pad.low_note),
                loNote=str(pad.low_note),
                hiNote=str(pad.high_note),
                loVel=str(zone.low),
                hiVel=str(zone.high),
                loopEnabled="false",
            )
            if sample.tune_st:
                entry.set("tuning", f"{sample.tune_st:g}")
            if len(zone.samples) > 1:
                entry.attrib.update(seqMode="round_robin", seqLength=str(len(zone.samples)), seqPosition=str(turn))
