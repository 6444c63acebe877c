"""Samples that are named on a command line."""

from pathlib import Path

from backbeat.cli.output import say_note


def without_leftovers(named: list[Path]) -> list[Path]:
    """The samples without the archive leftovers that a pattern took along, which are told; all, if that is all."""
    from backbeat.audio.folders import left_behind, passed_over

    kept = [sample for sample in named if not left_behind(sample.name)]
    if not kept or len(kept) == len(named):
        return named
    say_note(passed_over(len(named) - len(kept)))
    return kept
