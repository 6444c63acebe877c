"""`backbeat train`: an inverter from nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from backbeat.cli.output import AsJson, collect_garbage, say, say_json, say_note


def train(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The folder for weights, checkpoint and TensorBoard's logs.")
    ],
    plugin: Annotated[
        list[str] | None, typer.Option(help="An instrument to learn, several times for several; none is all there are.")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Steps of descent.")] = 20_000,
    batch: Annotated[int, typer.Option(min=1, help="Sounds of each instrument a step.")] = 8,
    learning_rate: Annotated[float, typer.Option(help="At its highest.")] = 1e-3,
    audio_from: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of the steps after which the sound counts too; 1 is never.")
    ] = 0.8,
    audio_weight: Annotated[
        float, typer.Option(min=0.0, help="What a unit of the sound's distance counts for, beside a nat a param.")
    ] = 0.02,
    real: Annotated[
        Path | None, typer.Option(help="A folder of real samples, which are heard too once the sound counts.")
    ] = None,
    distribution: Annotated[
        Literal["uniform", "musical", "played"],
        typer.Option(help="Params from all of their ranges, as musicians set them, or around turned presets."),
    ] = "played",
    seed: Annotated[int, typer.Option(min=0, max=2**24 - 1, help="Of the sounds, and of the first weights.")] = 0,
    every: Annotated[int, typer.Option(min=1, help="Steps from one checkpoint to the next.")] = 500,
    device: Annotated[str, typer.Option(help="Where to compute, as Lightning names it: auto, cpu, cuda…")] = "auto",
    devices: Annotated[int, typer.Option(min=1, help="How many of them.")] = 1,
    precision: Annotated[
        Literal["32-true", "bf16-mixed"], typer.Option(help="Of the network, as Lightning names it.")
    ] = "32-true",
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the folder's checkpoint.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train a network to predict the instrument and the patch of a sound, on sounds that are made as it goes.

    Stopped on its way, it goes on along the same curve with --resume.
    """
    from backbeat.audio.folders import passed_over
    from backbeat.datasets import OneShots
    from backbeat.inversion import Training
    from backbeat.inversion import train as train_inverter

    collect_garbage()
    training = Training(
        tuple(plugin or ()),
        distribution=distribution,
        seed=seed,
        steps=steps,
        batch=batch,
        learning_rate=learning_rate,
        audio_from=audio_from,
        audio_weight=audio_weight,
        real=None if real is None else str(real),
        every=every,
    )

    left_out = 0 if real is None else OneShots(real).passed_over
    told: list[int] = []  # nothing, in a process that only helps

    def show(step: int, figures: Mapping[str, float]) -> None:
        if left_out and not told:
            say_note(f"{real}: {passed_over(left_out)}")
        told.append(step)
        if as_json:
            say_json({"step": step, **figures})
        else:
            of_all = {name.replace("_", " "): value for name, value in figures.items() if "/" not in name}
            say(f"step {step}: " + ", ".join(f"{name} {value:.4g}" for name, value in of_all.items()))

    train_inverter(training, out, device=device, devices=devices, precision=precision, resume=resume, report=show)
    if told and not as_json:
        say(f"{out}")
