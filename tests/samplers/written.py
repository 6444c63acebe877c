"""Kits as text, written here by hand in each format, and a few sounds to fill them: what readers are tested on."""

from __future__ import annotations

import wave
from collections.abc import Callable
from itertools import count
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import strategies as st

from backbeat.samplers import Layer, SampledKit, SampledPad, Take

POOL = 48
"""Sounds in a folder, `s00.wav` and so on."""


def write_sound(path: Path, frames: int = 40, channels: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(44100)
        file.writeframes(b"\x00\x10" * channels * frames)
    return path


def write_pool(folder: Path) -> Path:
    for number in range(POOL):
        write_sound(folder / f"s{number:02d}.wav")
    return folder


hundredths = st.integers(-1200, 0).map(lambda n: n / 100)


@st.composite
def kits(
    draw: st.DrawFn, *, levels: bool = True, tunes: bool = True, pans: bool = True, spans: bool = False
) -> SampledKit:
    """Kits whose takes are the sounds of the pool, by name: the fields that a format has not stay as they are."""
    files = count()
    notes = draw(st.lists(st.integers(0, 15), min_size=1, max_size=4, unique=True))
    chokes = 0
    pads = []
    for at, note in enumerate(sorted(notes)):
        choke = draw(st.integers(0, chokes + 1))
        chokes = max(chokes, choke)
        tops = [*sorted(draw(st.sets(st.integers(1, 126), max_size=3))), 127]
        layers = []
        for low, high in zip([0, *tops], tops, strict=False):
            takes = [
                Take(
                    Path(f"s{next(files):02d}.wav"),
                    draw(hundredths) if levels else 0.0,
                    draw(st.integers(-24, 24)) / 2 if tunes else 0.0,
                )
                for _ in range(draw(st.integers(1, 3)))
            ]
            layers.append(Layer(low + 1, high, tuple(takes)))
        # A level is that of the loudest take: how else would a reader tell them apart.
        loudest = max(take.gain_db for layer in layers for take in layer.takes)
        layers = [
            Layer(
                each.low, each.high, tuple(Take(t.file, round(t.gain_db - loudest, 6), t.tune_st) for t in each.takes)
            )
            for each in layers
        ]
        span = draw(st.integers(0, 7)) if spans else 0
        pads.append(
            SampledPad(
                name=f"Drum {'abcd'[at]}",
                low_note=8 * note,
                high_note=8 * note + span,
                root_note=draw(st.none() | st.integers(0, 127)) if span else None,
                layers=tuple(layers),
                level_db=draw(hundredths) if levels else 0.0,
                pan=draw(st.integers(-10, 10)) / 10 if pans else 0.0,
                choke_group=choke,
            )
        )
    return SampledKit("Kit", tuple(pads))


def check_same(read: SampledKit, expected: SampledKit, files: Callable[[Path], str] = lambda path: path.name) -> None:
    assert [pad.name for pad in read.pads] == [pad.name for pad in expected.pads]
    for pad, other in zip(read.pads, expected.pads, strict=True):
        for field in ("low_note", "high_note", "root_note", "choke_group", "output"):
            assert getattr(pad, field) == getattr(other, field), field
        assert pad.pan == pytest.approx(other.pan, abs=1e-4)
        assert pad.level_db == pytest.approx(other.level_db, abs=1e-3)
        assert [(layer.low, layer.high) for layer in pad.layers] == [(layer.low, layer.high) for layer in other.layers]
        for layer, wanted in zip(pad.layers, other.layers, strict=True):
            assert [files(take.file) for take in layer.takes] == [files(take.file) for take in wanted.takes]
            assert [take.gain_db for take in layer.takes] == pytest.approx([t.gain_db for t in wanted.takes], abs=1e-3)
            assert [take.tune_st for take in layer.takes] == pytest.approx([t.tune_st for t in wanted.takes], abs=1e-3)


def as_sfz(kit: SampledKit) -> str:
    lines = ["<global> loop_mode=one_shot amp_veltrack=0"]
    for pad in kit.pads:
        lines.append(
            f"<group> group_label={pad.name}\nlokey={pad.low_note} hikey={pad.high_note} pan={pad.pan * 100:g}"
        )
        lines.append(f"group_volume={pad.level_db:.6f}")
        lines.append("pitch_keytrack=0" if pad.root_note is None else f"pitch_keycenter={pad.root_note}")
        if pad.choke_group:
            lines.append(f"group={pad.choke_group} off_by={pad.choke_group}")
        for layer in pad.layers:
            for turn, take in enumerate(layer.takes, start=1):
                lines.append(
                    f"<region> sample={take.file} lovel={layer.low} hivel={layer.high} volume={take.gain_db:.6f}"
                )
                lines.append(f"tune={take.tune_st * 100:g} seq_length={len(layer.takes)} seq_position={turn}")
    return "\n".join(lines)


def as_hydrogen(kit: SampledKit, version: str) -> str:
    """`version` is 0.9.6, 1.2 or 2.0: where layers are, how pan is written, where the algorithm stands."""
    parts = [f"<drumkit_info><name>{escape(kit.name)}</name><author>A</author><license>CC0</license><instrumentList>"]
    for at, pad in enumerate(kit.pads):
        algorithm = "<sampleSelectionAlgo>ROUND_ROBIN</sampleSelectionAlgo>"
        left, right = min(1.0, 1.0 - pad.pan), min(1.0, 1.0 + pad.pan)
        pan = f"<pan>{pad.pan}</pan>" if version == "1.2" else f"<pan_L>{left}</pan_L><pan_R>{right}</pan_R>"
        parts.append(
            f"<instrument><id>{at}</id><name>{escape(pad.name)}</name><volume>{10 ** (pad.level_db / 20):.9f}</volume>"
            f"<isMuted>false</isMuted>{pan}<gain>1</gain><applyVelocity>false</applyVelocity>"
            f"<muteGroup>{pad.choke_group or -1}</muteGroup><midiOutNote>{pad.low_note}</midiOutNote>"
        )
        parts.append(algorithm if version != "2.0" else "")
        parts.append("<instrumentComponent><component_id>0</component_id><gain>1</gain>" if version != "0.9.6" else "")
        parts.append(algorithm if version == "2.0" else "")
        for layer in pad.layers:
            # The bounds of neighbours meet, as Hydrogen draws them.
            low, high = (layer.low - 0.5) / 127 if layer.low > 1 else 0.0, min(1.0, (layer.high + 0.5) / 127)
            parts += [
                f"<layer><filename>{take.file}</filename><min>{low:.6f}</min><max>{high:.6f}</max>"
                f"<gain>{10 ** (take.gain_db / 20):.9f}</gain><pitch>{take.tune_st}</pitch></layer>"
                for take in layer.takes
            ]
        parts.append("</instrumentComponent></instrument>" if version != "0.9.6" else "</instrument>")
    return "".join([*parts, "</instrumentList></drumkit_info>"])


def as_decentsampler(kit: SampledKit) -> str:
    parts = ['<?xml version="1.0" encoding="UTF-8"?>\n<DecentSampler><groups ampVelTrack="0" seqMode="round_robin">']
    for pad in kit.pads:
        tags = f' tags="g{pad.choke_group}" silencedByTags="g{pad.choke_group}"' if pad.choke_group else ""
        track = "0" if pad.root_note is None else "1"
        parts.append(
            f'<group name={quoteattr(pad.name)} volume="{pad.level_db:.6f}dB" pan="{pad.pan * 100:g}"{tags} '
            f'loNote="{pad.low_note}" hiNote="{pad.high_note}" pitchKeyTrack="{track}">'
        )
        parts += [
            f'<sample path="{take.file}" rootNote="{pad.low_note if pad.root_note is None else pad.root_note}" '
            f'loVel="{layer.low}" hiVel="{layer.high}" seqPosition="{turn}" volume="{10 ** (take.gain_db / 20):.9f}" '
            f'tuning="{take.tune_st}"/>'
            for layer in pad.layers
            for turn, take in enumerate(layer.takes, start=1)
        ]
        parts.append("</group>")
    return "\n".join([*parts, "</groups></DecentSampler>"])


def write_drumgizmo(kit: SampledKit, folder: Path) -> Path:
    """Version 2: a power for each layer, the same for its takes."""
    instruments, notes = [], []
    for at, pad in enumerate(kit.pads):
        group = f' group="g{pad.choke_group}"' if pad.choke_group else ""
        instruments.append(
            f'<instrument name={quoteattr(pad.name)}{group} file="i{at}.xml"><channelmap in="M" out="M"/></instrument>'
        )
        notes.append(f'<map note="{pad.low_note}" instr={quoteattr(pad.name)}/>')
        samples = [
            f'<sample name="{layer.high} {turn}" power="{layer.high / 127:.6f}">'
            f'<audiofile channel="M" file="{take.file}" filechannel="1"/></sample>'
            for layer in pad.layers
            for turn, take in enumerate(layer.takes)
        ]
        (folder / f"i{at}.xml").write_text(
            f'<instrument version="2.0" name={quoteattr(pad.name)}><samples>{"".join(samples)}</samples></instrument>'
        )
    (folder / "midimap.xml").write_text(f"<midimap>{''.join(notes)}</midimap>")
    path = folder / "kit.xml"
    path.write_text(
        f'<drumkit version="2.0"><metadata><title>{escape(kit.name)}</title></metadata>'
        f'<channels><channel name="M"/></channels><instruments>{"".join(instruments)}</instruments></drumkit>'
    )
    return path
