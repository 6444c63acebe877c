"""`backbeat invert`: one-shots to patches at once."""

from pathlib import Path
from typing import Annotated

import typer

from backbeat.cli.effort import Whole
from backbeat.cli.output import AsJson, keep_samples, say, say_error, say_json, say_note
from backbeat.cli.samples import without_leftovers
from backbeat.errors import BackbeatError
from backbeat.files import distinct

_AUTO = "auto"


def invert(
    samples: Annotated[list[Path], typer.Argument(metavar="SAMPLE…", help="One-shots: WAV, AIFF, FLAC, OGG or MP3.")],
    plugin: Annotated[str, typer.Option(help="The instrument, or auto: the nearest of the likeliest.")] = _AUTO,
    weights: Annotated[
        Path | None, typer.Option(help="A folder that `backbeat train` has written, instead of what ships.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder to write to; made where there is none.")] = Path("inversions"),
    count: Annotated[int, typer.Option(min=1, max=64, help="Patches to write, the nearest first.")] = 1,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of the patches' noise.")] = 0,
    whole: Whole = False,
    as_json: AsJson = False,
) -> None:
    """Predict instrument and patch of each sample by a trained network: a preview of a match, at once.

    Writes NAME.patch.json and NAME.wav for each sample, and NAME-2 and so on for more patches.
    """
    import time

    import torch

    from backbeat import audio, patch
    from backbeat.inversion import PROPOSALS, load_inverter, pretrained
    from backbeat.inversion import invert as invert_sample
    from backbeat.matching.excerpt import excerpt

    torch.set_num_threads(1)
    inverter = pretrained() if weights is None else load_inverter(weights)
    for reason in inverter.left_out.values():
        say_note(f"{reason}; it is not proposed")
    if plugin != _AUTO:
        inverter.require(plugin)
    samples = without_leftovers(samples)
    names = iter(distinct((_numbered(sample.stem, n) for sample in samples for n in range(1, count + 1)), "-"))
    outputs = [[out / next(names) for _ in range(count)] for _ in samples]
    keep_samples((Path(f"{each}.wav") for some in outputs for each in some), samples)
    tried = count if count > PROPOSALS else None
    out.mkdir(parents=True, exist_ok=True)
    failed = False
    for sample, own in zip(samples, outputs, strict=True):
        began = time.perf_counter()
        try:
            recording = audio.read(sample)
            found = invert_sample(sample, inverter, plugin=plugin, count=tried, seed=seed, whole=whole)
        except BackbeatError as error:
            say_error(str(error))
            failed = True
            continue
        seconds = time.perf_counter() - began
        for note in excerpt(recording.audio, recording.sample_rate, whole=whole).notes:
            say_note(f"{sample}: {note}")
        for proposal, stem in zip(found, own, strict=False):
            paths = Path(f"{stem}.patch.json"), Path(f"{stem}.wav")
            patch.save(proposal.patch, paths[0])
            placement = proposal.patch.placement
            audio.write(paths[1], proposal.patch.render(), placement.sample_rate if placement else 44100)
            if as_json:
                facts = {"sample": str(sample), "plugin": proposal.patch.plugin, "odds": proposal.odds}
                facts["loss"] = proposal.loss
                say_json({**facts, "patch": str(paths[0]), "audio": str(paths[1]), "seconds": round(seconds, 3)})
            else:
                say(f"{sample}: {proposal.patch.plugin}, loss {proposal.loss:.2f}, {1e3 * seconds:.0f} ms")
                for path in paths:
                    say(f"  {path}")
    if failed:
        raise typer.Exit(1)


def _numbered(stem: str, number: int) -> str:
    return stem if number == 1 else f"{stem}-{number}"
