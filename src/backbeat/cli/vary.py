"""`backbeat random`, `perturb` and `morph`: new patches from old."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from backbeat.cli.arguments import read_patch
from backbeat.cli.output import AsJson, check_folder, say, say_json

if TYPE_CHECKING:
    from backbeat.patch import Patch

Out: TypeAlias = Annotated[
    Path | None, typer.Option("--out", "-o", help="The patch file to write; by default the patch is printed.")
]
Seed: TypeAlias = Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Another seed gives another patch.")]


def random(
    plugin: Annotated[str, typer.Argument(help="The plugin.")],
    out: Out = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Make a random patch within musical limits."""
    from backbeat import plugins
    from backbeat.patch import randomise

    _deliver(randomise(plugins.get(plugin), seed), out, as_json=as_json)


def perturb(
    patch: Annotated[str, typer.Argument(help="A patch file, or the name of a preset.")],
    amount: Annotated[float, typer.Option(min=0.0, max=1.0, help="Step, as a share of each range.")] = 0.02,
    out: Out = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Make a patch close to another: the drummer's next hit."""
    from backbeat.patch import perturb as perturbed

    _deliver(perturbed(read_patch(patch), amount, seed), out, as_json=as_json)


def morph(
    first: Annotated[str, typer.Argument(metavar="A", help="A patch file, or the name of a preset.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another, of the same plugin.")],
    amount: Annotated[float, typer.Option(min=0.0, max=1.0, help="How far from A to B.")] = 0.5,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Make a patch that lies between two: tones that are alike glide, others fade."""
    from backbeat.patch import morph as morphed

    _deliver(morphed(read_patch(first), read_patch(second), amount), out, as_json=as_json)


def _deliver(patch: "Patch", out: Path | None, *, as_json: bool) -> None:
    """Write the patch, or print it."""
    from backbeat.patch import save

    if out is None:
        say(patch.to_json().rstrip())
        return
    check_folder(out)
    save(patch, out)
    if as_json:
        say_json({"patch": str(out), "plugin": patch.plugin, "seed": patch.seed})
    else:
        say(str(out))
