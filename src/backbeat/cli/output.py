"""What the commands print, and where."""

import gc
import json
import re
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, TypeAlias

import typer

from backbeat.errors import UsageError
from backbeat.files import encodable

INTERRUPTED = 130
"""Exit status after Ctrl-C."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def say(text: str) -> None:
    """Print a line of the result."""
    typer.echo(encodable(text))


def say_json(document: object) -> None:
    """Print a result as one line of JSON."""
    typer.echo(encodable(json.dumps(document, ensure_ascii=False, allow_nan=False)))


def say_note(text: str) -> None:
    """Print a line that is not part of the result."""
    typer.echo(f"note: {_in_a_line(text)}", err=True)


def say_error(text: str) -> None:
    """Print why something could not be done."""
    typer.echo(f"error: {_in_a_line(text)}", err=True)


def _in_a_line(text: str) -> str:
    """The text with its control characters escaped: names of files may hold any, and a terminal would obey them."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def keep_samples(outputs: Iterable[Path], samples: Iterable[Path], what: str = "sample") -> None:
    """Refuse outputs that would overwrite a sample, or what else they are made of.

    Raises:
        UsageError: naming the first.
    """
    kept = {sample.resolve() for sample in samples}
    for path in outputs:
        if path.resolve() in kept:
            raise UsageError(f"{path}: would overwrite the {what}; choose another --out")


def collect_garbage() -> None:
    """Have garbage collected again, in a command that runs for long; what was imported is none."""
    gc.freeze()
    gc.enable()


def counted(number: int, what: str) -> str:
    """A number of things: 1 pad, 2 pads."""
    return f"{number} {what}" + ("" if number == 1 else "s")


def check_folder(path: Path) -> None:
    """Refuse, before the work is done, an output whose folder is not there, or takes no files.

    Raises:
        UsageError: naming the folder.
    """
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}; must be a file in a folder that exists")
    try:
        with TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise UsageError(
            f"{path}: the folder {path.parent} takes no files ({error.strerror}); must be a file in one that does"
        ) from error
