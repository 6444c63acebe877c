"""`backbeat kit show`: the pads of a kit."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backbeat.cli.kit.arguments import is_of_sampler, read_kit
from backbeat.cli.output import AsJson, say, say_json, say_note

if TYPE_CHECKING:
    from backbeat.kits import Kit, Pad
    from backbeat.samplers import SampledKit


def show(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="KIT",
            help="A kit file, the name of a kit, or a sampler's kit; left out, kits are listed.",
        ),
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
    if is_of_sampler(source):
        _show_sampled(Path(source), as_json)
    else:
        _show_kit(read_kit(source), as_json)


def _show_kit(kit: "Kit", as_json: bool) -> None:
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
    _say_head(kit)
    say(f"  {kit.layers} steps of velocity, {kit.round_robins} hits of each in turn")
    head = ("note", "pad", "patch", "level", "pan", "width", "choke", "output", "layers", "turned")
    _say_table([head, *(_row(kit, pad) for pad in kit.pads)])


def _row(kit: "Kit", pad: "Pad") -> tuple[str, ...]:
    notes = f"{pad.note}" if pad.notes is None else f"{pad.note} ({pad.notes[0]}-{pad.notes[1]})"
    macros = pad.patch.instrument.macros
    own = pad.layers is not None or pad.round_robins is not None
    return (
        notes,
        pad.name,
        f"{pad.patch.plugin} {pad.patch.name}".strip(),
        f"{pad.level_db:+.1f} dB",
        f"{pad.pan:+.2f}",
        f"{pad.width:.2f}" if pad.width else "",
        f"{pad.choke_group}" if pad.choke_group else "",
        f"{pad.output}" if pad.output else "",
        f"{kit.layers_of(pad)} x {kit.round_robins_of(pad)}" if own else "",
        ", ".join(f"{name} {macros[name].amount_text(amount)}" for name, amount in pad.turns.items()),
    )


def _show_sampled(path: Path, as_json: bool) -> None:
    from backbeat.samplers.readers import read_kit as read_sampled

    kit = read_sampled(path)
    for note in kit.notes:
        say_note(note)
    if as_json:
        pads = [
            {
                "name": pad.name,
                "notes": [pad.low_note, pad.high_note],
                "root_note": pad.root_note,
                "level_db": pad.level_db,
                "pan": pad.pan,
                "choke_group": pad.choke_group,
                "layers": [
                    {"low": layer.low, "high": layer.high, "takes": [str(take.file) for take in layer.takes]}
                    for layer in pad.layers
                ],
            }
            for pad in kit.pads
        ]
        say_json({"name": kit.name, "author": kit.author, "licence": kit.licence, "pads": pads})
        return
    _say_head(kit)
    rows = [("note", "pad", "layers", "takes", "level", "pan", "choke")]
    for pad in kit.pads:
        notes = f"{pad.low_note}" if pad.low_note == pad.high_note else f"{pad.low_note}-{pad.high_note}"
        takes = sum(len(layer.takes) for layer in pad.layers)
        group = str(pad.choke_group) if pad.choke_group else ""
        rows.append(
            (notes, pad.name, f"{len(pad.layers)}", f"{takes}", f"{pad.level_db:+.1f} dB", f"{pad.pan:+.2f}", group)
        )
    _say_table(rows)


def _say_head(kit: "Kit | SampledKit") -> None:
    said = [text for text in (kit.author and f"by {kit.author}", kit.licence) if text]
    say(", ".join([kit.name, *said]))


def _say_table(rows: Sequence[tuple[str, ...]]) -> None:
    shown = [place for place, column in enumerate(zip(*rows, strict=True)) if any(column[1:])]
    rows = [tuple(row[place] for place in shown) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        say("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
