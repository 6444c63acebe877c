"""The options that say where many tasks run."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from backbeat.cli.output import INTERRUPTED, say_error
from backbeat.errors import UsageError

if TYPE_CHECKING:
    from backbeat.executors import Executor

ExecutorName: TypeAlias = Annotated[
    Literal["local", "ray"], typer.Option("--executor", help="Processes of this machine, or a Ray cluster.")
]
Address: TypeAlias = Annotated[
    str | None, typer.Option(help="Of the Ray cluster, such as auto; none begins one on this machine.")
]
Workers: TypeAlias = Annotated[
    int | None, typer.Option(min=1, max=100_000, help="Tasks at a time; a core each, unless said.")
]


@contextmanager
def executor_of(
    name: str, workers: int | None, address: str | None, *, left: str = "the same command goes on from here"
) -> "Iterator[Executor]":
    """The executor that the options ask for.

    Args:
        name: of it.
        workers: tasks at a time.
        address: of the Ray cluster.
        left: what is said of the work where it is stopped.

    Raises:
        UsageError: at an address that the executor has no use for.
    """
    from backbeat.executors import Local, Ray

    if address is not None and name != "ray":
        raise UsageError(f"--address: found {address!r} without --executor ray; must be of a Ray cluster")
    try:
        # Ray tells of workers that were killed on standard output, which is for results.
        with redirect_stdout(sys.stderr):
            yield Ray(address, workers) if name == "ray" else Local(workers or os.cpu_count() or 1)
    except KeyboardInterrupt:
        say_error(f"stopped; {left}")
        raise typer.Exit(INTERRUPTED) from None
