"""What a parameter is to analysis and to macros, whatever the instrument calls it."""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias


class BODY(Enum):
    """The one pitch of a drum, and how it moves and falls."""

    pitch_hz = "body.pitch_hz"
    phase_cycles = "body.phase_cycles"
    sweep_st = "body.sweep_st"
    sweep_s = "body.sweep_s"
    fast_sweep_st = "body.fast_sweep_st"
    fast_sweep_s = "body.fast_sweep_s"
    attack_s = "body.attack_s"
    hold_s = "body.hold_s"
    t60_s = "body.t60_s"
    sustain = "body.sustain"
    gate_s = "body.gate_s"
    release_s = "body.release_s"
    level_db = "body.level_db"
    open = "body.open"
    """How far a hat's pedal is up: 0 is the foot alone, 0.25 closed and struck, 1 open."""


class MODES(Enum):
    """A bank of tones."""

    hz = "modes.hz"
    t60_s = "modes.t60_s"
    level_db = "modes.level_db"
    phase_cycles = "modes.phase_cycles"
    shape = "modes.shape"


class METAL(Enum):
    """Squares that sound together: the metal of hats in the classic machines."""

    pitch_hz = "metal.pitch_hz"
    ratio = "metal.ratio"
    """The frequency of each, as a multiple of the pitch."""
    level_db = "metal.level_db"


class NOISE(Enum):
    """A layer of noise."""

    level_db = "noise.level_db"
    onset_s = "noise.onset_s"
    t60_s = "noise.t60_s"
    attack_s = "noise.attack_s"
    low_hz = "noise.low_hz"
    high_hz = "noise.high_hz"
    band_db = "noise.band_db"
    band_hz = "noise.band_hz"
    """Middles of bands that may lie anywhere; without it, they are those of `dsp.noise_bands`."""
    band_ratio = "noise.band_ratio"
    shape = "noise.shape"


class TRANSIENT(Enum):
    """A short burst at the start."""

    level_db = "transient.level_db"
    onset_s = "transient.onset_s"
    """When it begins: of a bank, when each burst begins, whose levels `TRANSIENT.level_db` then are."""
    t60_s = "transient.t60_s"
    hz = "transient.hz"
    band_db = "transient.band_db"


class OUTPUT(Enum):
    """What the whole sound goes through at the end."""

    level_db = "output.level_db"
    drive_db = "output.drive_db"
    gate_s = "output.gate_s"
    release_s = "output.release_s"
    onset_db = "output.onset_db"
    """How much louder the first moments are than the rest."""


class DETAIL(Enum):
    """The layer of partials and noise beside an instrument's own sound."""

    level = "detail.level"
    hz = "detail.hz"
    t60_s = "detail.t60_s"
    level_db = "detail.level_db"
    phase_cycles = "detail.phase_cycles"
    band_db = "detail.band_db"
    band_t60_s = "detail.band_t60_s"


class EXTRA(Enum):
    """A part that analysis does not tell: a search finds what it is good for. Several parameters may have this role."""

    level_db = "extra.level_db"
    """Begins at its lowest, where the part is off."""


Role: TypeAlias = BODY | MODES | METAL | NOISE | TRANSIENT | OUTPUT | DETAIL | EXTRA
