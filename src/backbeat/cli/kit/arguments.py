"""Arguments that more than one command of `backbeat kit` takes."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from backbeat.errors import UsageError

if TYPE_CHECKING:
    from backbeat.kits import Kit

KitArgument: TypeAlias = Annotated[
    str, typer.Argument(metavar="KIT", help="A kit file, or the name of a kit that comes with backbeat.")
]
SampleRate: TypeAlias = Annotated[int, typer.Option(min=8000, max=192000, help="In Hz.")]


def read_kit(text: str) -> "Kit":
    """The kit file or factory kit that an argument names.

    Raises:
        KitError: where the file is not a kit.
        UsageError: where it is no file and no factory kit has that name.
    """
    from backbeat.kits import load_kit
    from backbeat.kits.factory import factory_kit, factory_kits

    path = Path(text)
    if text in factory_kits() and not path.is_file():
        return factory_kit(text)
    if path.exists() or path.suffix == ".json":
        return load_kit(path)
    raise UsageError(f"kit: found {text!r}; must be a kit file, or one of {', '.join(factory_kits())}")


def threads() -> int:
    """As many as there are processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
