"""`backbeat dataset`: synthetic sounds with their params, in files."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from backbeat.cli.executor import Address, ExecutorName, Workers, executor_of
from backbeat.cli.output import AsJson, collect_garbage, say, say_error, say_json
from backbeat.cli.progress import counting

dataset = typer.Typer(no_args_is_help=True, help="Write sounds with the params that made them, to train networks.")


@dataset.command()
def write(
    plugin: Annotated[str, typer.Argument(help="The plugin.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder; a dataset that was begun there goes on.")],
    count: Annotated[int, typer.Option(min=1, help="How many sounds.")] = 10_000,
    distribution: Annotated[
        Literal["uniform", "musical"], typer.Option(help="Params from all of their ranges, or as musicians set them.")
    ] = "musical",
    split: Annotated[
        Literal["train", "validation", "test"], typer.Option(help="No sound is in two of them.")
    ] = "train",
    seed: Annotated[int, typer.Option(min=0, max=2**24 - 1, help="Another seed gives other sounds.")] = 0,
    seconds: Annotated[float, typer.Option(min=0.01, max=60.0, help="Length of each sound.")] = 1.0,
    sample_rate: Annotated[int, typer.Option(min=8000, max=192_000, help="In Hz.")] = 44100,
    augment: Annotated[
        bool, typer.Option("--augment", help="Change level, onset, equalisation, room and noise of each.")
    ] = False,
    executor: ExecutorName = "local",
    address: Address = None,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Write a dataset as WebDataset shards, with manifest, checksums and datasheet.

    Stopped on its way, it goes on when the same command is given again.
    """
    from backbeat import plugins
    from backbeat.datasets import Augmentation, Synthetic
    from backbeat.datasets import write as write_dataset

    collect_garbage()
    items = Synthetic(
        plugins.get(plugin), distribution, seed, split, seconds, sample_rate, Augmentation() if augment else None
    )
    with counting(out.name) as show, executor_of(executor, workers, address) as workplace:
        manifest = write_dataset(items, out, count, executor=workplace, progress=show)
    shards = manifest["shards"]
    if as_json:
        say_json({"folder": str(out), "items": count, "shards": len(shards), "bytes": sum(s["bytes"] for s in shards)})
    else:
        say(f"{out}: {count} items in {len(shards)} shards, {sum(s['bytes'] for s in shards) / 1e6:.1f} MB")


@dataset.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="A folder that `dataset write` has written.")], as_json: AsJson = False
) -> None:
    """Compare every shard with its checksum, and see that each item is there once."""
    from backbeat.datasets import verify as verify_dataset

    problems = verify_dataset(folder)
    if as_json:
        say_json({"folder": str(folder), "problems": problems})
    elif not problems:
        say(f"{folder}: all there, all as it was written")
    if problems:
        for problem in problems:
            say_error(problem)
        raise typer.Exit(1)
