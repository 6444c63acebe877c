"""`backbeat kit new`: a kit of patches."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backbeat.cli.arguments import read_patch
from backbeat.cli.kit.arguments import check_kit_file, read_kit
from backbeat.cli.output import AsJson, counted, say, say_json
from backbeat.errors import UsageError

if TYPE_CHECKING:
    from backbeat.kits import Pad


def new(
    out: Annotated[Path, typer.Argument(help="The kit file to write, a JSON file.")],
    name: Annotated[str | None, typer.Option(help="Of the kit; by default the file's.")] = None,
    like: Annotated[
        str | None, typer.Option(metavar="KIT", help="Begin with the pads of this kit: a file, or the name of one.")
    ] = None,
    pads: Annotated[
        list[str] | None,
        typer.Option(
            "--pad",
            metavar="NAME=PATCH",
            help="Add or replace a pad: kick=kick/909, or 36:kick=mine.patch.json for a note; may be repeated.",
        ),
    ] = None,
    author: Annotated[str | None, typer.Option(help="Who made it.")] = None,
    licence: Annotated[str | None, typer.Option(help="Under which others may use it, such as CC0-1.0.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a kit of patches and presets.

    Names such as kick, snare, closed and crash have their General MIDI notes, and hats choke each other. All pads are
    turned down as far as leaves room for a beat. A kit that is there is replaced where --like names it.
    """
    check_kit_file(out)
    from dataclasses import replace

    from backbeat.kits import Kit, save_kit
    from backbeat.kits.placing import with_room

    if out.exists() and not (like and Path(like).exists() and out.samefile(like)):
        raise UsageError(f"{out}: is already there; begin with it (--like {out}), or choose another name")
    if not like and not pads:
        raise UsageError("kit new: found neither --like nor --pad; must have pads, such as --pad kick=kick/909")
    begun = read_kit(like) if like else None
    found = {pad.name: pad for pad in begun.pads} if begun else {}
    for text in pads or []:
        pad = _pad(text, found)
        found[pad.name] = pad
    kit = Kit(name or out.stem, tuple(found.values()))
    if begun:
        kit = replace(begun, name=name or out.stem, pads=kit.pads)
    kit = replace(kit, author=kit.author if author is None else author, licence=licence or kit.licence)
    kit = kit if begun else with_room(kit)
    save_kit(kit, out)
    if as_json:
        say_json({"kit": str(out), "name": kit.name, "notes": dict(kit.notes_by_name)})
    else:
        say(f"{out}: {counted(len(kit.pads), 'pad')}")
        for pad in kit.pads if not begun else ():
            say(f"  {pad.note:3}  {pad.name}")


def _pad(text: str, found: dict[str, "Pad"]) -> "Pad":
    from dataclasses import replace

    from backbeat.kits import Pad
    from backbeat.kits.document import free_note
    from backbeat.kits.placing import FIRST_FREE, HATS, is_hat
    from backbeat.songs.notes import note_of

    where, equals, source = text.partition("=")
    number, colon, name = where.rpartition(":")
    if not equals or not name or not source or (colon and not re.fullmatch("[0-9]{1,3}", number)):
        raise UsageError(f"--pad: found {text!r}; must be NAME=PATCH or NOTE:NAME=PATCH, such as 36:kick=kick/909")
    patch = read_patch(source)
    if name in found:
        return replace(found[name], patch=patch, turns={}, note=int(number) if colon else found[name].note)
    taken = {note for pad in found.values() for note in range(pad.span[0], pad.span[1] + 1)}
    known = note_of(name)
    if colon:
        note = int(number)
    elif known is not None and known not in taken:
        note = known
    else:
        note = free_note(FIRST_FREE, taken)
    return Pad(name, note, patch, choke_group=HATS * is_hat(name, patch))
