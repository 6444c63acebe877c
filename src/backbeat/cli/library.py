"""`backbeat library`: whole folders of one-shots."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from backbeat.cli.effort import (
    Detail,
    Keep,
    PluginOrAuto,
    Quality,
    Seed,
    Start,
    Starts,
    Steps,
    Whole,
    kept_of,
)
from backbeat.cli.executor import Address, ExecutorName, Workers, executor_of
from backbeat.cli.output import AsJson, collect_garbage, say, say_error, say_json, say_note
from backbeat.cli.progress import counting

if TYPE_CHECKING:
    from backbeat.library import Entry

library = typer.Typer(no_args_is_help=True, help="Match whole folders of samples, and ask what is in them.")

Folder = Annotated[Path, typer.Argument(metavar="LIBRARY", help="A folder that `library match` has written.")]
Count = Annotated[int, typer.Option(min=1, help="How many to show.")]


@library.command()
def match(
    folder: Annotated[Path, typer.Argument(help="Where the samples are; folders within it become labels.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write to; a library begun there goes on.")],
    plugin: PluginOrAuto = "auto",
    quality: Quality = "normal",
    detail: Detail = None,
    steps: Steps = None,
    starts: Starts = None,
    start: Start = "analysis",
    seed: Seed = 0,
    whole: Whole = False,
    keep: Keep = None,
    executor: ExecutorName = "local",
    address: Address = None,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Find a patch for every sample below a folder.

    Writes patches, sounds and pictures, an index (SQLite), and index.html to look through and listen to. Files that
    cannot be matched are told at the end. Stopped on its way, or run again later, it does what is not done yet.
    """
    from backbeat.audio.folders import passed_over
    from backbeat.library import Settings, match_folder

    collect_garbage()
    kept = kept_of(keep, plugin)
    settings = Settings(plugin, quality, steps, starts, start, seed, whole, detail, kept)
    with counting(folder.name) as show, executor_of(executor, workers, address) as workplace:
        found = match_folder(folder, out, settings, executor=workplace, progress=show)
    if found.passed_over:
        say_note(f"{folder}: {passed_over(found.passed_over)}")
    for path, reason in found.failures:
        say_error(f"{path.as_posix()}: {reason}")
    page = out / "index.html"
    if as_json:
        facts = {"files": found.files, "matched": found.matched, "sounds": found.sounds}
        facts |= {"failed": len(found.failures), "passed_over": found.passed_over}
        say_json({"folder": str(out), **facts, "page": str(page)})
    else:
        say(f"{out}: {found.matched} of {found.files} files matched, {found.sounds} different sounds")
        say(f"  {page}")
    if found.failures:
        raise typer.Exit(1)


@library.command()
def show(
    folder: Folder,
    order: Annotated[Literal["path", "best", "worst"], typer.Option(help="Worst: the farthest match first.")] = "path",
    label: Annotated[str | None, typer.Option(help="Only samples in this folder, or below it.")] = None,
    plugin: Annotated[str | None, typer.Option(help="Only samples that this plugin came nearest to.")] = None,
    count: Count = 20,
    as_json: AsJson = False,
) -> None:
    """List samples and how near their matches are."""
    from backbeat.library import Library

    for entry in Library(folder).entries(order, label=label, plugin=plugin)[:count]:
        _print(folder, entry, {}, _distances_of(entry), as_json=as_json)


@library.command()
def nearest(
    folder: Folder,
    sound: Annotated[Path, typer.Argument(help="A sample, of the library or not.")],
    count: Count = 10,
    as_json: AsJson = False,
) -> None:
    """List the samples that are most like a sound, the nearest first."""
    from backbeat.library import Library

    for distance_db, entry in Library(folder).nearest(sound, count):
        facts = {"distance_db": distance_db}
        _print(folder, entry, facts, f"{distance_db:.1f} dB from it; {_distances_of(entry)}", as_json=as_json)


@library.command()
def duplicates(folder: Folder, as_json: AsJson = False) -> None:
    """List files that hold the same sound, a line each time."""
    from backbeat.library import Library

    for group in Library(folder).duplicates():
        paths = [path.as_posix() for path in group]
        if as_json:
            say_json({"same": paths})
        else:
            say(" = ".join(paths))


@library.command()
def failures(folder: Folder, as_json: AsJson = False) -> None:
    """List files without a match, and why."""
    from backbeat.library import Library

    for path, reason in Library(folder).failures():
        if as_json:
            say_json({"sample": path.as_posix(), "reason": reason})
        else:
            say(f"{path.as_posix()}: {reason}")


def _distances_of(entry: "Entry") -> str:
    found = entry.distances
    return f"{entry.plugin}, mel {found.mel_db:.2f} dB, envelope {found.envelope_db:.2f} dB"


def _print(folder: Path, entry: "Entry", facts: dict[str, float], text: str, *, as_json: bool) -> None:
    from backbeat.library import MATCHES

    if as_json:
        patch = f"{folder / MATCHES / entry.stem}.patch.json"
        distances = entry.distances.as_dict()
        say_json({"sample": entry.path.as_posix(), **facts, "plugin": entry.plugin, "patch": patch, **distances})
    else:
        say(f"{entry.path.as_posix()}: {text}")
