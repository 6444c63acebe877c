"""`backbeat match`: one-shots to patches."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backbeat.cli.effort import (
    Detail,
    Keep,
    PluginOrAuto,
    Quality,
    Seed,
    Start,
    Starts,
    Steps,
    Whole,
    kept_of,
)
from backbeat.cli.output import (
    INTERRUPTED,
    AsJson,
    collect_garbage,
    keep_samples,
    say,
    say_error,
    say_json,
    say_note,
)
from backbeat.cli.progress import bar_of
from backbeat.cli.samples import without_leftovers
from backbeat.errors import BackbeatError, MatchError
from backbeat.files import distinct

if TYPE_CHECKING:
    from backbeat.matching import MatchResult
    from backbeat.patch import Patch


_LEAST_BUDGET_S = 0.1


@dataclass(frozen=True)
class Outputs:
    """Where the files of one match go."""

    patch: Path
    audio: Path
    picture: Path
    page: Path
    checkpoint: Path


@dataclass(frozen=True)
class Effort:
    """What may be spent on one match, and on what, as `backbeat.match` takes it."""

    quality: str
    detail: str | None
    steps: int | None
    starts: int | None
    seconds_budget: float | None
    start: str
    whole: bool
    keep: dict[str, object]


def match(
    samples: Annotated[list[Path], typer.Argument(metavar="SAMPLE…", help="One-shots: WAV, AIFF, FLAC, OGG or MP3.")],
    plugin: PluginOrAuto = "auto",
    out: Annotated[Path, typer.Option(help="The folder to write to; made where there is none.")] = Path("matches"),
    quality: Quality = "normal",
    detail: Detail = None,
    seconds_budget: Annotated[
        float | None,
        typer.Option(min=_LEAST_BUDGET_S, help="Stop each match after so long, with the best so far."),
    ] = None,
    steps: Steps = None,
    starts: Starts = None,
    start: Start = "analysis",
    seed: Seed = 0,
    device: Annotated[str, typer.Option(help="Where to compute, as PyTorch names it: cpu, cuda…")] = "cpu",
    whole: Whole = False,
    keep: Keep = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with matches that were stopped.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find the patch that makes each sample's sound.

    Writes NAME.patch.json, NAME.wav, NAME.png and NAME.html for each sample. Ctrl-C keeps the best so far.
    """
    import torch

    collect_garbage()
    kept = kept_of(keep, plugin)
    effort = Effort(quality, detail, steps, starts, seconds_budget, start, whole, kept)
    # A batch of a few starts gains an eighth from a second thread, and on a busy machine loses tenfold to its waiting.
    torch.set_num_threads(1)
    _make_folder(out)
    samples = without_leftovers(samples)
    failed = False
    for sample, outputs in zip(samples, _outputs(samples, out), strict=True):
        if resume and not outputs.checkpoint.exists():
            say_note(f"{sample}: no search to resume in {outputs.checkpoint}; it starts afresh")
        try:
            result = _search(sample, plugin, outputs, effort, seed, device, resume=resume)
            _write(result, outputs)
        except KeyboardInterrupt:
            say_error(f"{sample}: interrupted before there was anything to keep")
            raise typer.Exit(INTERRUPTED) from None
        except BackbeatError as error:
            say_error(str(error))
            failed = True
            continue
        for note in result.notes:
            say_note(f"{sample}: {note}")
        _print(sample, result, outputs, as_json=as_json)
        if result.interrupted:
            raise typer.Exit(INTERRUPTED)
        if result.complete:
            outputs.checkpoint.unlink(missing_ok=True)
    if failed:
        raise typer.Exit(1)


def _search(
    sample: Path,
    plugin: str,
    outputs: Outputs,
    effort: Effort,
    seed: int,
    device: str,
    *,
    resume: bool,
) -> "MatchResult":
    """Match one sample under a progress bar."""
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

    from backbeat.matching import match as match_sample

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[loss]}"),
        TimeRemainingColumn(),
    )
    with bar_of(*columns) as bar:
        task = bar.add_task(sample.name, total=None, loss="")

        began = time.perf_counter()
        suggested = _suggested(sample, plugin, seed, whole=effort.whole) if effort.start == "inverter" else ()
        left = effort.seconds_budget and max(_LEAST_BUDGET_S, effort.seconds_budget - (time.perf_counter() - began))

        def show(step: int, steps: int, loss: float) -> None:
            bar.update(task, completed=step, total=steps, loss=f"loss {loss:.3f}")

        return match_sample(
            sample,
            plugin,
            seed=seed,
            quality=effort.quality,
            detail=effort.detail,
            steps=effort.steps,
            starts=effort.starts,
            seconds_budget=left,
            device=device,
            progress=show,
            checkpoint=outputs.checkpoint,
            resume=resume and outputs.checkpoint.exists(),
            suggested=suggested,
            whole=effort.whole,
            keep=effort.keep,
        )


def _suggested(sample: Path, plugin: str, seed: int, *, whole: bool) -> "list[Patch]":
    """What the inverters of the plugins that may be chosen name."""
    from backbeat.inversion import suggest

    found = suggest(sample, plugin, seed=seed, whole=whole)
    if not found:
        say_note(f"{sample}: no inverter for {plugin}; the match starts from analysis")
    return found


def _write(result: "MatchResult", outputs: Outputs) -> None:
    """Write the four files.

    Raises:
        BackbeatError: naming the file that could not be written.
    """
    from backbeat import audio, patch, report

    patch.save(result.patch, outputs.patch)
    audio.write(outputs.audio, result.audio, result.sample_rate)
    painting = report.paint(result)
    for path, write in ((outputs.picture, report.write_picture), (outputs.page, report.write_page)):
        try:
            write(result, path, painting)
        except OSError as error:
            raise MatchError(f"{path}: cannot be written ({error.strerror})") from error


def _described(result: "MatchResult") -> dict[str, object]:
    """Target and match in numbers and in words, and how they differ, aspect by aspect."""
    from backbeat.matching.wording import differences, in_words

    target, match = result.descriptions
    said = {name: {**asdict(each), "words": in_words(each)} for name, each in (("target", target), ("match", match))}
    return {**said, "differences": differences(target, match)}


def _print(sample: Path, result: "MatchResult", outputs: Outputs, *, as_json: bool) -> None:
    from backbeat.matching.wording import differences, in_a_line, in_words

    if as_json:
        say_json(
            {
                "sample": str(sample),
                "plugin": result.patch.plugin,
                "patch": str(outputs.patch),
                "audio": str(outputs.audio),
                "report": str(outputs.page),
                "distances": result.distances.as_dict(),
                "voice_distances": result.voice_distances.as_dict(),
                "seconds": round(result.seconds, 3),
                "steps": result.steps,
                "description": _described(result),
                "unmatched": list(result.unmatched),
                "hits": result.hits,
                "notes": list(result.notes),
            }
        )
        return
    found = result.distances
    say(
        f"{sample}: mel {found.mel_db:.2f} dB, LSD {found.lsd_db:.2f} dB, MR-STFT {found.mrstft:.2f}, "
        f"envelope {found.envelope_db:.2f} dB ({result.steps} {'step' if result.steps == 1 else 'steps'}, "
        f"{result.seconds:.1f} s)"
    )
    target, match = result.descriptions
    say(f"  sound: {in_a_line(in_words(target))}")
    say(f"  match: {in_a_line(differences(target, match)) or 'alike in all of this'}")
    if result.voice_remark:
        say(f"  {result.voice_remark}")
    for each in result.unmatched:
        say(f"  not matched: {each}")
    for path in (outputs.patch, outputs.audio, outputs.picture, outputs.page):
        say(f"  {path}")


def _make_folder(out: Path) -> None:
    """Make the output folder, before any work is done that it would lose.

    Raises:
        MatchError: where it cannot be made or written to.
    """
    from tempfile import TemporaryFile

    try:
        out.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=out).close()
    except OSError as error:
        raise MatchError(f"{out}: not a folder that can be written to ({error.strerror})") from error


def _outputs(samples: list[Path], out: Path) -> list[Outputs]:
    """Files for each sample; samples of the same name are told apart by a number.

    Raises:
        UsageError: where an output would overwrite a sample.
    """
    suffixes = (".patch.json", ".wav", ".png", ".html", ".search.npz")
    found = [
        Outputs(*(out / f"{name}{end}" for end in suffixes)) for name in distinct((each.stem for each in samples), "-")
    ]
    keep_samples((each.audio for each in found), samples)
    return found
