"""`backbeat kit page`: a kit to look at and to play, in a browser."""

from pathlib import Path
from typing import Annotated

import typer

from backbeat.cli.kit.arguments import KitArgument, read_kit, threads
from backbeat.cli.output import AsJson, check_folder, keep_samples, say, say_json
from backbeat.errors import UsageError

_SUFFIXES = (".html", ".htm")


def page(
    source: KitArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="The HTML file to write.")],
    as_json: AsJson = False,
) -> None:
    """Write one HTML file that shows a kit's pads and plays them by key and pointer, at three velocities."""
    check_folder(out)
    if out.suffix.lower() not in _SUFFIXES:
        raise UsageError(f"{out}: suffix {out.suffix!r}; must be {' or '.join(_SUFFIXES)}")
    from backbeat.kits.page import write_page

    kit = read_kit(source)
    keep_samples([out], [Path(source)], "kit")
    write_page(kit, out, threads=threads())
    if as_json:
        say_json({"page": str(out), "name": kit.name, "pads": [pad.name for pad in kit.pads]})
    else:
        say(str(out))
