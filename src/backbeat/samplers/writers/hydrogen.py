"""Hydrogen: `.h2drumkit`, a compressed archive of drumkit.xml and samples, in the form that 0.9.7 and later read.

References:
    https://github.com/hydrogen-music/hydrogen, data/xsd/drumkit.xsd
"""

import gzip
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree.ElementTree import Element, SubElement

from backbeat.errors import KitError
from backbeat.files import replacing
from backbeat.samplers.description import LAST_VELOCITY, SampledKit
from backbeat.samplers.layers import reduced
from backbeat.samplers.names import plain_text, safe_name
from backbeat.samplers.placing import PlacedPad, Sample, as_kit_errors, place
from backbeat.samplers.writers.xml import add_texts, document

SUFFIX = ".h2drumkit"
MAX_SAMPLES = 16
"""Of an instrument: Hydrogen drops any more unless its settings say otherwise."""

_NAMESPACE = "http://www.hydrogen-music.org/drumkit"
_RELEASE_SAMPLES = 256
"""The least release, of a choked sound, in samples."""


def write(kit: SampledKit, out: Path) -> tuple[str, ...]:
    """Write an `.h2drumkit`.

    Args:
        kit: what to write.
        out: the file to write; an existing one is replaced.

    Returns:
        Notes: what was left out or changed.

    Raises:
        KitError: if the name has another suffix, or the file cannot be written.
        AudioError: if a sample cannot be read.
    """
    if out.suffix.lower() != SUFFIX:
        raise KitError(f"{out}: suffix {out.suffix!r}; allowed: {SUFFIX!r}")
    kit, fewer = reduced(kit, MAX_SAMPLES, "Hydrogen")
    with as_kit_errors(out, "a file"), TemporaryDirectory() as temporary:
        folder = Path(temporary)
        pads, notes = place(kit, folder)
        (folder / "drumkit.xml").write_bytes(document(_root(kit, pads)))
        with replacing(out) as path:
            _pack(folder, path, safe_name(kit.name, "kit"))
    if any(pad.pad.output for pad in pads):
        notes += ("Hydrogen has no outputs of its own in a kit: they were left out.",)
    return (*fewer, *notes)


def _pack(folder: Path, path: Path, name: str) -> None:
    """Compress a folder's files as NAME/FILE, the same bytes for the same files."""
    with (
        path.open("wb") as file,
        # Level 1: recordings hardly shrink further, and a kit is packed in a second.
        gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for each in sorted(folder.iterdir()):
            entry = tarfile.TarInfo(f"{name}/{each.name}")
            content = each.read_bytes()
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def _root(kit: SampledKit, pads: tuple[PlacedPad, ...]) -> Element:
    root = Element("drumkit_info", xmlns=_NAMESPACE)
    add_texts(
        root,
        name=plain_text(kit.name) or "kit",
        author=plain_text(kit.author),
        info="",
        license=plain_text(kit.licence),
        image="",
        imageLicense="",
    )
    component = SubElement(SubElement(root, "componentList"), "drumkitComponent")
    add_texts(component, id=0, name="Main", volume=1)
    instruments = SubElement(root, "instrumentList")
    for number, (placed, note) in enumerate(_instruments(pads)):
        _add(instruments, number, placed, note)
    return root


def _instruments(pads: tuple[PlacedPad, ...]) -> Iterator[tuple[PlacedPad, int]]:
    """Each pad with each of its notes: an instrument of Hydrogen has one."""
    for placed in pads:
        for note in range(placed.pad.low_note, placed.pad.high_note + 1):
            yield placed, note


def _add(instruments: Element, number: int, placed: PlacedPad, note: int) -> None:
    pad = placed.pad
    several = pad.high_note > pad.low_note
    instrument = SubElement(instruments, "instrument")
    add_texts(
        instrument,
        id=number,
        name=plain_text(pad.name) + (f" {note}" if several else ""),
        volume=1,
        isMuted=False,
        isSoloed=False,
        pan_L=1,
        pan_R=1,
        pitchOffset=0,
        randomPitchFactor=0,
        gain=1,
        applyVelocity=False,  # layers have their own levels
        filterActive=False,
        filterCutoff=1,
        filterResonance=0,
        Attack=0,
        Decay=0,
        Sustain=1,
        Release=_RELEASE_SAMPLES,
        muteGroup=pad.choke_group or -1,
        midiOutChannel=-1,
        midiOutNote=note,
        isStopNote=False,
        sampleSelectionAlgo="ROUND_ROBIN" if placed.in_turn else "VELOCITY",
        isHihat=-1,
        lower_cc=0,
        higher_cc=127,
        FX1Level=0,
        FX2Level=0,
        FX3Level=0,
        FX4Level=0,
    )
    component = SubElement(instrument, "instrumentComponent")
    add_texts(component, component_id=0, gain=1)
    steps = 0.0 if pad.root_note is None else float(note - pad.root_note)
    for zone in placed.zones:
        # Half-way between two velocities: no note lies on a border, where both layers would take turns.
        low = 0.0 if zone.low == 1 else (zone.low - 0.5) / LAST_VELOCITY
        high = 1.0 if zone.high == LAST_VELOCITY else (zone.high + 0.5) / LAST_VELOCITY
        for sample in zone.samples:
            _add_layer(component, sample, low, high, steps)


def _add_layer(component: Element, sample: Sample, low: float, high: float, steps: float) -> None:
    layer = SubElement(component, "layer")
    pitch = f"{sample.tune_st + steps:g}"
    add_texts(layer, filename=sample.file, min=f"{low:.6f}", max=f"{high:.6f}", gain=1, pitch=pitch)
