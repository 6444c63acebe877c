"""What a match gives back."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from backbeat.losses.distances import Distances
from backbeat.matching.description import Description, describe
from backbeat.patch import Patch
from backbeat.types import Audio


@dataclass(frozen=True)
class MatchResult:
    """A patch for a one-shot, what it sounds like, and how it was found.

    Attributes:
        name: the target's name, without folder or suffix.
        patch: the patch; rendering it gives `audio`, sample for sample.
        audio: the patch's sound, (1, 1, samples), float32 on the CPU.
        target: the one-shot, or what was matched of a loop, (1, 1, samples), float32 on the CPU.
        sample_rate: of both, in Hz.
        distances: from `target` to `audio`, without the lead-in.
        voice_distances: from `target` to the patch without its detail.
        history: the lowest loss so far, after each step.
        steps: optimisation steps taken.
        seconds: wall-clock time of the whole match.
        timings: seconds by stage ("analysis", "search", …).
        unmatched: what it could not reach, worst first, in words; nothing where all is near.
        notes: what the user should know, one sentence each.
        interrupted: whether the search was stopped by hand before its end.
        complete: whether all steps were taken.
        lead_in: samples of noise before the hit, which `distances` and `unmatched` leave out.
        hits: separate hits of the sample: 1 for a one-shot, more for a loop.
    """

    name: str
    patch: Patch
    audio: Audio
    target: Audio
    sample_rate: int
    distances: Distances
    voice_distances: Distances
    history: tuple[float, ...]
    steps: int
    seconds: float
    timings: Mapping[str, float]
    unmatched: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    interrupted: bool = False
    complete: bool = True
    lead_in: int = 0
    hits: int = 1

    @cached_property
    def descriptions(self) -> tuple[Description, Description]:
        """What is heard of the target and of the match, measured when first asked for."""
        onset = self.patch.placement.onset_samples if self.patch.placement else 0
        target, match = (describe(each[..., onset:], self.sample_rate) for each in (self.target, self.audio))
        return target, match

    @property
    def voice_remark(self) -> str:
        """How near the voice comes alone; nothing where it is alone."""
        if self.voice_distances == self.distances:
            return ""
        detail = self.patch.detail_text
        return f"{self.patch.plugin} without its detail ({detail}): mel {self.voice_distances.mel_db:.2f} dB"

    @property
    def remarks(self) -> tuple[str, ...]:
        """How near the voice comes alone, what was not matched, and the notes."""
        voice = (self.voice_remark,) if self.voice_remark else ()
        return (*voice, *(f"not matched: {each}" for each in self.unmatched), *self.notes)
