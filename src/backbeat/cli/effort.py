"""The options that say what may be spent on a match."""

from typing import Annotated, Literal, TypeAlias

import typer

from backbeat.cli.arguments import parsed
from backbeat.errors import MatchError, UsageError

PluginOrAuto: TypeAlias = Annotated[
    str,
    typer.Option("--plugin", help="The instrument (see `backbeat plugins`), or auto: what the sound is of."),
]
Quality: TypeAlias = Annotated[
    Literal["draft", "normal", "best"], typer.Option("--quality", help="What to spend: time for distance.")
]
Detail: TypeAlias = Annotated[
    Literal["off", "normal", "full"] | None,
    typer.Option(
        "--detail", help="Partials and noise beside the instrument's own sound: none (a draft's), some, or many."
    ),
]
Steps: TypeAlias = Annotated[
    int | None, typer.Option("--steps", min=1, max=100_000, help="Steps of descent, instead of the quality's.")
]
Starts: TypeAlias = Annotated[
    int | None,
    typer.Option("--starts", min=1, max=1024, help="Start values to descend from, instead of the quality's."),
]
Start: TypeAlias = Annotated[
    Literal["analysis", "inverter"],
    typer.Option("--start", help="What proposes where to begin: analysis alone, or a network too."),
]
Seed: TypeAlias = Annotated[
    int, typer.Option("--seed", min=0, max=2**31 - 1, help="The same seed gives the same patch.")
]

Whole: TypeAlias = Annotated[
    bool, typer.Option("--whole", help="Of a sample with several hits, match all, not the first alone.")
]

Keep: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--keep",
        metavar="NAME=VALUE",
        help="A parameter that stays at this value (pitch_hz=50); may be repeated.",
    ),
]


def kept_of(settings: list[str] | None, plugin: str) -> dict[str, object]:
    """Values by name, once the plugin, or one that auto may choose, is found to have them.

    Raises:
        UsageError: at a setting of another form, or where no instrument has them.
    """
    from backbeat.matching import kept_by

    keep = dict(parsed("--keep", each) for each in settings or [])
    try:
        kept_by(plugin, keep)
    except MatchError as error:
        raise UsageError(f"--{error}") from error
    return keep
