"""The yardstick's scale: how far the drummer's next hit is from the last.

Medians over 94 pairs of takes: the same drum by the same player, neighbouring velocity layers of open multi-sampled
kits, aligned in gain and time. A match nearer than that is as good as the next hit.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Floor:
    """Distances between two takes of one drum, as `distances` measures them."""

    mel_db: float
    mrstft: float
    envelope_db: float


FLOORS: Mapping[str, Floor] = {
    "kick": Floor(3.5, 0.40, 2.5),
    "snare": Floor(3.2, 0.61, 1.8),
    "tom": Floor(3.2, 0.45, 1.7),
    "hat": Floor(4.0, 1.30, 2.0),
    "clap": Floor(4.1, 0.83, 2.2),
    "perc": Floor(3.8, 0.80, 1.8),
}
"""By family; toms include hand drums, hats cymbals, and `perc` is a rim, a cowbell and whatever else there is."""

_WORDS = {
    "kick": ("kick", "bassdrum", "bass", "bd"),
    "snare": ("snare", "sd", "sn"),
    "tom": ("tom", "conga", "bongo", "tabla", "djembe"),
    "hat": ("hat", "hihat", "hh", "cymbal", "ride", "crash"),
    "clap": ("clap", "cp"),
    "perc": ("perc", "rim", "rimshot", "cowbell", "block", "wood", "clave"),
}


def family_of(name: str) -> str | None:
    """The family that a sound's name tells of: the first that one of its words begins with; none if none does."""
    words = "".join(character if character.isalpha() else " " for character in name.casefold()).split()
    for word in words:
        for family, known in _WORDS.items():
            if any(word == each or (len(each) > 2 and word.startswith(each)) for each in known):
                return family
    return None
