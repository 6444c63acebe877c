"""`backbeat song`: patterns of steps and MIDI files."""

from pathlib import Path
from typing import Annotated

import typer

from backbeat.cli.output import check_folder, say
from backbeat.errors import UsageError

song = typer.Typer(no_args_is_help=True, help="Turn patterns of steps into MIDI files.")


@song.callback()
def _group() -> None:
    """Have commands by name, though there is one."""


@song.command("to-midi")
def to_midi(
    source: Annotated[Path, typer.Argument(metavar="PATTERN", help="A pattern: a text file of steps.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The MIDI file to write.")],
    seed: Annotated[
        int, typer.Option(min=0, max=2**31 - 1, help="Another seed gives other chances and another humanize.")
    ] = 0,
) -> None:
    """Write a pattern as a MIDI file: swing, flams, ratchets, chances and humanize are in it."""
    from backbeat.songs import read_song, write_midi

    check_folder(out)
    if out.resolve() == source.resolve():
        raise UsageError(f"{out}: would overwrite the pattern; choose another --out")
    write_midi(read_song(source, seed=seed), out)
    say(str(out))
