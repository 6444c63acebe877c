"""`backbeat kit check`: whether a kit can be read, and how its pads sound beside each other."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from backbeat.cli.kit.arguments import SampleRate, is_of_sampler, read_kit, threads
from backbeat.cli.output import AsJson, counted, say, say_json

_IN_FOLDERS = (".sfz", ".dspreset", ".xml", ".xpm")
"""Files of exports that are whole folders."""


def check(
    source: Annotated[
        str,
        typer.Argument(metavar="KIT", help="A kit file, the name of a kit, or what `kit export` wrote for a sampler."),
    ],
    sample_rate: SampleRate = 44100,
    as_json: AsJson = False,
) -> None:
    """Say what a player would stumble over; the exit status is 1 where there is something.

    Of a kit, the hardest and softest hit of each pad are rendered. Of an export, files, names, layers and sample
    formats are looked at.
    """
    if is_of_sampler(source):
        _check_export(Path(source), as_json)
        return
    from backbeat.kits.checking import check_pads

    kit = read_kit(source)
    found = check_pads(kit, sample_rate=sample_rate, threads=threads())
    problems = sum(len(each.problems) for each in found)
    if as_json:
        say_json({"name": kit.name, "problems": problems, "pads": [asdict(each) for each in found]})
    else:
        width = max(len(each.pad) for each in found)
        for each in found:
            levels = f"peak {each.peak_db:6.1f} dBFS, loudness {each.loudness_db:6.1f} dB, {each.length_s:5.2f} s"
            say(f"{each.pad.ljust(width)}  {levels}")
            for problem in each.problems:
                say(f"  {problem}")
        verdict = counted(problems, "problem") if problems else "nothing to mend"
        say(f"{kit.name}: {counted(len(found), 'pad')}, {verdict}")
    if problems:
        raise typer.Exit(1)


def _check_export(path: Path, as_json: bool) -> None:
    from backbeat.samplers.checking import check as faults_of

    if path.suffix.lower() in _IN_FOLDERS:
        path = path.parent
    faults = faults_of(path)
    if as_json:
        say_json({"export": str(path), "problems": list(faults)})
    else:
        for fault in faults:
            say(fault)
        say(f"{path}: " + (counted(len(faults), "problem") if faults else "nothing to mend"))
    if faults:
        raise typer.Exit(1)
