"""Akai MPC: a drum program (`.xpm`, XML) beside its samples, as firmware from 2.0 on reads it.

Akai does not publish the format: its elements and their values are those that programs in the field have. A pad of a
drum program has one note and four layers, which it chooses by velocity or in turn, not both.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from backbeat.errors import KitError
from backbeat.samplers.description import LAST_NOTE, SampledKit, SampledPad
from backbeat.samplers.layers import fewer_layers, fewer_takes, samples_of, without_holes
from backbeat.samplers.names import safe_name
from backbeat.samplers.placing import PlacedPad, Sample, new_folder, place
from backbeat.samplers.writers.xml import add_texts, document, write_credits

PADS = 128
LAYERS = 4
MUTE_GROUPS = 32
SAMPLE_RATE = 44_100
TUNE_LIMIT_ST = 36

_IN_TURN, _BY_VELOCITY = 0, 1  # ZonePlay
_UNITY = "0.707946"  # of a pad's fader
_PAD_GREEN = 0x007F00


def write(kit: SampledKit, out: Path) -> tuple[str, ...]:
    """Write a folder with KIT.xpm, its samples, and the author and licence as text.

    Args:
        kit: what to write, of at most 128 notes.
        out: the folder to create.

    Returns:
        Notes: what was left out or changed.

    Raises:
        KitError: if there are too many notes, or the folder is there or cannot be written.
        AudioError: if a sample cannot be read.
    """
    needed = sum(pad.high_note - pad.low_note + 1 for pad in kit.pads)
    if needed > PADS:
        raise KitError(f"{kit.name}: {needed} notes for an MPC program; allowed: {PADS}")
    fewer = replace(kit, pads=tuple(_four_layers(pad) for pad in kit.pads))
    with new_folder(out) as folder:
        pads, notes = place(fewer, folder)
        name = safe_name(kit.name, "kit")
        (folder / f"{name}.xpm").write_bytes(document(_root(name, pads)))
        write_credits(kit, folder)
    return (*_left_out(kit, fewer, pads), *notes)


def _four_layers(pad: SampledPad) -> SampledPad:
    """As much of a pad as the MPC plays: takes in turn where there is one layer, else layers by velocity."""
    layers = without_holes(pad.layers)
    if len(layers) == 1:
        return replace(pad, layers=fewer_takes(layers, LAYERS))
    return replace(pad, layers=fewer_takes(fewer_layers(layers, LAYERS), 1))


def _left_out(kit: SampledKit, fewer: SampledKit, pads: Sequence[PlacedPad]) -> tuple[str, ...]:
    notes = []
    if any(samples_of(now) < samples_of(before) for now, before in zip(fewer.pads, kit.pads, strict=True)):
        notes.append(
            f"An MPC pad has {LAYERS} layers, by velocity or in turn: further layers, and takes of pads with layers, "
            "were left out."
        )
    if any(pad.choke_group > MUTE_GROUPS for pad in kit.pads):
        notes.append(f"An MPC program has {MUTE_GROUPS} mute groups: choke groups beyond them were left out.")
    if any(sample.layout.sample_rate != SAMPLE_RATE for pad in pads for zone in pad.zones for sample in zone.samples):
        notes.append(f"Standalone MPCs play at {SAMPLE_RATE} Hz, and convert other samples when they load them.")
    if any(pad.output for pad in kit.pads):
        notes.append("Outputs are chosen on the MPC: those of the kit were left out.")
    return tuple(notes)


def _root(name: str, pads: Sequence[PlacedPad]) -> Element:
    root = Element("MPCVObject")
    add_texts(
        SubElement(root, "Version"),
        File_Version="2.1",
        Application="MPC-V",
        Application_Version="2.10.0.0",
        Platform="Linux",
    )
    program = SubElement(root, "Program", type="Drum")
    add_texts(program, ProgramName=name, ProgramPads=_colours(), Volume=_UNITY, Mute="False", Pan="0.500000")
    add_texts(program, Pitch="0.000000", TuneCoarse=0, TuneFine=0, Mono="False", Program_Polyphony=64)
    instruments = SubElement(program, "Instruments")
    keys = [(placed, note) for placed in pads for note in range(placed.pad.low_note, placed.pad.high_note + 1)]
    for number in range(1, PADS + 1):
        instrument = SubElement(instruments, "Instrument", number=str(number))
        if number <= len(keys):
            _add_pad(instrument, *keys[number - 1])
        else:
            _add_pad(instrument, None, 0)
    used = [note for _, note in keys]
    others = [note for note in range(LAST_NOTE + 1) if note not in used]
    note_map, group_map = SubElement(program, "PadNoteMap"), SubElement(program, "PadGroupMap")
    for number, note in enumerate([*used, *others][:PADS], 1):
        add_texts(SubElement(note_map, "PadNote", number=str(number)), Note=note)
        add_texts(SubElement(group_map, "PadGroup", number=str(number)), Group=0)
    return root


def _colours() -> str:
    """What the element ProgramPads holds: one colour for all pads."""
    pads = {f"value{number}": 0 for number in range(PADS)}
    content = {"Universal": {"value0": True}, "Type": {"value0": 1}, "universalPad": _PAD_GREEN, "pads": pads}
    return json.dumps({"ProgramPads": {**content, "UnusedPads": {"value0": 1}}})


def _add_pad(instrument: Element, placed: PlacedPad | None, note: int) -> None:
    """Fill in one pad, or an empty one."""
    pad = placed.pad if placed is not None else None
    zones = placed.zones if placed is not None else ()
    group = pad.choke_group if pad is not None and pad.choke_group <= MUTE_GROUPS else 0
    steps = note - pad.root_note if pad is not None and pad.root_note is not None else 0
    in_turn = placed is not None and placed.in_turn
    add_texts(
        instrument,
        Volume=_UNITY,
        Mute="False",
        Pan="0.500000",
        TuneCoarse=0,
        TuneFine=0,
        Mono="False",
        Polyphony=8,
        LowNote=0,
        HighNote=LAST_NOTE,
        IgnoreBaseNote="False",
        ZonePlay=_IN_TURN if in_turn else _BY_VELOCITY,
        MuteGroup=group,
        OneShot="True",
        FilterType=0,
        Cutoff="1.000000",
        Resonance="0.000000",
        VolumeAttack="0.000000",
        VolumeHold="0.000000",
        VolumeDecay="0.000000",
        VolumeSustain="1.000000",
        VolumeRelease="0.000000",
        VelocitySensitivity="0.000000",  # layers have their own levels
    )
    layers = SubElement(instrument, "Layers")
    filled = [(sample, zone.low, zone.high) for zone in zones for sample in zone.samples]
    for number in range(1, LAYERS + 1):
        sample, low, high = filled[number - 1] if number <= len(filled) else (None, 0, LAST_NOTE)
        _add_layer(SubElement(layers, "Layer", number=str(number)), sample, low if low > 1 else 0, high, steps)


def _add_layer(layer: Element, sample: Sample | None, low: int, high: int, steps: int) -> None:
    tune_st = (sample.tune_st if sample is not None else 0.0) + steps
    tune_st = max(-float(TUNE_LIMIT_ST), min(float(TUNE_LIMIT_ST), tune_st))
    coarse = round(tune_st)
    add_texts(
        layer,
        Active="True",
        Volume="1.000000",
        Pan="0.500000",
        Pitch="0.000000",
        TuneCoarse=coarse,
        TuneFine=round(100.0 * (tune_st - coarse)),
        VelStart=low,
        VelEnd=high,
        SampleStart=0,
        SampleEnd=0,
        RootNote=0,
        KeyTrack="False",
        # The file's name without its suffix: the MPC looks for it in the program's folder.
        SampleName=Path(sample.file).stem if sample is not None else "",
        SampleFile="",
        SliceIndex=129,
        Direction=0,
        Offset=0,
        SliceStart=0,
        SliceEnd=sample.layout.frames if sample is not None else 0,
        SliceLoopStart=0,
        SliceLoop=0,
    )
