"""`backbeat kit check`: whether a kit can be read, and how its pads sound beside each other."""

from dataclasses import asdict

import typer

from backbeat.cli.kit.arguments import KitArgument, SampleRate, read_kit, threads
from backbeat.cli.output import AsJson, say, say_json


def check(source: KitArgument, sample_rate: SampleRate = 44100, as_json: AsJson = False) -> None:
    """Read a kit, render the hardest and softest hit of each pad, and say what a player would stumble over.

    The exit status is 1 where there is something.
    """
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
        say(f"{kit.name}: {len(found)} pads, " + (f"{problems} problems" if problems else "nothing to mend"))
    if problems:
        raise typer.Exit(1)
