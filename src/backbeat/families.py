"""Families of drums, and the yardstick's scale of each: how far the drummer's next hit is from the last.

Medians over 94 pairs of takes: the same drum by the same player, neighbouring velocity layers of open multi-sampled
kits, aligned in gain and time. A match nearer than that is as good as the next hit.
"""

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


def _words(name: str) -> list[str]:
    return "".join(character if character.isalpha() else " " for character in name.casefold()).split()


def _begins(word: str, known: tuple[str, ...]) -> bool:
    return any(word == each or (len(each) > 2 and word.startswith(each)) for each in known)
