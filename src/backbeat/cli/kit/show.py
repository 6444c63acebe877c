"""`backbeat kit show`: the pads of a kit."""

from typing import Annotated

import typer

from backbeat.cli.kit.arguments import read_kit
from backbeat.cli.output import AsJson, say, say_json


def show(
    source: Annotated[
        str | None, typer.Argument(metavar="KIT", help="A kit file or the name of a kit; left out, these are listed.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the pads of a kit, or the kits that come with backbeat."""
    from backbeat.kits.factory import factory_kit, factory_kits

    if source is None:
        kits = {name: factory_kit(name) for name in factory_kits()}
        if as_json:
            say_json([{"kit": name, "name": each.name, "pads": len(each.pads)} for name, each in kits.items()])
        else:
            for name, each in kits.items():
                say(f"{name}  {each.name}, {len(each.pads)} pads")
        return
    kit = read_kit(source)
    if as_json:
        facts = {"name": kit.name, "author": kit.author, "licence": kit.licence}
        pads = [
            {
                "name": pad.name,
                "note": pad.note,
                "notes": pad.notes,
                "plugin": pad.patch.plugin,
                "patch": pad.patch.name,
                "turns": dict(pad.turns),
                "level_db": pad.level_db,
                "pan": pad.pan,
                "width": pad.width,
                "choke_group": pad.choke_group,
                "output": pad.output,
                "layers": kit.layers_of(pad),
                "round_robins": kit.round_robins_of(pad),
            }
            for pad in kit.pads
        ]
        say_json({**facts, "pads": pads})
        return
    said = [text for text in (kit.author and f"by {kit.author}", kit.licence) if text]
    say(", ".join([kit.name, *said]))
    say(f"  {kit.layers} steps of velocity, {kit.round_robins} hits of each in turn")
    rows = [("note", "pad", "patch", "level", "pan", "choke", "turned")]
    for pad in kit.pads:
        notes = f"{pad.note}" if pad.notes is None else f"{pad.note} ({pad.notes[0]}-{pad.notes[1]})"
        macros = pad.patch.instrument.macros
        turns = ", ".join(f"{name} {amount:+g} {macros[name].unit}" for name, amount in pad.turns.items())
        patch = f"{pad.patch.plugin} {pad.patch.name}".strip()
        group = str(pad.choke_group) if pad.choke_group else ""
        rows.append((notes, pad.name, patch, f"{pad.level_db:+.1f} dB", f"{pad.pan:+.2f}", group, turns))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
