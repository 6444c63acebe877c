"""`backbeat plugins`: what instruments there are, and their parameters."""

from typing import Annotated

import typer

from backbeat.cli.output import AsJson, say, say_json


def plugins(
    name: Annotated[str | None, typer.Argument(help="Show this plugin's parameters.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the parameters as Markdown.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the plugins, or one plugin's parameters."""
    from backbeat import plugins as registry
    from backbeat.parameters import listing
    from backbeat.patch import presets

    if name is not None:
        instrument = registry.get(name)
        knobs = {macro: {"unit": knob.unit, "help": knob.help} for macro, knob in instrument.macros.items()}
        if as_json:
            say_json({"plugin": name, "parameters": listing.records(instrument.table), "macros": knobs})
        elif markdown:
            say(listing.markdown(instrument.table))
        else:
            say(listing.text(instrument.table))
            for macro, knob in instrument.macros.items():
                say(f"macro.{macro} ({knob.unit or 'plain'}): {knob.help}")
        return
    available = presets()
    found: list[dict[str, object]] = []
    for each in registry.names():
        instrument = registry.get(each)
        own = [preset.partition("/")[2] for preset in available if preset.startswith(f"{each}/")]
        if not as_json:
            say(f"{each}  {instrument.summary} {len(instrument.table)} parameters.")
            say(f"  presets: {', '.join(own)}")
        found.append(
            {"plugin": each, "summary": instrument.summary, "parameters": len(instrument.table), "presets": own}
        )
    if as_json:
        say_json(found)
