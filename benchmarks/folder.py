"""The one-shots that a benchmark runs over."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from backbeat.audio.folders import SUFFIXES, passed_over, samples


def one_shots(
    parser: argparse.ArgumentParser,
    folder: Path,
    *,
    most: int | None = None,
    fits: Callable[[Path], bool] = lambda path: True,
) -> list[Path]:
    """Sound files of a folder in order, those that fit, and at most so many, evenly spread; none ends the program."""
    if not folder.is_dir():
        parser.error(f"{folder}: no folder of that name; must be one of one-shots")
    found, passed = samples(folder.iterdir(), folder)
    if passed:
        print(f"{folder}: {passed_over(passed)}", file=sys.stderr)
    paths = [path for path in found if fits(path)]
    if not paths:
        parser.error(f"{folder}: no one-shots that fit; must hold {', '.join(SUFFIXES)} files")
    count = min(most or len(paths), len(paths))
    return [paths[k * len(paths) // count] for k in range(count)]
