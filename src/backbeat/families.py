"""Families of drums, and the yardstick's scale of each: how far the drummer's next hit is from the last.

Medians over 94 pairs of takes: the same drum by the same player, neighbouring velocity layers of open multi-sampled
kits, aligned in gain and time. A match nearer than that is as good as the next hit.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """Kinds of drum: toms include hand drums, hats cymbals; `perc` is a rim, a cowbell and whatever else there is."""

    KICK = "kick"
    SNARE = "snare"
    TOM = "tom"
    HAT = "hat"
    CLAP = "clap"
    PERC = "perc"


@dataclass(frozen=True)
class Floor:
    """Distances between two takes of one drum, as `distances` measures them."""

    mel_db: float
    mrstft: float
    envelope_db: float


FLOORS: Mapping[str, Floor] = {
    Family.KICK: Floor(3.5, 0.40, 2.5),
    Family.SNARE: Floor(3.2, 0.61, 1.8),
    Family.TOM: Floor(3.2, 0.45, 1.7),
    Family.HAT: Floor(4.0, 1.30, 2.0),
    Family.CLAP: Floor(4.1, 0.83, 2.2),
    Family.PERC: Floor(3.8, 0.80, 1.8),
}

_WORDS = {
    Family.KICK: ("kick", "bassdrum", "bass", "bd"),
    Family.SNARE: ("snare", "sd", "sn"),
    Family.TOM: ("tom", "conga", "bongo", "tabla", "djembe"),
    Family.HAT: ("hat", "hihat", "hh", "cymbal", "ride", "crash"),
    Family.CLAP: ("clap", "cp"),
    Family.PERC: ("perc", "rim", "rimshot", "cowbell", "block", "wood", "clave"),
}


_NOISY = {Family.SNARE, Family.HAT, Family.CLAP}
_NOISY_WORDS = ("shaker", "maraca", "cabasa", "tambourine")
"""Of no family of their own."""


_INSTRUMENTS = {
    "kick": ("kick", "bassdrum", "bass", "bd"),
    "snare": ("snare", "sd", "sn"),
    "tom": ("tom", "conga", "bongo", "tabla", "djembe", "timbale"),
    "hat": ("hat", "hihat", "hh", "ch", "oh", "closed", "pedal"),
    "cymbal": ("cymbal", "ride", "crash", "splash", "china"),
    "clap": ("clap", "handclap", "cp"),
    "rim": ("rim", "stick", "sidestick", "block", "woodblock", "clave", "castanet"),
    "cowbell": ("cowbell", "agogo", "triangle"),
    "shaker": (*_NOISY_WORDS, "caxixi"),
}
"""Words that name an instrument."""


def instrument_of(name: str) -> str | None:
    """The instrument that a sound's name tells of: the first that one of its words begins with; none if none does.

    A cymbal that is closed or open, or has a pedal, is a hat.
    """
    words = _words(name)
    if re.search(_HAT_BY_CYMBAL.format("clos|open|pedal|foot"), " ".join(words)):
        return "hat"
    for word in words:
        for instrument, known in _INSTRUMENTS.items():
            if _begins(word, known):
                return instrument
    return None


def family_of(name: str) -> Family | None:
    """The family that a sound's name tells of: the first that one of its words begins with; none if none does."""
    for word in _words(name):
        for family, known in _WORDS.items():
            if _begins(word, known):
                return family
    return None


def is_noisy(name: str) -> bool:
    """Whether a sound's name tells of noise, which is new at every hit: a snare, hat, cymbal, clap or shaker."""
    return family_of(name) in _NOISY or any(_begins(word, _NOISY_WORDS) for word in _words(name))


_HAT_BY_CYMBAL = r"^(?!.*(?:crash|ride|splash|china|chinese))(?=.*cymbal).*(?:{})"
"""A hat that is called a cymbal, by the words that only a hat has."""

_NOTES = (
    (_HAT_BY_CYMBAL.format("pedal|foot"), (44,)),
    (_HAT_BY_CYMBAL.format("open"), (46,)),
    (_HAT_BY_CYMBAL.format("clos"), (42,)),
    (r"(pedal|foot|closing|chick|splash).*(hat|hh|charl)|(hat|hh).*(pedal|foot|splash)|^phh?$", (44,)),
    (r"(open|half|loose|wide).*(hat|hh)|(hat|hh).*(open|half|loose|wide|op)|\boh\b|\bohh\b|\bhho\b", (46,)),
    (r"hat|\bc?hh|\bch\b", (42,)),
    (r"\brim|side ?stick|cross ?stick|\bstick\b|\brs\b", (37,)),
    (r"clap|\bcp\b", (39,)),
    (r"snare|\bsn?d?\b", (38, 40)),
    (r"kick|bass ?drum|\bbd\b|\bkd\b", (36, 35)),
    (r"low (floor|fl)|floor tom low|floor tom 2", (41, 43)),
    (r"floor|\bft\b", (43, 41)),
    (r"(low|lo).?mid|tom 3", (47, 45)),
    (r"(hi|high).?mid|mid.*tom|tom.*mid|\bmt\b|tom 2", (48, 47)),
    (r"(low|lo)\b.*tom|tom.*\b(low|lo)|\blt\b|tom 4|rack tom 2", (45, 43, 41)),
    (r"(high|hi)\b.*tom|tom.*\b(high|hi)|\bht\b|tom 1", (50, 48)),
    (r"\btoms?\b", (45, 47, 48, 50, 43, 41)),
    (r"crash", (49, 57)),
    (r"splash", (55,)),
    (r"china|chinese", (52,)),
    (r"ride.*(bell|cup)|(bell|cup).*ride", (53,)),
    (r"\bride|ride\b", (51, 59)),
    (r"cow ?bell|\bcb\b", (56,)),
    (r"tambourine|\btamb?\b", (54,)),
    (r"vibra ?slap", (58,)),
    (r"(low|lo).*bongo|bongo.*(low|lo)\b", (61,)),
    (r"bongo", (60, 61)),
    (r"conga.*(mute|slap)|(mute|slap).*conga", (62,)),
    (r"(low|lo).*conga|conga.*(low|lo)\b", (64,)),
    (r"conga", (63, 64)),
    (r"(low|lo).*timbale|timbale.*(low|lo)\b", (66,)),
    (r"timbale", (65, 66)),
    (r"(low|lo).*agogo|agogo.*(low|lo)\b", (68,)),
    (r"agogo", (67, 68)),
    (r"cabasa", (69,)),
    (r"maraca|shaker|\bma\b", (70,)),
    (r"guiro", (74, 73)),
    (r"clave|\bcl\b", (75,)),
    (r"(low|lo).*wood ?block|wood ?block.*(low|lo)\b", (77,)),
    (r"wood ?block|wood", (76, 77)),
    (r"cuica", (79, 78)),
    (r"triangle", (81, 80)),
    (r"cymbal|\bcy\b", (49, 57, 51)),
)
"""Of General MIDI's percussion, by the words of a name: the first line that fits, its notes best first."""


def notes_of(name: str) -> tuple[int, ...]:
    """The notes on which General MIDI has the drum that a sound's name tells of, best first; none if it tells none."""
    words = " ".join(re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)).casefold()
    return next((notes for pattern, notes in _NOTES if re.search(pattern, words)), ())


def _words(name: str) -> list[str]:
    return "".join(character if character.isalpha() else " " for character in name.casefold()).split()


def _begins(word: str, known: tuple[str, ...]) -> bool:
    return any(word == each or (len(each) > 2 and word.startswith(each)) for each in known)
