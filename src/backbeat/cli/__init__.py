"""The command line: parse, call, print.

Results go to standard output, everything else to standard error. The exit status is 0 where all went well, 1 where
something could not be done, 2 where the command was used wrongly.

PyTorch is imported inside the commands, so that help does not wait for it.
"""

import gc
import sys

from backbeat.cli.app import app
from backbeat.cli.compare import compare
from backbeat.cli.dataset import dataset
from backbeat.cli.export import export
from backbeat.cli.invert import invert
from backbeat.cli.kit import kit
from backbeat.cli.library import library
from backbeat.cli.match import match
from backbeat.cli.output import say_error
from backbeat.cli.plugins import plugins
from backbeat.cli.render import render
from backbeat.cli.song import song
from backbeat.cli.train import train
from backbeat.cli.vary import morph, perturb, random
from backbeat.errors import BackbeatError, ParameterError, PluginError, UsageError

for command in (plugins, render, match, invert, compare, random, perturb, morph, train):
    app.command()(command)
app.add_typer(dataset, name="dataset")
app.add_typer(export, name="export")
app.add_typer(kit, name="kit")
app.add_typer(library, name="library")
app.add_typer(song, name="song")

_WRONG_USE = (UsageError, PluginError, ParameterError)


def main() -> None:
    """Run the command line; every error that backbeat raises on purpose becomes one line.

    Until a command says otherwise, garbage is not collected: imports make none, and looking for it takes half a second.
    """
    gc.disable()
    try:
        app()
    except BackbeatError as error:
        say_error(str(error))
        sys.exit(2 if isinstance(error, _WRONG_USE) else 1)
    except OSError as error:
        say_error(f"{error.filename or 'output'}: {error.strerror or error}")
        sys.exit(1)
    finally:
        gc.freeze()  # nor on the way out
