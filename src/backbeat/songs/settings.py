"""What holds for a whole pattern: its tempo, meter, steps, swing and humanize."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

from backbeat.errors import SongError

_NUMBER = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?")
_METER = re.compile(r"([0-9]{1,2})/([0-9]{1,2})")
_GRIDS = {"8th": Fraction(1, 2), "16th": Fraction(1, 4), "32nd": Fraction(1, 8)}


@dataclass(frozen=True)
class Humanize:
    """How far hits stray: at most so much, either way.

    Attributes:
        time_s: earlier or later.
        velocity: softer or louder, in MIDI velocity.
    """

    time_s: float = 0.0
    velocity: int = 0


@dataclass(frozen=True)
class Settings:
    """What holds for a pattern, unless a step says otherwise.

    Attributes:
        bpm: beats (quarter notes) per minute.
        count: how many units a bar has.
        unit: 4 for quarter notes, 8 for eighths.
        steps: per beat.
        swing: which share of a pair the first of it takes, 1/2 to 3/4.
        grid: the length in beats of what is paired; none for a step.
        humanize: of all voices.
        humanize_voice: of a voice, by its note, instead.
    """

    bpm: Fraction = Fraction(120)
    count: int = 4
    unit: int = 4
    steps: int = 4
    swing: Fraction = Fraction(1, 2)
    grid: Fraction | None = None
    humanize: Humanize = Humanize()
    humanize_voice: dict[int, Humanize] = field(default_factory=dict)

    def humanize_of(self, note: int) -> Humanize:
        """How far the hits of a voice stray."""
        return self.humanize_voice.get(note, self.humanize)

    @property
    def beat_s(self) -> Fraction:
        """The length of a beat, exactly."""
        return 60 / self.bpm

    @property
    def bar_beats(self) -> Fraction:
        """The length of a bar in beats."""
        return Fraction(4 * self.count, self.unit)

    @property
    def bar_steps(self) -> int:
        """How many steps a bar has.

        Raises:
            SongError: where that is no whole number, or its pairs do not swing.
        """
        steps = self.bar_beats * self.steps
        if steps.denominator != 1:
            raise SongError(
                f"found {self.steps} steps per beat in a bar of {self.count}/{self.unit}; must fill the bar"
            )
        if self.swing != Fraction(1, 2):
            if self.grid is None and self.steps % 2:
                raise SongError(
                    f"found swing of {self.steps} steps per beat; must be an even number, or swing on a grid, such as "
                    "`swing 58 8th`, or `swing 50`, which is straight"
                )
            pairs = self.bar_beats / (2 * self._grid)
            if pairs.denominator != 1:
                raise SongError(f"found swing in a bar of {self.count}/{self.unit}; must have whole pairs in a bar")
        return int(steps)

    @property
    def _grid(self) -> Fraction:
        return Fraction(1, self.steps) if self.grid is None else self.grid

    def swung(self, beat: Fraction) -> Fraction:
        """Where a beat of the straight grid is: the first half of each pair is stretched, the second squeezed."""
        pair, share = divmod(beat / (2 * self._grid), 1)
        moved = 2 * share * self.swing if 2 * share <= 1 else self.swing + (2 * share - 1) * (1 - self.swing)
        return (pair + moved) * 2 * self._grid


def number(text: str, low: float, high: float) -> Fraction:
    """A decimal number.

    Raises:
        SongError: where the text is none within `low` to `high`.
    """
    if not _NUMBER.fullmatch(text) or not low <= Fraction(text) <= high:
        raise SongError(f"found {text!r}; must be a number from {low:g} to {high:g}")
    return Fraction(text)


def whole(text: str, low: int, high: int) -> int:
    """A whole number.

    Raises:
        SongError: where the text is none within `low` to `high`.
    """
    if not re.fullmatch("[0-9]{1,10}", text) or not low <= int(text) <= high:
        raise SongError(f"found {text!r}; must be a whole number from {low} to {high}")
    return int(text)


def meter(text: str) -> tuple[int, int]:
    """The 6 and the 8 of `6/8`."""
    found = _METER.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= 32 or int(found[2]) not in (1, 2, 4, 8, 16, 32):
        raise SongError(f"found {text!r}; must be such as 4/4 or 6/8: 1 to 32 of 1, 2, 4, 8, 16 or 32")
    return int(found[1]), int(found[2])


def swing(words: list[str]) -> tuple[Fraction, Fraction | None]:
    """The share and the grid of `58` or `58 16th`."""
    share = number(words[0].removesuffix("%"), 50, 75) / 100
    if len(words) == 1:
        return share, None
    if words[1] not in _GRIDS:
        raise SongError(f"found {words[1]!r}; must be {', '.join(_GRIDS)}, or nothing: then steps swing")
    return share, _GRIDS[words[1]]


def humanize(words: list[str]) -> Humanize:
    """What `6ms`, `10` or `6ms 10` says: time has its unit, velocity none."""
    time_s, velocity = 0.0, 0
    for word in words:
        if word.endswith("ms"):
            time_s = float(number(word.removesuffix("ms"), 0, 50)) / 1000.0
        else:
            velocity = whole(word, 0, 64)
    return Humanize(time_s, velocity)
