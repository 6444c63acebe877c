"""What each part of an honest match brings, near against true: matches without one of them, and details of other sizes.

    python benchmarks/ablation.py FOLDER --most 14 --out benchmarks/results/ablation.json
    python benchmarks/ablation.py FOLDER --only "no detail" "64 partials, 32 bands"

`playable.py` says what the columns are.
"""

import argparse
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any
from unittest.mock import patch

from torch import Tensor

from backbeat.matching import detailing
from backbeat.matching.ending import Ending
from backbeat.matching.judgement import Judgement
from folder import one_shots
from machine import describe_machine, write_figures
from playable import by_macro, measure, percent, summarise

DETAIL = "backbeat.matching.detailing"


def detail_of(partials: int, bands: int) -> Mapping[str, Any]:
    """Details of at most so many parts."""
    return {f"{DETAIL}.DETAILS": {**detailing.DETAILS, "normal": (partials, bands)}}


def as_found(params: Tensor, *rest: object) -> Tensor:
    """Params as the search left them."""
    return params


def unheard(ending: Ending, sounds: Tensor) -> Tensor:
    """A loss that does not listen past the end."""
    return 0.0 * sounds.sum((-1, -2))


VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "as it is": {},
    "no detail": detail_of(0, 0),
    "4 partials, 4 bands": detail_of(4, 4),
    "12 partials, 8 bands": detail_of(12, 8),
    "64 partials, 32 bands": detail_of(64, 32),
    "the time past the end ignored": {"backbeat.matching.ending.Ending.__call__": unheard},
    "no part put to rest": {"backbeat.matching.one_shot.put_to_rest": as_found},
    "no test of tonality": {f"{DETAIL}._TONAL_DB": -200.0},
    "partials without a price": {f"{DETAIL}._PRICE": -1e9},
    "one seed": {f"{DETAIL}._IN_TURN": 1},
    "no loss of the voice alone": {f"{DETAIL}._VOICE_WEIGHT": 0.0},
    "length not turned": {f"{DETAIL}._STRETCH_WEIGHT": 0.0},
    "knobs not tried": {f"{DETAIL}._FAULT": 1e-9},
}
"""For each variant, the full names of what it replaces, and the replacements."""
COLUMNS = ("mel", "p90", "voice", "envelope", "true", "length", "bright", "sweep", "bounded", "alive", "detail")


def judged(task: tuple[str, Path]) -> Judgement | None:
    """A match of one file, without one part of what makes it; none where there is no match."""
    name, path = task
    with ExitStack() as stack:
        for replaced, value in VARIANTS[name].items():
            stack.enter_context(patch(replaced, value))
        return measure(path, "auto", "normal", seed=0).judged


def figures(found: list[Judgement]) -> dict[str, Any]:
    """The figures of all matches of one variant."""
    shares = {macro: each["true"] for macro, each in by_macro(found).items()}
    return {**asdict(summarise(found)), **{name: shares.get(name) for name in ("length", "brightness", "sweep")}}


def cells(row: Mapping[str, Any]) -> list[str]:
    """A line of the table."""
    near = [f"{row[name]:.2f}" for name in ("mel", "mel_p90", "voice", "envelope")]
    true = [percent(row[name]) for name in ("true", "length", "brightness", "sweep", "bounded", "alive")]
    return [*near, *true, f"{row['detail']:.0f}"]


def main() -> None:
    """Match every file in every way; print and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="one-shots, named FAMILY-NAME")
    parser.add_argument("--most", type=int, default=14, help="so many files, evenly spread over the folder")
    parser.add_argument("--only", nargs="+", choices=list(VARIANTS), default=list(VARIANTS), metavar="VARIANT")
    parser.add_argument("--jobs", type=int, default=2, help="so many at once, on one thread each")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    arguments = parser.parse_args()

    paths = one_shots(parser, arguments.folder, most=arguments.most)
    print(f"{'':32}" + "".join(f"{column:>9}" for column in COLUMNS))
    table = {}
    with ProcessPoolExecutor(arguments.jobs) as pool:
        every = pool.map(judged, [(name, path) for name in arguments.only for path in paths])
        for name in arguments.only:
            found = [each for each in islice(every, len(paths)) if each is not None]
            if not found:
                parser.error(f"{arguments.folder}: no file could be matched")
            table[name] = figures(found)
            print(f"{name:32}" + "".join(f"{cell:>9}" for cell in cells(table[name])), flush=True)
    if arguments.out:
        document = {"machine": describe_machine(), "files": [path.name for path in paths], "variants": table}
        write_figures(arguments.out, document)


if __name__ == "__main__":
    main()
