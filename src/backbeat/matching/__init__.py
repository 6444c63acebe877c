"""Find the patch that makes the sound of a one-shot."""

from backbeat.matching.one_shot import AUTO, QUALITIES, Progress, Quality, effort, kept_by, match
from backbeat.matching.result import MatchResult

__all__ = ["AUTO", "QUALITIES", "MatchResult", "Progress", "Quality", "effort", "kept_by", "match"]
