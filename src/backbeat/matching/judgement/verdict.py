"""The five judgements of a match, together."""

from dataclasses import dataclass

from backbeat.families import Family, family_of, is_noisy
from backbeat.losses.distances import distances
from backbeat.losses.inputs import single
from backbeat.matching.judgement.alive import Alive, judge_alive
from backbeat.matching.judgement.bounded import Bounded, judge_bounded
from backbeat.matching.judgement.heard import LONGER
from backbeat.matching.judgement.near import Near, judge_near
from backbeat.matching.judgement.small import detail_in, numbers_in
from backbeat.matching.judgement.true import Turn, judge_true, share_true
from backbeat.patch import Patch, Placement
from backbeat.patch.detail import voice_of
from backbeat.types import Audio


@dataclass(frozen=True)
class Judgement:
    """What a match is worth to who plays it.

    Attributes:
        family: whose floor its distances are set beside.
        near: how near it is.
        turns: its knobs, turned.
        bounded: how it ends.
        alive: how its noise changes with the seed; none of a sound that was not noise.
        numbers: in the voice.
        detail: partials and bands beside it.
        voice: how near the voice is without them.
    """

    family: Family
    near: Near
    turns: tuple[Turn, ...]
    bounded: Bounded
    alive: Alive | None
    numbers: int
    detail: int
    voice: Near

    @property
    def true(self) -> float | None:
        """The share of turns that hold."""
        return share_true(self.turns)


def judge(patch: Patch, target: Audio, sample_rate: int, *, name: str = "", lead_in: int = 0) -> Judgement:
    """Judge a match by how near, true, bounded, alive and small it is.

    It renders the patch some forty times, up to three times the length of the target.

    Args:
        patch: the match; where it was not found by one, it begins with the target.
        target: the one-shot, (1, 1, samples).
        sample_rate: of the target, in Hz.
        name: the sound's, which tells its family and whether it is noise; none is `perc`.
        lead_in: samples of noise before the hit, which distances leave out.

    Raises:
        BackbeatError: where the target is not one sound of one channel.
    """
    sample = single(target, "target")[0].double()
    family = family_of(name) or Family.PERC
    onset = patch.placement.onset_samples if patch.placement else 0
    where = Placement(sample_rate, len(sample), onset)
    longer = Placement(sample_rate, LONGER * len(sample), onset)
    found = distances(patch.render(where)[..., lead_in:], target[..., lead_in:], sample_rate)
    voice = voice_of(patch).render(where)
    alone = distances(voice[..., lead_in:], target[..., lead_in:], sample_rate)
    return Judgement(
        family,
        judge_near(found, family),
        judge_true(patch, where),
        judge_bounded(patch.render(longer)[0, 0].double(), sample, sample_rate),
        judge_alive(patch, target, where, lead_in) if is_noisy(name) else None,
        numbers_in(patch),
        detail_in(patch),
        judge_near(alone, family),
    )
