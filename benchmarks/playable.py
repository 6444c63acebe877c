"""Whether matches can be played: how near, true, bounded, alive and small each is, over a folder of one-shots.

    python benchmarks/playable.py FOLDER --out benchmarks/results/playable.json --picture docs/images/playable.png
    python benchmarks/playable.py FOLDER --family kick --plugin kick --quality draft --most 4

A file named FAMILY-NAME counts to that family. `backbeat.matching.judgement` says what each judgement is.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import torch

import backbeat
from backbeat.families import FLOORS, family_of
from backbeat.matching import QUALITIES
from backbeat.matching.judgement import Judgement, Turn, judge, share_true
from folder import one_shots
from machine import describe_machine, write_figures
from playable_picture import draw

TITLES = ("", "files", "mel", "p90", "MR-STFT", "envelope", "true", "bounded", "alive", "numbers", "detail", "voice")


@dataclass(frozen=True)
class Row:
    """One sample's match and what it is worth, or why there is none."""

    sample: str
    family: str
    plugin: str = ""
    error: str = ""
    judged: Judgement | None = None


@dataclass(frozen=True)
class Summary:
    """Figures of many matches; none where no match has one.

    Attributes:
        files: matches.
        mel, mel_p90, mrstft, envelope: shares of the floor: medians, and the 90th percentile of the first.
        true: the share of all turns that hold.
        turns: so many were judged.
        bounded: the share that is.
        alive: the share that is, of the noisy ones.
        noisy: so many.
        numbers: in the voice, median.
        detail: partials and bands beside it, median.
        voice, voice_p90: mel distance of the voice alone as a share of the floor, median and 90th percentile.
    """

    files: int
    mel: float
    mel_p90: float
    mrstft: float
    envelope: float
    true: float | None
    turns: int
    bounded: float
    alive: float | None
    noisy: int
    numbers: float
    detail: float
    voice: float
    voice_p90: float


def measure(path: Path, plugin: str, quality: str, seed: int) -> Row:
    """Match one file and judge it."""
    torch.set_num_threads(1)  # as the command `match` has it
    family = family_of(path.stem) or "perc"
    try:
        result = backbeat.match(path, plugin, quality=quality, seed=seed)
    except backbeat.BackbeatError as error:
        return Row(path.name, family, error=str(error))
    judged = judge(result.patch, result.target, result.sample_rate, name=path.stem, lead_in=result.lead_in)
    return Row(path.name, family, result.patch.plugin, judged=judged)


def summarise(judged: Sequence[Judgement]) -> Summary:
    """All five, of some matches."""
    near = [each.near for each in judged]
    mel, voice = sorted(each.mel for each in near), sorted(each.voice.mel for each in judged)
    turns = tuple(turn for each in judged for turn in each.turns if turn.holds is not None)
    alive = [each.alive.holds for each in judged if each.alive]
    return Summary(
        files=len(judged),
        mel=median(mel),
        mel_p90=mel[round(0.9 * (len(mel) - 1))],
        mrstft=median(each.mrstft for each in near),
        envelope=median(each.envelope for each in near),
        true=share_true(turns),
        turns=len(turns),
        bounded=sum(each.bounded.holds for each in judged) / len(judged),
        alive=sum(alive) / len(alive) if alive else None,
        noisy=len(alive),
        numbers=median(each.numbers for each in judged),
        detail=median(each.detail for each in judged),
        voice=median(voice),
        voice_p90=voice[round(0.9 * (len(voice) - 1))],
    )


def by_macro(judged: Iterable[Judgement]) -> dict[str, dict[str, float | int | None]]:
    """For each knob the share of its turns that hold, how many were judged, and how many had nothing to turn."""
    turns: dict[str, list[Turn]] = {}
    for each in judged:
        for turn in each.turns:
            turns.setdefault(turn.macro, []).append(turn)
    return {
        macro: {
            "true": share_true(tuple(found)),
            "turns": sum(turn.holds is not None for turn in found),
            "left_out": sum(turn.holds is None for turn in found),
        }
        for macro, found in turns.items()
    }


def percent(share: float | None) -> str:
    """A share for a table."""
    return "-" if share is None else f"{share:.0%}"


def line(cells: Sequence[str]) -> str:
    """One line of the table."""
    return f"{cells[0]:32}" + "".join(f"{cell:>9}" for cell in cells[1:])


def of_match(row: Row) -> str:
    """A match's line."""
    if row.judged is None:
        return f"{row.sample}: {row.error}"
    near, bounded, alive = row.judged.near, row.judged.bounded, row.judged.alive
    shares = [f"{share:.2f}" for share in (near.mel, near.mrstft, near.envelope)]
    said = ["yes" if bounded.holds else "no", "-" if alive is None else "yes" if alive.holds else "no"]
    cells = [row.sample, row.plugin, shares[0], "", *shares[1:], percent(row.judged.true), *said]
    return line([*cells, str(row.judged.numbers), str(row.judged.detail), f"{row.judged.voice.mel:.2f}"])


def of_many(label: str, found: Summary) -> str:
    """A summary's line."""
    shares = [f"{share:.2f}" for share in (found.mel, found.mel_p90, found.mrstft, found.envelope)]
    said = [percent(share) for share in (found.true, found.bounded, found.alive)]
    small = [f"{found.numbers:.0f}", f"{found.detail:.0f}", f"{found.voice:.2f}"]
    return line([label, str(found.files), *shares, *said, *small])


def main() -> None:
    """Match and judge every file; write the table, JSON and picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="one-shots, named FAMILY-NAME")
    parser.add_argument("--plugin", default="auto")
    parser.add_argument("--quality", default="normal", choices=list(QUALITIES))
    parser.add_argument("--family", help="only this family")
    parser.add_argument("--most", type=int, help="so many files, evenly spread over the folder")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    parser.add_argument("--picture", type=Path, help="draw them here as PNG")
    arguments = parser.parse_args()

    paths = one_shots(
        parser,
        arguments.folder,
        most=arguments.most,
        fits=lambda path: path.stem.startswith(f"{arguments.family}-" if arguments.family else ""),
    )
    print(line(TITLES))
    rows = []
    for path in paths:
        rows.append(measure(path, arguments.plugin, arguments.quality, arguments.seed))
        print(of_match(rows[-1]), flush=True)
    judged = [(row.family, row.judged) for row in rows if row.judged is not None]
    if not judged:
        sys.exit("no file could be matched")

    everything = [each for _, each in judged]
    families = {
        family: summarise(found) for family in FLOORS if (found := [each for own, each in judged if own == family])
    }
    overall, macros = summarise(everything), by_macro(everything)
    print()
    print(line(TITLES))
    for family, summary in families.items():
        print(of_many(family, summary))
    print(of_many("all", overall))
    print("distances are shares of the distance of two takes; `alive` is of noisy sounds")
    print("`voice` is the mel distance without the detail")
    print()
    for macro, of_macro in macros.items():
        said = f"{macro:16}{percent(of_macro['true']):>6} of {of_macro['turns']:3} turns"
        print(said + (f", {of_macro['left_out']} left out" if of_macro["left_out"] else ""))
    if arguments.out:
        document = {
            "plugin": arguments.plugin,
            "quality": arguments.quality,
            "seed": arguments.seed,
            "machine": describe_machine(),
            "overall": asdict(overall),
            "families": {family: asdict(summary) for family, summary in families.items()},
            "macros": macros,
            "failures": len(rows) - len(judged),
            "rows": [asdict(row) for row in rows],
        }
        write_figures(arguments.out, document)
    if arguments.picture:
        draw(judged, arguments.picture)


if __name__ == "__main__":
    main()
