"""`backbeat export`: instruments for engines outside Python."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backbeat.cli.arguments import read_patch
from backbeat.cli.kit.arguments import KitArgument, read_kit
from backbeat.cli.output import check_folder, say, say_note
from backbeat.errors import PluginError, UsageError
from backbeat.files import replacing

if TYPE_CHECKING:
    from backbeat.plugins import Plugin

export = typer.Typer(no_args_is_help=True, help="Write instruments for engines outside Python.")


@export.command()
def program(
    source: Annotated[
        str, typer.Argument(metavar="PATCH|PRESET|PLUGIN", help="A patch file, or the name of a preset or of a plugin.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The JSON file to write; by default the program is printed.")
    ] = None,
) -> None:
    """Write the program of an instrument: its signal chain as JSON.

    That of a plugin is of its default size, that of a patch or preset of the patch's.
    """
    if out is not None:
        check_folder(out)
    instrument = _instrument(source)
    found = instrument.program
    if found is None:
        raise PluginError(
            f"plugin {instrument.name}: a formula plugin, which has no program to export ({instrument.formula_reason})"
        )
    _write(json.dumps(found.as_json(), indent=1, ensure_ascii=False, allow_nan=False), out)


@export.command()
def patch(
    source: Annotated[str, typer.Argument(metavar="PATCH|PRESET", help="A patch file, or the name of a preset.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The JSON file to write; by default the patch is printed.")
    ] = None,
) -> None:
    """Write a patch with its amounts of velocity and humanize, which an engine outside Python needs for its hits."""
    if out is not None:
        check_folder(out)
    found = read_patch(source).with_amounts()
    if out is None:
        say(found.to_json().rstrip())
        return
    from backbeat.patch import save

    save(found, out)
    say(str(out))


@export.command()
def kit(
    source: KitArgument,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The JSON file to write; by default the kit is printed.")
    ] = None,
) -> None:
    """Write a kit with its programs, amounts and macros: all that an engine outside Python needs to play it."""
    from backbeat.kits.bundle import to_json

    if out is not None:
        check_folder(out)
    _write(to_json(read_kit(source)), out)


@export.command("plugin-state")
def plugin_state(
    source: KitArgument,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="What to write: FILE.vstpreset, a folder FOLDER.lv2 with a preset of LV2, or FILE.state.",
        ),
    ],
) -> None:
    """Write a kit as a preset of the plugin for hosts of VST3 or LV2, or as the bytes that a host keeps of it."""
    from backbeat.kits.state import KNOBBED_PADS, write_state

    check_folder(out)
    kit = read_kit(source)
    write_state(kit, out)
    if len(kit.pads) > KNOBBED_PADS:
        say_note(f"the plugin plays all {len(kit.pads)} pads, and has knobs for the first {KNOBBED_PADS}")
    say(str(out))


@export.command()
def web(
    sources: Annotated[
        list[str], typer.Argument(metavar="KIT…", help="Kit files, or names of kits that come with backbeat.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write to.")],
    package: Annotated[
        Path, typer.Option(help="The package for JavaScript: the folder that `make web` builds.")
    ] = Path("build/web/package"),
) -> None:
    """Write a page that plays kits in a browser, with knobs, for any server of files."""
    from backbeat.kits.web import write_web

    check_folder(out)
    write_web([read_kit(source) for source in sources], package, out)
    say(f"{out}  try it: python3 -m http.server --directory {out}")


def _write(text: str, out: Path | None) -> None:
    """Print a document, or write a file whole."""
    if out is None:
        say(text.rstrip())
        return
    with replacing(out) as temporary:
        temporary.write_text(text.rstrip() + "\n", encoding="utf-8")
    say(str(out))


def _instrument(source: str) -> "Plugin":
    """The plugin, or that of a patch, in the patch's size."""
    from backbeat import plugins

    if source in plugins.names() and not Path(source).is_file():
        return plugins.get(source)
    try:
        return read_patch(source).instrument
    except UsageError as error:
        raise UsageError(f"{error}, or a plugin ({', '.join(plugins.names())})") from error
