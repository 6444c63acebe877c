"""Arguments that more than one command of `backbeat kit` takes."""

import os
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from backbeat.cli.output import check_folder
from backbeat.errors import KitError, UsageError

if TYPE_CHECKING:
    from backbeat.kits import Kit

KitArgument: TypeAlias = Annotated[
    str, typer.Argument(metavar="KIT", help="A kit file, or the name of a kit that comes with backbeat.")
]
_FIRST_NOTE = 36

SampleRate: TypeAlias = Annotated[int, typer.Option(min=8000, max=192000, help="In Hz.")]


def read_kit(text: str, *, patches: bool = False) -> "Kit":
    """The kit file or factory kit that an argument names.

    Args:
        text: the argument.
        patches: whether it may name a patch file or preset, which becomes a kit of one pad.

    Raises:
        KitError: where the file is not a kit.
        UsageError: where it is no file and no factory kit has that name.
    """
    from backbeat.kits import load_kit
    from backbeat.kits.factory import factory_kit, factory_kits

    path = Path(text)
    if text in factory_kits() and not path.is_file():
        return factory_kit(text)
    if patches and (kit := _kit_of_patch(text)) is not None:
        return kit
    if path.exists() or path.suffix == ".json":
        try:
            return load_kit(path)
        except KitError as error:
            if not is_of_sampler(text):
                raise
            raise UsageError(
                f"{text}: found no kit of patches; `backbeat kit match` makes one of samples and of samplers' kits"
            ) from error
    also = ", a patch file, or a preset" if patches else ""
    near = close_to(text, factory_kits())
    raise UsageError(f"kit: found {text!r}{near}; must be a kit file, or one of {', '.join(factory_kits())}{also}")


def _kit_of_patch(text: str) -> "Kit | None":
    """A kit of one pad, where the argument names a patch file or a preset; else none."""
    from backbeat.errors import PatchError
    from backbeat.kits import Kit, Pad
    from backbeat.patch import load, preset
    from backbeat.songs.notes import note_of

    path = Path(text)
    try:
        patch = load(path) if path.is_file() else preset(text)
    except PatchError:
        return None
    name = patch.name or path.stem.partition(".")[0]
    note = note_of(patch.plugin)
    return Kit(name, (Pad(name, _FIRST_NOTE if note is None else note, patch),))


def close_to(text: str, names: Sequence[str]) -> str:
    """Of names that a word may have meant, the nearest as a question; nothing where none is near."""
    found = get_close_matches(text, names, 1, 0.75)
    return f" (did you mean {found[0]}?)" if found else ""


def is_of_sampler(text: str) -> bool:
    """Whether an argument names a sampler's kit: a folder or file that is no JSON."""
    from backbeat.kits.factory import factory_kits

    path = Path(text)
    return path.is_dir() or (path.is_file() and path.suffix.lower() != ".json" and text not in factory_kits())


def check_kit_file(out: Path) -> None:
    """Refuse, before the work is done, a kit file that could not be written.

    Raises:
        UsageError: naming its folder or its suffix.
    """
    check_folder(out)
    if out.suffix != ".json":
        raise UsageError(f"{out}: suffix {out.suffix!r}; must be .json")


def check_new_kit_file(out: Path) -> None:
    """Refuse, besides, a file that is there: what was changed in a kit by hand is not made again.

    Raises:
        UsageError: naming the file.
    """
    check_kit_file(out)
    if out.exists():
        raise UsageError(f"{out}: is already there; remove it, or choose another name")


def threads() -> int:
    """As many as there are processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
