"""The signs of a line of steps."""

from __future__ import annotations

import re
from dataclasses import dataclass

from backbeat.errors import SongError
from backbeat.songs.song import LAST_VELOCITY

NORMAL, ACCENT, SOFT = 100, LAST_VELOCITY, 60
FLAM_S = 0.025
"""How long before its hit the grace note of a flam comes."""
MOST_NUDGE_MS = 100
MOST_HITS = 8

_SIGNS = (
    "x (hit), X (accent), o (soft), 1 to 9 (from soft to loud), f or F (flam), ? (maybe), . or - (rest), r3x (three "
    "hits), (x 70% v90 +8ms), or | between bars"
)
_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<bar>\|)|(?P<rest>[.\-])|(?:r(?P<hits>[0-9]))?(?P<sign>[xXofF?1-9])|\((?P<group>[^()]{0,80})\)"
)
_CHANCE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%")
_VELOCITY = re.compile(r"v([0-9]{1,3})")
_NUDGE = re.compile(r"([+-][0-9]{1,3}(?:\.[0-9]{1,6})?)ms")
_GROUP = re.compile(r"\s*([xXofF?]|[1-9](?![0-9.]))(.*)")
_RATCHET = re.compile(r"r([0-9])")


@dataclass(frozen=True)
class Step:
    """A step that is struck.

    Attributes:
        velocity: MIDI velocity, 1 to 127.
        hits: how many, spread evenly over the step.
        chance: that it is struck at all, 0 to 1.
        nudge_s: how much later than its place, seconds.
        flam: whether a grace note comes before.
    """

    velocity: int
    hits: int = 1
    chance: float = 1.0
    nudge_s: float = 0.0
    flam: bool = False


def read_bars(text: str) -> list[list[Step | None]]:
    """The steps of each bar that a line has, a rest as none.

    Raises:
        SongError: at what is no sign, with its place in the line.
    """
    bars: list[list[Step | None]] = [[]]
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            place = f"step {len(bars[-1]) + 1} of bar {len(bars)}"
            raise SongError(f"found {text[at : at + 12]!r} at {place}; must be of {_SIGNS}")
        at = token.end()
        if token["bar"]:
            bars.append([])
        elif token["rest"]:
            bars[-1].append(None)
        elif token["sign"]:
            bars[-1].append(_step(token["sign"], _hits(token["hits"]) if token["hits"] else 1))
        elif token["group"] is not None:
            bars[-1].append(_group(token["group"]))
    # A line may begin and end with a bar line.
    if len(bars) > 1 and not bars[0]:
        bars = bars[1:]
    if len(bars) > 1 and not bars[-1]:
        bars = bars[:-1]
    return bars


def _step(sign: str, hits: int = 1) -> Step:
    if sign.isdigit():
        return Step(round(LAST_VELOCITY * int(sign) / 9), hits)
    velocity = ACCENT if sign in "XF" else SOFT if sign == "o" else NORMAL
    return Step(velocity, hits, 0.5 if sign == "?" else 1.0, flam=sign in "fF")


def _hits(text: str) -> int:
    if not 2 <= int(text) <= MOST_HITS:
        raise SongError(f"found r{text}; must be r2 to r{MOST_HITS}")
    return int(text)


def _group(text: str) -> Step:
    """The step that `(x r3 70% v90 +8ms)` is: a sign, then words in any order; none needs a space before the first."""
    found = _GROUP.fullmatch(text)
    if found is None:
        raise SongError(f"found ({text}); must begin with x, X, o, f, F, ? or 1 to 9")
    step = _step(found[1])
    velocity, hits, chance, nudge_s = step.velocity, step.hits, step.chance, step.nudge_s
    for word in found[2].split():
        if found := _CHANCE.fullmatch(word):
            chance = float(found[1]) / 100.0
            if chance > 1.0:
                raise SongError(f"found {word} in ({text}); must be 0% to 100%")
        elif found := _VELOCITY.fullmatch(word):
            velocity = int(found[1])
            if not 1 <= velocity <= LAST_VELOCITY:
                raise SongError(f"found {word} in ({text}); must be v1 to v{LAST_VELOCITY}")
        elif found := _NUDGE.fullmatch(word):
            nudge_s = float(found[1]) / 1000.0
            if abs(nudge_s) * 1000.0 > MOST_NUDGE_MS:
                raise SongError(f"found {word} in ({text}); must be -{MOST_NUDGE_MS}ms to +{MOST_NUDGE_MS}ms")
        elif found := _RATCHET.fullmatch(word):
            hits = _hits(found[1])
        else:
            raise SongError(
                f"found {word!r} in ({text}); must be of 70% (chance), v90 (velocity), r3 (hits), +8ms (nudge)"
            )
    return Step(velocity, hits, chance, nudge_s, step.flam)
