"""Find the patch that makes the sound of a one-shot."""

from backbeat.matching.one_shot import DEFAULT_STARTS, DEFAULT_STEPS, Progress, match
from backbeat.matching.result import MatchResult

__all__ = ["DEFAULT_STARTS", "DEFAULT_STEPS", "MatchResult", "Progress", "match"]
