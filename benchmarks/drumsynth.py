"""How near patches of DrumSynth files come to the sound of the files' own synthesizer.

    python benchmarks/drumsynth.py FOLDER --count 100 --lmms --out benchmarks/results/drumsynth.json
    python benchmarks/drumsynth.py FOLDER --count 40 --compare --quality draft

FOLDER holds `.ds` files, at any depth, such as the samples of Debian's lmms-common. The sound is that which LMMS makes
of a file, with `--lmms` (Debian's lmms), and else backbeat's own rendering of it. With `--compare`, every file is also
translated alone, and matched without its translation.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

import torch

import backbeat
from backbeat.drumsynth import match_drumsynth, read
from backbeat.drumsynth.document import RATE_HZ, SUFFIX
from backbeat.drumsynth.importing import translated
from backbeat.drumsynth.rendering import render
from backbeat.matching import QUALITIES
from backbeat.matching.distance import distance_to
from backbeat.types import Audio
from machine import describe_machine, write_figures

FIGURES = ("mel_db", "own_mel_db", "rendering_db", "seeds_db", "translation_db", "match_db", "seconds")
HEADINGS = ("mel", "to ours", "ours", "seeds", "transl.", "match", "seconds")
BARS_PER_S = 140.0 / 240.0
PROJECT = """<?xml version="1.0"?>
<!DOCTYPE lmms-project>
<lmms-project version="1.0" creator="LMMS" creatorversion="1.2.2" type="song">
<head timesig_numerator="4" timesig_denominator="4" bpm="140" mastervol="100" masterpitch="0"/>
<song><trackcontainer type="song"><track muted="0" type="0" name="sound" solo="0">
<instrumenttrack vol="100" pan="0" fxch="0" basenote="57" pitch="0" usemasterpitch="1">
<instrument name="audiofileprocessor"><audiofileprocessor src={path} amp="100" sframe="0" eframe="1" lframe="0"
looped="0" reversed="0" stutter="0" interp="1"/></instrument>
</instrumenttrack>
<pattern type="1" muted="0" steps="16" name="sound" pos="0" len="{ticks}">
<note vol="100" key="57" pan="0" pos="0" len="{ticks}"/></pattern>
</track></trackcontainer></song>
</lmms-project>
"""
"""One note at the pitch of the sound."""


@dataclass(frozen=True)
class Row:
    """One file; figures are none where they were not asked for, or have no meaning.

    Attributes:
        file: below the folder.
        plugin: of the patch.
        error: why there is no patch.
        mel_db: from the synthesizer's sound to the patch; none where LMMS crashes.
        own_mel_db: from backbeat's rendering of the file to the patch.
        rendering_db: from LMMS's sound to backbeat's rendering.
        seeds_db: from backbeat's rendering to the same with other noise.
        translation_db: from backbeat's rendering to the nearest translation.
        match_db: the same to a match without translations.
        seconds: of the import.
    """

    file: str
    plugin: str = ""
    error: str = ""
    mel_db: float | None = None
    own_mel_db: float | None = None
    rendering_db: float | None = None
    seeds_db: float | None = None
    translation_db: float | None = None
    match_db: float | None = None
    seconds: float | None = None


def played_by_lmms(path: Path, samples: int) -> Audio | None:
    """What LMMS makes of a file, (1, 1, samples); none where it crashes, as LMMS 1.2.2 does now and then."""
    ticks = 192 * (1 + int(samples / RATE_HZ * BARS_PER_S))
    with tempfile.TemporaryDirectory() as folder:
        project, wave = Path(folder) / "sound.mmp", Path(folder) / "sound.wav"
        project.write_text(PROJECT.format(path=quoteattr(str(path.resolve())), ticks=ticks), encoding="utf-8")
        how = ["-f", "wav", "-s", str(RATE_HZ), "-a", "-i", "linear", "-x", "1", "-o", str(wave)]
        done = subprocess.run(
            ["lmms", "--allowroot", "render", str(project), *how],
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": folder},
            capture_output=True,
            timeout=120,
        )
        if done.returncode:
            return None
        sound = backbeat.read(wave).audio[:, :1, :samples]
    return torch.nn.functional.pad(sound, (0, samples - sound.shape[-1]))


def mel_db(estimate: Audio, target: Audio) -> float:
    """Mel distance."""
    return backbeat.distances(estimate, target, RATE_HZ).mel_db


def measure(path: Path, folder: Path, quality: str, lmms: bool, compare: bool) -> Row:
    """Import one file."""
    name = str(path.relative_to(folder))
    try:
        began = time.perf_counter()
        found = match_drumsynth(path, quality=quality)
        seconds = time.perf_counter() - began
    except backbeat.BackbeatError as error:
        return Row(name, error=str(error))
    sound, target = read(path), found.target
    samples = target.shape[-1]
    other = torch.from_numpy(render(sound, 1)[:samples]).float()[None, None]
    theirs = played_by_lmms(path, samples) if lmms else target
    translation = match = None
    if compare:
        patches = translated(sound, target)
        if patches:
            distance = distance_to(target, RATE_HZ)
            nearest = min(patches, key=lambda patch: float(distance(patch.render())))
            translation = mel_db(nearest.render(), target)
        match = backbeat.match(target, sample_rate=RATE_HZ, quality=quality, whole=True).distances.mel_db
    return Row(
        name,
        found.patch.plugin,
        mel_db=None if theirs is None else mel_db(found.audio, theirs),
        own_mel_db=found.distances.mel_db,
        rendering_db=mel_db(target, theirs) if lmms and theirs is not None else None,
        seeds_db=mel_db(other, target),
        translation_db=translation,
        match_db=match,
        seconds=seconds,
    )


def summarise(rows: Iterable[Row]) -> dict[str, dict[str, float]]:
    """Median and 90th percentile of every figure."""
    done, summary = list(rows), {}
    for name in FIGURES:
        values = sorted(value for row in done if (value := getattr(row, name)) is not None)
        if values:
            summary[name] = {"median": statistics.median(values), "p90": values[round(0.9 * (len(values) - 1))]}
    return summary


def line(label: str, figures: Iterable[float | None]) -> str:
    """One row of the table."""
    return f"{label:44}" + "".join("        -" if figure is None else f"{figure:9.2f}" for figure in figures)


def main() -> None:
    """Run the benchmark and write its table and JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="with DrumSynth files")
    parser.add_argument("--count", type=int, help="so many files, evenly spread over the folder")
    parser.add_argument("--quality", default="normal", choices=list(QUALITIES))
    parser.add_argument("--lmms", action="store_true", help="compare with what LMMS plays")
    parser.add_argument("--compare", action="store_true", help="also translate alone, and match alone")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    arguments = parser.parse_args()

    paths = sorted(path for path in arguments.folder.rglob("*") if path.suffix.lower() == SUFFIX)
    if not paths:
        parser.error(f"{arguments.folder}: no {SUFFIX} files; must be a folder of them")
    count = min(arguments.count or len(paths), len(paths))
    print(f"{'':44}" + "".join(f"{name:>9}" for name in HEADINGS))
    rows: list[Row] = []
    for path in (paths[k * len(paths) // count] for k in range(count)):
        row = measure(path, arguments.folder, arguments.quality, arguments.lmms, arguments.compare)
        rows.append(row)
        print(row.error or line(f"{row.file} {row.plugin}", (getattr(row, name) for name in FIGURES)))
        sys.stdout.flush()

    done = [row for row in rows if not row.error]
    overall = summarise(done)
    instruments = {name: summarise(row for row in done if row.plugin == name) for name in {row.plugin for row in done}}
    for label, summary in [*sorted(instruments.items()), ("all", overall)]:
        number = sum(label in ("all", row.plugin) for row in done)
        for share in ("median", "p90"):
            print(line(f"{label} ({number}), {share}", (summary.get(name, {}).get(share) for name in FIGURES)))
    print(f"{len(rows)} files, {len(rows) - len(done)} without a patch")
    if arguments.out:
        document = {
            "quality": arguments.quality,
            "lmms": arguments.lmms,
            "machine": describe_machine(),
            "overall": overall,
            "instruments": instruments,
            "rows": [asdict(row) for row in rows],
        }
        write_figures(arguments.out, document)


if __name__ == "__main__":
    main()
