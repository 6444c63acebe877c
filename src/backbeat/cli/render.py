"""`backbeat render`: a patch to a sound file."""

from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from backbeat.cli.arguments import read_patch, with_settings
from backbeat.cli.output import AsJson, check_folder, say, say_json, say_note

_LONGEST_S = 60.0


class BitDepth(StrEnum):
    """Bits per sample of a WAV file; the last is floating point."""

    SIXTEEN = "16"
    TWENTY_FOUR = "24"
    FLOAT = "32f"


def render(
    patch: Annotated[str, typer.Argument(help="A patch file, or the name of a preset.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The WAV file to write.")],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Change a parameter (noise_s=0.4) or turn a macro (macro.length=+20%); may be repeated.",
        ),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            max=_LONGEST_S,
            help="Length; by default the match's, or with --set until it has faded.",
        ),
    ] = None,
    sample_rate: Annotated[
        int | None, typer.Option(min=8000, max=192000, help="In Hz; by default the match's, or 44100.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**31 - 1, help="Of the noise, instead of the patch's.")
    ] = None,
    velocity: Annotated[float, typer.Option(min=0.0, max=1.0, help="How hard it is struck.")] = 1.0,
    hit: Annotated[
        int, typer.Option(min=0, max=2**31 - 1, help="Another hit: other noise, values a little off; 0 is the patch.")
    ] = 0,
    width: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Noise of its own left and right, tones in the middle; 0 is mono.")
    ] = 0.0,
    bit_depth: Annotated[BitDepth, typer.Option(help="Bits per sample; 32f is floating point.")] = BitDepth.FLOAT,
    as_json: AsJson = False,
) -> None:
    """Render a patch or preset to a WAV file."""
    check_folder(out)
    from backbeat import audio
    from backbeat.patch import Placement

    chosen = with_settings(read_patch(patch), settings or [])
    if seed is not None:
        chosen = replace(chosen, seed=seed)
    chosen = chosen.hit(velocity, hit)
    own = chosen.placement
    rate = sample_rate or (own.sample_rate if own else 44100)
    if seconds is not None:
        placement = own.at(rate, seconds) if own else Placement(rate, max(1, round(seconds * rate)))
    elif own is None:
        placement = chosen.natural_placement(rate)
    else:
        placement = own.at(rate)
        if settings:
            lasting = placement.onset_samples + chosen.natural_placement(rate).samples
            placement = replace(placement, samples=max(placement.samples, lasting))
    if reason := chosen.instrument.no_engine_reason:
        say_note(f"{chosen.plugin} was rendered by its formula, several times as slowly: {reason}")
    sound = chosen.stereo(placement, width)[None]
    for note in audio.write(out, sound, placement.sample_rate, bit_depth=bit_depth.value):
        say_note(f"{out}: {note}")
    if as_json:
        say_json({"audio": str(out), "seed": chosen.seed, **asdict(placement)})
    else:
        say(str(out))
