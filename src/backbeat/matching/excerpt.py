"""The part of a sample that a match listens to: from its onset to the end of its first hit."""

from dataclasses import dataclass

from backbeat.matching.hits import hits
from backbeat.matching.onset import lead_in_db, onsets
from backbeat.types import Audio

_LEAST_ONSET_S = 0.001
_LEAST_HEARD_S = 0.02


@dataclass(frozen=True)
class LeadIn:
    """What lies before the onset.

    Attributes:
        onset: samples before the sound begins; none where it starts within a millisecond. At least 20 ms are left.
        noise: so many samples as the onset, or none where only silence lies before it.
        notes: on noise that is passed over.
    """

    onset: int
    noise: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Excerpt:
    """What is matched of a sample.

    Attributes:
        audio: the sample, or of a loop what lies before the second hit, (1, 1, samples).
        lead_in: what lies before the onset.
        hits: separate hits of the whole sample, 1 for a one-shot.
        notes: what the user should know, one sentence each.
    """

    audio: Audio
    lead_in: LeadIn
    hits: int
    notes: tuple[str, ...]


def excerpt(sample: Audio, sample_rate: int, *, whole: bool = False) -> Excerpt:
    """What is matched of a sample (1, 1, samples): the first hit of a loop, or all where the whole is wanted."""
    before = lead_in(sample, sample_rate)
    found = hits(sample, sample_rate, before.onset)
    if len(found) == 1:
        return Excerpt(sample, before, 1, before.notes)
    loop = f"this looks like a loop of {len(found)} hits"
    if whole:
        return Excerpt(sample, before, len(found), (*before.notes, f"{loop}, and all of it is matched"))
    first = sample[..., : found[1].at]
    # Anew, since a louder hit further on says nothing about the noise before the first.
    before = lead_in(first, sample_rate)
    part = f"from {before.onset / sample_rate:.2f} to {found[1].at / sample_rate:.2f} s"
    said = f"{loop}: the first, {part}, is matched; `whole` (--whole) matches all of it"
    return Excerpt(first, before, len(found), (*before.notes, said))


def lead_in(sample: Audio, sample_rate: int) -> LeadIn:
    """What lies before the onset of (1, 1, samples)."""
    latest = sample.shape[-1] - round(_LEAST_HEARD_S * sample_rate)
    onset = min(int(onsets(sample, sample_rate)), latest)
    if onset < _LEAST_ONSET_S * sample_rate:
        return LeadIn(0, 0, ())
    level_db = lead_in_db(sample, onset, sample_rate)
    if level_db is None:
        return LeadIn(onset, 0, ())
    said = f"the first {onset / sample_rate:.2f} s lie {int(-level_db)} dB or more below the hit"
    return LeadIn(onset, onset, (f"{said} and were passed over as lead-in noise",))
