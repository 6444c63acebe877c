"""What the name of a sample tells: which drum, how hard it was struck, and which take of several it is."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SEPARATORS = re.compile(r"[\s_\-.,()\[\]]+")
_VELOCITY = re.compile(r"(?:v|vl|vel|velocity|l|layer|dyn)(\d{1,3})$")
_TURN = re.compile(r"(?:rr|r|take|tk|alt|robin|hit|x)(\d{1,3})$")
_NOTE = re.compile(r"(?:n|note|key|midi)(\d{1,3})$")
_BARE = re.compile(r"\d{1,3}$")
_DYNAMICS = (
    ("ghost", "pppp"),
    ("softest", "ppp", "quietest"),
    ("pp", "verysoft"),
    ("soft", "p", "quiet", "light", "lite"),
    ("mp",),
    ("medium", "med", "normal", "mf"),
    ("hard", "f", "loud", "strong"),
    ("ff", "harder", "veryhard"),
    ("hardest", "fff", "accent", "max", "loudest"),
)
_STRENGTH = {word: strength for strength, words in enumerate(_DYNAMICS, start=1) for word in words}
_COUNTED = re.compile(r"([a-z]{2,})(\d{1,2})$")
"""A word for how hard, and which take: `soft2`."""


@dataclass(frozen=True)
class Named:
    """What the name of a sample tells.

    Attributes:
        drum: the rest of the name.
        strength: a number or word for how hard it was struck; none if the name has none.
        turn: which take it is; none if the name has none.
        note: a MIDI note that is named as such.
        number: at the end of the name, of what it may be the number of.
    """

    drum: str
    strength: int | None = None
    turn: int | None = None
    note: int | None = None
    number: int | None = None


def named(stem: str) -> Named:
    """Read a file's name, without its suffix, from its end: `snare-hard-3` is the third take of a hard snare."""
    words = [word for word in _SEPARATORS.split(stem) if word]
    strength = turn = note = number = None
    while len(words) > 1:
        word = words[-1].casefold()
        if strength is None and (found := _VELOCITY.match(word)):
            strength = int(found[1])
        elif turn is None and (found := _TURN.match(word)):
            turn = int(found[1])
        elif note is None and (found := _NOTE.match(word)) and int(found[1]) < 128:
            note = int(found[1])
        elif strength is None and word in _STRENGTH:
            strength = _STRENGTH[word]
        elif strength is None and turn is None and (found := _COUNTED.match(word)) and found[1] in _STRENGTH:
            strength, turn = _STRENGTH[found[1]], int(found[2])
        elif number is None and turn is None and strength is None and _BARE.match(word):
            number = int(word)
        else:
            break
        words.pop()
    if number is not None and strength is not None and turn is None:
        turn, number = number, None
    return Named(" ".join(words) or stem, strength, turn, note, number)
