"""SoundFont 2 (`.sf2`): one RIFF file with samples of 24 bits, of which older players read the upper 16.

References:
    E-mu Systems, "SoundFont Technical Specification", version 2.04, 2006.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from backbeat.audio.pcm import decode
from backbeat.audio.writing import rounded
from backbeat.errors import KitError
from backbeat.files import replacing
from backbeat.samplers.description import SampledKit, SampledPad
from backbeat.samplers.layers import fewer_takes
from backbeat.samplers.placing import PlacedPad, Sample, Zone, as_kit_errors, place

SUFFIX = ".sf2"
PRESETS = ((128, 0), (0, 0))
"""Bank and program of the kit: that of drums, where MIDI channel 10 finds it, and the first for all other channels."""

MAX_BYTES = 2**32 - 2**20
"""Of all samples: RIFF counts in 32 bits."""

_MAX_ENTRIES = 2**16 - 1
_MAX_CLASS = 127
_GUARD = 46
"""Zeros behind each sample, into which players interpolate."""

_LEAD_S = 0.002
"""Silence before each sample: FluidSynth fades notes in over their first 64 samples, which would take a click away."""

_LONGEST_RELEASE = 8000
"""Timecents, 102 s: a hit rings on when its key is let go."""

# Generators, by their numbers in the specification.
_PAN, _RELEASE, _INSTRUMENT, _KEYS, _VELOCITIES = 17, 38, 41, 43, 44
_SEMITONES, _CENTS, _SAMPLE, _SCALE, _CLASS, _ROOT = 51, 52, 53, 56, 57, 58

_LEFT, _RIGHT = -500, 500  # pan, 0.1 %
_MONO_SAMPLE, _RIGHT_SAMPLE, _LEFT_SAMPLE = 1, 2, 4

_NO_VELOCITY = b"".join(
    struct.pack("<HHhHH", *modulator)
    for modulator in (
        # The default modulators again, with an amount of 0, which puts them out of force. Source and amount source are
        # those of the specification; that of the filter differs between its editions.
        (0x0502, 48, 0, 0, 0),  # velocity to attenuation
        (0x0102, 8, 0, 0, 0),  # velocity to the filter's cutoff
        (0x0102, 8, 0, 0x0C02, 0),
        (0x0102, 8, 0, 0x0D02, 0),
    )
)
_MODULATORS = len(_NO_VELOCITY) // 10


def write(kit: SampledKit, out: Path) -> tuple[str, ...]:
    """Write an `.sf2`: one instrument for each pad, and a preset of all.

    Args:
        kit: what to write.
        out: the file to write; an existing one is replaced.

    Returns:
        Notes: what was left out or changed.

    Raises:
        KitError: if the name has another suffix, the kit is too large, or the file cannot be written.
        AudioError: if a sample cannot be read.
    """
    if out.suffix.lower() != SUFFIX:
        raise KitError(f"{out}: suffix {out.suffix!r}; allowed: {SUFFIX!r}")
    first_takes = replace(kit, pads=tuple(_first_takes(pad) for pad in kit.pads))
    with as_kit_errors(out, "a file"), TemporaryDirectory() as temporary:
        folder = Path(temporary)
        pads, notes = place(first_takes, folder)
        samples = _Samples(folder)
        tables = _tables(kit.name, pads, samples)
        information = _information(kit)
        with replacing(out) as path, path.open("wb") as file:
            audio = samples.chunk()
            body = [information, audio, tables]
            file.write(struct.pack("<4sI4s", b"RIFF", 4 + sum(map(len, body)), b"sfbk"))
            for part in body:
                file.write(part)
    return (*_left_out(kit), *notes)


def _first_takes(pad: SampledPad) -> SampledPad:
    return replace(pad, layers=fewer_takes(pad.layers, 1))


def _left_out(kit: SampledKit) -> tuple[str, ...]:
    notes = []
    if any(len(layer.takes) > 1 for pad in kit.pads for layer in pad.layers):
        notes.append("SoundFont 2 plays no takes in turn: the first of each layer was written.")
    if any(pad.choke_group > _MAX_CLASS for pad in kit.pads):
        notes.append(f"SoundFont 2 has {_MAX_CLASS} exclusive classes: choke groups beyond them were left out.")
    if any(pad.output for pad in kit.pads):
        notes.append("SoundFont 2 has no outputs: they were left out.")
    return tuple(notes)


@dataclass
class _Samples:
    """The samples so far, each channel of a file one.

    Attributes:
        folder: where the files are.
        values: of each, 24-bit integers.
        headers: of each: name, start, length, rate, the other channel's number, and which channel it is.
    """

    folder: Path
    values: list[NDArray[np.int32]] = field(default_factory=list)
    headers: list[tuple[str, int, int, int, int, int]] = field(default_factory=list)
    size: int = 0

    def add(self, sample: Sample) -> tuple[int, int]:
        """Read a file; return the numbers of its left and right channel, which are one for a file of one channel."""
        frames, sample_rate = decode(self.folder / sample.file)
        first, channels = len(self.headers), frames.shape[1]
        kinds = (_LEFT_SAMPLE, _RIGHT_SAMPLE) if channels == 2 else (_MONO_SAMPLE,)
        lead = np.zeros(round(_LEAD_S * sample_rate), np.int32)
        for channel, kind in enumerate(kinds):
            values = np.concatenate([lead, rounded(frames[:, channel], 24)])
            link = first + 1 - channel if channels == 2 else 0
            # The names are cut to 19 letters: the number keeps them apart.
            name = f"{len(self.headers)}_{Path(sample.file).stem}"
            self.headers.append((name, self.size, len(values), sample_rate, link, kind))
            self.values.append(values)
            self.size += len(values) + _GUARD
        if 3 * self.size > MAX_BYTES:
            raise KitError(f"more than {MAX_BYTES} bytes of samples; allowed: fewer, for a SoundFont 2")
        return first, first + channels - 1

    def chunk(self) -> bytes:
        """All values, the upper 16 bits and the lower 8 apart."""
        joined = np.zeros(self.size, np.int32)
        for (_, start, length, *_), values in zip(self.headers, self.values, strict=True):
            joined[start : start + length] = values
        upper = (joined >> 8).astype("<i2").tobytes()
        lower = (joined & 0xFF).astype(np.uint8).tobytes()
        return _list(b"sdta", _chunk(b"smpl", upper) + _chunk(b"sm24", lower))

    def table(self) -> bytes:
        """One header of 46 bytes for each sample, and the last."""
        rows = [
            struct.pack(
                "<20sIIIIIBbHH", _label(name), start, start + length, start, start + length, rate, 60, 0, link, kind
            )
            for name, start, length, rate, link, kind in self.headers
        ]
        return b"".join(rows) + struct.pack("<20sIIIIIBbHH", b"EOS", *(0,) * 9)


@dataclass
class _Table:
    """Zones of presets or instruments, their generators and modulators."""

    heads: list[tuple[str, int]] = field(default_factory=list)
    zones: list[tuple[int, int]] = field(default_factory=list)
    generators: bytes = b""
    modulators: bytes = b""

    def begin(self, name: str) -> None:
        self.heads.append((name, len(self.zones)))

    def zone(self, *generators: bytes, modulators: bytes = b"") -> None:
        self._end()
        self.generators += b"".join(generators)
        self.modulators += modulators

    def _end(self) -> None:
        self.zones.append((len(self.generators) // 4, len(self.modulators) // 10))

    def chunks(self, kind: bytes) -> bytes:
        """Bags, modulators and generators, each with its last, empty entry."""
        self._end()
        if max(max(zone) for zone in self.zones) > _MAX_ENTRIES:
            raise KitError(f"more than {_MAX_ENTRIES} settings; allowed: fewer, for a SoundFont 2")
        bags = b"".join(struct.pack("<HH", *zone) for zone in self.zones)
        return (
            _chunk(kind + b"bag", bags)
            + _chunk(kind + b"mod", self.modulators + bytes(10))
            + _chunk(kind + b"gen", self.generators + bytes(4))
        )


def _tables(name: str, pads: Sequence[PlacedPad], samples: _Samples) -> bytes:
    """Presets, instruments and headers of samples, which are read in on the way."""
    instruments = _Table()
    for placed in pads:
        instruments.begin(placed.name)
        instruments.zone(*_common(placed.pad), modulators=_NO_VELOCITY)
        for zone in placed.zones:
            _add_zone(instruments, zone, samples)
    presets = _Table()
    for _ in PRESETS:
        presets.begin(name)
        for number, placed in enumerate(pads):
            presets.zone(_range(_KEYS, placed.pad.low_note, placed.pad.high_note), _value(_INSTRUMENT, number))
    preset_zones, instrument_zones = len(presets.zones), len(instruments.zones)
    preset_heads = [
        struct.pack("<20sHHHIII", _label(title), program, bank, first, 0, 0, 0)
        for (title, first), (bank, program) in zip(presets.heads, PRESETS, strict=True)
    ]
    instrument_heads = [struct.pack("<20sH", _label(title), first) for title, first in instruments.heads]
    return _list(
        b"pdta",
        _chunk(b"phdr", b"".join(preset_heads) + struct.pack("<20sHHHIII", b"EOP", 0, 0, preset_zones, 0, 0, 0))
        + presets.chunks(b"p")
        + _chunk(b"inst", b"".join(instrument_heads) + struct.pack("<20sH", b"EOI", instrument_zones))
        + instruments.chunks(b"i")
        + _chunk(b"shdr", samples.table()),
    )


def _common(pad: SampledPad) -> list[bytes]:
    """The generators of all zones of a pad."""
    follows = pad.root_note is not None
    generators = [_value(_RELEASE, _LONGEST_RELEASE)]
    if not follows:
        generators.append(_value(_SCALE, 0))
    if 0 < pad.choke_group <= _MAX_CLASS:
        generators.append(_value(_CLASS, pad.choke_group))
    root = pad.root_note if pad.root_note is not None else pad.low_note
    return [*generators, _value(_ROOT, root)]


def _add_zone(instruments: _Table, zone: Zone, samples: _Samples) -> None:
    """Left and right, so that a file of one channel sounds as loud as one of two."""
    sample = zone.samples[0]
    coarse = round(sample.tune_st)
    tune = [_value(_SEMITONES, coarse), _value(_CENTS, round(100.0 * (sample.tune_st - coarse)))]
    for pan, number in zip((_LEFT, _RIGHT), samples.add(sample), strict=True):
        instruments.zone(
            _range(_VELOCITIES, zone.low, zone.high),
            _value(_PAN, pan),
            *(tune if sample.tune_st else ()),
            _value(_SAMPLE, number),
        )


def _value(generator: int, value: int) -> bytes:
    return struct.pack("<Hh" if value < 2**15 else "<HH", generator, value)


def _range(generator: int, low: int, high: int) -> bytes:
    return struct.pack("<HBB", generator, low, high)


def _information(kit: SampledKit) -> bytes:
    texts = {b"isng": "EMU8000", b"INAM": kit.name, b"IENG": kit.author, b"ICOP": kit.licence, b"ISFT": "backbeat"}
    chunks = b"".join(_chunk(name, _text(text)) for name, text in texts.items() if _ascii(text))
    return _list(b"INFO", _chunk(b"ifil", struct.pack("<HH", 2, 4)) + chunks)


def _ascii(text: str) -> str:
    """The text in the letters that the format has."""
    letters = unicodedata.normalize("NFKD", text).replace("–", "-").encode("ascii", "ignore").decode()
    return "".join(letter for letter in letters if letter.isprintable())


def _label(text: str) -> bytes:
    """At most 19 letters; struct fills in zeros."""
    return _ascii(text)[:19].encode() or b"kit"


def _text(text: str) -> bytes:
    """At most 255 letters, with one or two zeros behind them."""
    letters = _ascii(text)[:254].encode()
    return letters + bytes(2 - len(letters) % 2)


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _list(name: bytes, content: bytes) -> bytes:
    return _chunk(b"LIST", name + content)
