"""What the name of a sample tells: which drum, how hard it was struck, and which take of several it is."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SEPARATORS = re.compile(r"[\s_\-.,()\[\]]+")
_VELOCITY = re.compile(r"(?:v|vl|vel|velocity|l|layer|dyn)(\d{1,3})$")
_TURN = re.compile(r"(?:rr|r|take|tk|alt|robin|hit|x)(\d{1,3})$")
_NOTE = re.compile(r"(?:n|note|key|midi)(\d{1,3})$")
_STRIKES = ("hit", "take", "sample")
"""Words for any sound."""

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

_APART = re.compile(r"(?i)(?<![a-z])(vel|velocity|layer|dyn|rr|take|alt|robin|hit)[\s_\-.]+(?=\d)")
"""Between a word and its number."""

_NUMBERED = re.compile(r"([a-z]{2,})(\d{1,3})$")


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


def named(stem: str, *, in_drum: bool = False) -> Named:
    """Read a file's name, without its suffix, from its end: `snare-hard-3` is the third take of a hard snare.

    Args:
        stem: the name.
        in_drum: whether its folder may say which drum it is: then the name may tell none, and `hit 1` is a take;
            numbers need not stand apart.
    """
    words = [word for word in _SEPARATORS.split(_APART.sub(r"\1", stem) if in_drum else stem) if word]
    strength = turn = note = number = None
    while len(words) > (0 if in_drum else 1):
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
        elif in_drum and number is turn is strength is None and (found := _NUMBERED.match(word)):
            number = int(found[2])
            words[-1] = words[-1][: len(found[1])]
            break
        else:
            break
        words.pop()
    if number is not None and strength is not None and turn is None:
        turn, number = number, None
    if in_drum and words and all(_BARE.match(word) or word.casefold() in _STRIKES for word in words):
        turn = next((int(word) for word in words if turn is None and _BARE.match(word)), turn)
        words = []
    return Named(" ".join(words) or ("" if in_drum else stem), strength, turn, note, number)
