"""What a DrumSynth file says: a sound of Paul Kellett's DrumSynth 1 or 2, as INI text.

Six parts make a sound: a tone that glides, noise, a pair of overtones, and two narrow bands of noise, through a filter
and a distortion. Each part has an envelope, straight lines through points, `time,level time,level`: times in samples
at 44.1 kHz, levels in percent. What a file leaves out has the default that DrumSynth gives it; what is out of range is
moved into it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from backbeat.errors import KitError

SUFFIX = ".ds"
RATE_HZ = 44100
"""What the times of a file count samples of."""
_LARGEST_FILE = 1 << 16
_MOST_POINTS = 32
_LAST_TIME = 443000.0
"""Ten seconds and a bit, where DrumSynth's own envelopes end."""
_LOUDEST = 255.0
_HIGHEST_HZ = 1e6
_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?)")
_VERSIONS = ("drumsynth v1", "drumsynth v2")


@dataclass(frozen=True)
class Envelope:
    """Straight lines through points.

    Attributes:
        times: of the points, in samples at 44.1 kHz, each no earlier than the one before; the first counts as 0.
        levels: at the points, 0 to 1.
    """

    times: tuple[float, ...]
    levels: tuple[float, ...]

    @property
    def end(self) -> float:
        """Time of the last point."""
        return self.times[-1]


@dataclass(frozen=True)
class General:
    """What holds for the whole sound.

    Attributes:
        tuning_st: of all frequencies, semitones.
        stretch: how many times as long envelopes are.
        level_db: of the sound.
        filtered: whether the whole sound goes through the filter.
        highpass: whether that lets pass what lies above, not below.
        resonance: of the filter, 0 to 100.
        filter: its cutoff over time.
    """

    tuning_st: float
    stretch: float
    level_db: float
    filtered: bool
    highpass: bool
    resonance: float
    filter: Envelope


@dataclass(frozen=True)
class Tone:
    """A sine that glides from one pitch to another.

    Attributes:
        on: whether it sounds.
        level: 0 to 255; its square is the amplitude, 32768 full scale.
        start_hz: pitch at the start.
        end_hz: pitch at the end.
        droop: 0 glides in a straight line; up to 100, the faster the earlier it falls.
        phase_degrees: where in its cycle it starts.
        envelope: of its amplitude.
    """

    on: bool
    level: float
    start_hz: float
    end_hz: float
    droop: float
    phase_degrees: float
    envelope: Envelope


@dataclass(frozen=True)
class Noise:
    """White noise, or duller, or brighter.

    Attributes:
        on: whether it sounds.
        level: as of `Tone`.
        tilt: -100 is dullest, 100 brightest.
        envelope: of its amplitude.
    """

    on: bool
    level: float
    tilt: int
    envelope: Envelope


@dataclass(frozen=True)
class Overtones:
    """Two waves that are added, or of which one modulates the other, or a rattle of clicks through a band.

    Attributes:
        on: whether they sound.
        level: as of `Tone`.
        hz: of both waves.
        waves: of both: 0 sine, 1 its magnitude, 2 triangle, 3 saw, 4 square.
        tracks: whether each follows the tone's pitch.
        method: 0 adds, 1 modulates the frequency, 2 the amplitude, 3 is a cymbal; any other is silent.
        balance: from 0, the first alone, to 100.
        filtered: whether they go through the filter, where the whole sound does not.
        envelopes: of both.
    """

    on: bool
    level: float
    hz: tuple[float, float]
    waves: tuple[int, int]
    tracks: tuple[bool, bool]
    method: int
    balance: int
    filtered: bool
    envelopes: tuple[Envelope, Envelope]


@dataclass(frozen=True)
class NoiseBand:
    """A sine whose pitch jumps at random: a narrow band of noise.

    Attributes:
        on: whether it sounds.
        level: as of `Tone`.
        hz: its middle.
        width: 0 is a tone, 100 widest.
        envelope: of its amplitude.
    """

    on: bool
    level: float
    hz: float
    width: int
    envelope: Envelope


@dataclass(frozen=True)
class Distortion:
    """Fewer bits and samples, and a clipper.

    Attributes:
        on: whether there is any.
        clipping_db: gain into the clipper.
        bits: half as many bits as are taken away, 0 to 7.
        rate: 0 to 7: samples held for 1, 2, 3, 4, 8, 10, 20, 8.
    """

    on: bool
    clipping_db: float
    bits: int
    rate: int


@dataclass(frozen=True)
class DrumSynthSound:
    """A whole file."""

    general: General
    tone: Tone
    noise: Noise
    overtones: Overtones
    bands: tuple[NoiseBand, NoiseBand]
    distortion: Distortion


def read(path: str | Path) -> DrumSynthSound:
    """Read a DrumSynth file.

    Raises:
        KitError: naming the file, where it cannot be read or is none.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise KitError(f"{path}: cannot be read ({reason}); must be a DrumSynth file") from error
    if len(content) > _LARGEST_FILE:
        raise KitError(f"{path}: larger than {_LARGEST_FILE} bytes; must be a DrumSynth file, a short text")
    try:
        return parse(content.decode("latin-1"))
    except KitError as error:
        raise KitError(f"{path}: {error}") from None


def parse(text: str) -> DrumSynthSound:
    """Read the text of a DrumSynth file.

    Raises:
        KitError: where it does not say that it is one.
    """
    sections = _sections(text)
    general, tone, noise = (_Section(sections.get(name, {})) for name in ("general", "tone", "noise"))
    over, bent = (_Section(sections.get(name, {})) for name in ("overtones", "distortion"))
    version = general.text("Version", "")
    if not version.casefold().startswith(_VERSIONS):
        raise KitError(f"General, Version: found {version[:40]!r}; must be DrumSynth v1.0 or v2.0")
    return DrumSynthSound(
        general=General(
            tuning_st=general.number("Tuning", 0.0, -96.0, 96.0),
            stretch=general.number("Stretch", 100.0, 20.0, 1000.0) / 100.0,
            level_db=general.number("Level", 0.0, -100.0, 100.0),
            filtered=general.whole("Filter", 0, 0, 1) == 1,
            highpass=general.whole("HighPass", 0, 0, 1) == 1,
            resonance=general.number("Resonance", 0.0, 0.0, 100.0),
            filter=general.envelope("FilterEnv"),
        ),
        tone=Tone(
            on=tone.switch("On"),
            level=tone.level("Level", 128),
            start_hz=tone.number("F1", 200.0, 0.0, _HIGHEST_HZ),
            end_hz=tone.number("F2", 120.0, 0.0, _HIGHEST_HZ),
            droop=tone.number("Droop", 0.0, 0.0, 100.0),
            phase_degrees=tone.number("Phase", 90.0, -1e6, 1e6),
            envelope=tone.envelope("Envelope"),
        ),
        noise=Noise(
            on=noise.switch("On"),
            level=noise.level("Level", 0),
            tilt=noise.whole("Slope", 0, -100, 100),
            envelope=noise.envelope("Envelope"),
        ),
        overtones=Overtones(
            on=over.switch("On"),
            level=over.level("Level", 128),
            hz=(over.number("F1", 200.0, 0.0, _HIGHEST_HZ), over.number("F2", 120.0, 0.0, _HIGHEST_HZ)),
            waves=(over.whole("Wave1", 0, 0, 4), over.whole("Wave2", 0, 0, 4)),
            tracks=(over.switch("Track1"), over.switch("Track2")),
            method=over.whole("Method", 2, -1, 4),
            balance=over.whole("Param", 50, 0, 100),
            filtered=over.switch("Filter"),
            envelopes=(over.envelope("Envelope1"), over.envelope("Envelope2")),
        ),
        bands=(_band(sections, "noiseband"), _band(sections, "noiseband2")),
        distortion=Distortion(
            on=bent.switch("On"),
            clipping_db=bent.whole("Clipping", 0, -100, 100),
            bits=bent.whole("Bits", 0, 0, 7),
            rate=bent.whole("Rate", 0, 0, 7),
        ),
    )


def _band(sections: Mapping[str, Mapping[str, str]], name: str) -> NoiseBand:
    section = _Section(sections.get(name, {}))
    return NoiseBand(
        on=section.switch("On"),
        level=section.level("Level", 128),
        hz=section.number("F", 1000.0, 0.0, _HIGHEST_HZ),
        width=section.whole("dF", 50, 0, 100),
        envelope=section.envelope("Envelope"),
    )


def _sections(text: str) -> dict[str, dict[str, str]]:
    """Values by key and section, in lower case; of several of one name, the first."""
    found: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("["):
            name, current = line[1:].partition("]")[0].strip().casefold(), {}
            found.setdefault(name, current)
        else:
            key, _, value = line.partition("=")
            current.setdefault(key.strip().casefold(), value.strip())
    return found


class _Section:
    """Values of a section by key, each with a default, within a range."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, key: str, default: str) -> str:
        return self._values.get(key.casefold()) or default

    def number(self, key: str, default: float, low: float, high: float) -> float:
        found = self.text(key, "")
        return min(max(_number(found), low), high) if found else default

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        return math.trunc(self.number(key, default, low, high))

    def switch(self, key: str) -> bool:
        return self.whole(key, 0, 0, 2) == 1

    def level(self, key: str, default: int) -> float:
        return float(self.whole(key, default, 0, round(_LOUDEST)))

    def envelope(self, key: str) -> Envelope:
        times, levels = [0.0], [0.0]
        for place, point in enumerate(self.text(key, "0,0 100,0").split()[:_MOST_POINTS]):
            time, _, level = point.partition(",")
            if place == 0:
                times, levels = [], []
            earliest = times[-1] if times else 0.0
            times.append(min(max(_number(time), earliest), _LAST_TIME))
            levels.append(min(max(_number(level), 0.0), 100.0) / 100.0)
        return Envelope(tuple(times), tuple(levels))


def _number(text: str) -> float:
    """The number that a text begins with; 0 where it begins with none."""
    found = _NUMBER.match(text)
    return float(found.group(1)) if found else 0.0
