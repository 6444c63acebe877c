"""`backbeat kit export`: a kit as samplers play it."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from backbeat.cli.kit.arguments import SampleRate, is_of_sampler, read_kit, threads
from backbeat.cli.output import AsJson, say, say_json, say_note
from backbeat.errors import KitError, UsageError

if TYPE_CHECKING:
    from backbeat.kits import Kit
    from backbeat.samplers import SampledKit

_ALL = "all"


def export(
    source: Annotated[
        str,
        typer.Argument(
            metavar="KIT|PATCH",
            help="A kit file, the name of a kit, a patch file or preset, or the kit of another sampler.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write to.")],
    formats: Annotated[
        list[str],
        typer.Option(
            "--format",
            "-f",
            help="wav, sfz, decentsampler, hydrogen, sf2, drumgizmo, mpc, or all; may be repeated.",
        ),
    ],
    layers: Annotated[int | None, typer.Option(min=1, max=127, help="Steps of velocity, instead of the kit's.")] = None,
    round_robins: Annotated[
        int | None, typer.Option(min=1, max=64, help="Hits of each step, in turn, instead of the kit's.")
    ] = None,
    sample_rate: SampleRate = 44100,
    as_json: AsJson = False,
) -> None:
    """Write a kit for samplers: each hit as a 24-bit WAV file, and what plays them as the kit would.

    Levels, pans and velocities are in the samples. Notes say what a format cannot hold.
    """
    from backbeat.samplers import SampledKit
    from backbeat.samplers.names import safe_name
    from backbeat.samplers.placing import check_new
    from backbeat.samplers.writers import WRITERS

    names = list(WRITERS) if _ALL in formats else list(dict.fromkeys(formats))
    if unknown := [name for name in names if name not in WRITERS]:
        raise UsageError(f"--format: found {unknown[0]!r}; must be {', '.join(WRITERS)} or {_ALL}")
    kit = _read(source, layers, round_robins)
    paths = {name: out / f"{safe_name(kit.name, 'kit')}{WRITERS[name].suffix or f'-{name}'}" for name in names}
    for name, path in paths.items():
        if not WRITERS[name].suffix:
            check_new(path)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KitError(f"{out}: not a folder that can be written to ({error.strerror})") from error
    with TemporaryDirectory(prefix=".hits-", dir=out) as folder:
        sampled = kit if isinstance(kit, SampledKit) else _rendered(kit, Path(folder), sample_rate)
        for note in sampled.notes:
            say_note(note)
        for name, path in paths.items():
            for note in WRITERS[name].write(sampled, path):
                say_note(f"{name}: {note}")
            if not as_json:
                say(f"{path}  for {WRITERS[name].opens}")
    if as_json:
        say_json({"kit": kit.name, "written": {name: str(path) for name, path in paths.items()}})


def _read(source: str, layers: int | None, round_robins: int | None) -> "Kit | SampledKit":
    """A kit of ours, of the size that is asked for, or that of a sampler."""
    from backbeat.kits.sampled import with_size
    from backbeat.samplers.readers import read_kit as read_sampled

    if not is_of_sampler(source):
        return with_size(read_kit(source, patches=True), layers, round_robins)
    if layers is not None or round_robins is not None:
        raise UsageError(f"--layers, --round-robins: found with {source}; must be with a kit of patches")
    return read_sampled(Path(source))


def _rendered(kit: "Kit", folder: Path, sample_rate: int) -> "SampledKit":
    from backbeat.kits.sampled import write_hits

    return write_hits(kit, folder, sample_rate=sample_rate, threads=threads())
