"""What a match is worth to who plays it: near, true, bounded, alive and small.

- near: its distances as shares of those between two takes of one drum.
- true: each turn of a knob is heard as what the knob says.
- bounded: it ends where its sample ends.
- alive: what was noise is noise, and another seed another hit.
- small: how few numbers its voice has, and how few partials and bands its detail.
"""

from backbeat.matching.judgement.alive import Alive, judge_alive
from backbeat.matching.judgement.bounded import Bounded, judge_bounded
from backbeat.matching.judgement.near import Near, judge_near
from backbeat.matching.judgement.small import detail_in, numbers_in
from backbeat.matching.judgement.true import Turn, judge_true, share_true
from backbeat.matching.judgement.verdict import Judgement, judge

__all__ = [
    "Alive",
    "Bounded",
    "Judgement",
    "Near",
    "Turn",
    "detail_in",
    "judge",
    "judge_alive",
    "judge_bounded",
    "judge_near",
    "judge_true",
    "numbers_in",
    "share_true",
]
