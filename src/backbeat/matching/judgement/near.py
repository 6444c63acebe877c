"""How near a match is, beside two takes of one drum."""

from dataclasses import dataclass

from backbeat.families import FLOORS, Family
from backbeat.losses.distances import Distances


@dataclass(frozen=True)
class Near:
    """Distances as shares of the take-to-take floor: below 1, a match is nearer than the drummer's next hit.

    Attributes:
        mel: of the mel distance.
        mrstft: of the MR-STFT distance.
        envelope: of the envelope distance.
        distances: all four, in their own units.
    """

    mel: float
    mrstft: float
    envelope: float
    distances: Distances


def judge_near(found: Distances, family: Family) -> Near:
    """Set the distances of a match beside the floor of its family."""
    floor = FLOORS[family]
    return Near(found.mel_db / floor.mel_db, found.mrstft / floor.mrstft, found.envelope_db / floor.envelope_db, found)
