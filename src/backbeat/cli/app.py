"""The application that the commands are hung on."""

from typing import Annotated

import typer

from backbeat import __version__

app = typer.Typer(
    name="backbeat",
    help="Differentiable drum synthesizers: aim one at a drum sample and get the patch that makes that sound.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"backbeat {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Take the options that come before a command."""
