"""`backbeat kit`: patches on the pads of a drum machine."""

import typer

from backbeat.cli.kit.check import check
from backbeat.cli.kit.export import export
from backbeat.cli.kit.match import imports, match
from backbeat.cli.kit.new import new
from backbeat.cli.kit.page import page
from backbeat.cli.kit.render import render
from backbeat.cli.kit.show import show

kit = typer.Typer(no_args_is_help=True, help="Kits of patches: make them, play songs with them, take them to samplers.")

for command in (new, show, check, match, render, page, export):
    kit.command()(command)

kit.command("import")(imports)

__all__ = ["kit"]
