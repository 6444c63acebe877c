"""`backbeat kit match` and `import`: what others made becomes a kit of patches."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Annotated, Any, TypeAlias

import typer

from backbeat.cli.effort import Detail, Keep, PluginOrAuto, Quality, Seed, Starts, Steps, kept_of
from backbeat.cli.executor import Address, ExecutorName, Workers, executor_of
from backbeat.cli.kit.arguments import check_new_kit_file
from backbeat.cli.output import AsJson, collect_garbage, counted, say, say_error, say_json, say_note
from backbeat.cli.progress import counting

_Out: TypeAlias = Annotated[Path, typer.Option("--out", "-o", help="The kit file to write, a JSON file.")]
_Name: TypeAlias = Annotated[str | None, typer.Option(help="Of the kit; by default the file's.")]

_LEFT = "nothing was written"
"""Where a match of a kit is stopped."""


def imports(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER|FILE",
            help="DrumSynth files (.ds), one or a folder of them; or a kit as `kit match` takes it.",
        ),
    ],
    out: _Out,
    name: _Name = None,
    plugin: PluginOrAuto = "auto",
    quality: Quality = "normal",
    seed: Seed = 0,
    executor: ExecutorName = "local",
    address: Address = None,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Make a kit of another program's sounds: DrumSynth files are translated, and samples matched.

    What a DrumSynth file says is where the match begins to what DrumSynth would play.
    """
    check_new_kit_file(out)
    from backbeat.kits import save_kit
    from backbeat.kits.importing import drumsynth_files, import_files
    from backbeat.kits.placing import with_room

    paths = drumsynth_files(source)
    if not paths:
        return match(
            source,
            out,
            name,
            plugin,
            quality,
            seed=seed,
            executor=executor,
            address=address,
            workers=workers,
            as_json=as_json,
        )
    if source.is_dir() and (others := sum(each.is_file() for each in source.iterdir()) - len(paths)):
        say_note(f"{source}: {counted(others, 'file')} beside {counted(len(paths), 'DrumSynth file')} left alone")
    collect_garbage()
    with counting(source.name) as show, executor_of(executor, workers, address, left=_LEFT) as workplace:
        found = import_files(
            paths, name or out.stem, plugin, quality=quality, seed=seed, executor=workplace, progress=show
        )
    save_kit(with_room(found.kit), out)
    rows = [
        {"pad": pad.name, "note": pad.note, "plugin": pad.patch.plugin, "mel_db": found.files[pad.name].mel_db}
        for pad in found.kit.pads
    ]
    _say_kit(
        out, rows, [f"mel {row['mel_db']:.1f} dB to what DrumSynth plays" for row in rows], found.failures, as_json
    )
    return None


def match(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER|KIT",
            help="A folder of samples, or a kit of SFZ, Hydrogen, DecentSampler or DrumGizmo.",
        ),
    ],
    out: _Out,
    name: _Name = None,
    plugin: PluginOrAuto = "auto",
    quality: Quality = "normal",
    detail: Detail = None,
    steps: Steps = None,
    starts: Starts = None,
    seed: Seed = 0,
    keep: Keep = None,
    executor: ExecutorName = "local",
    address: Address = None,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Make a kit of samples: a patch for each drum, on the same notes.

    Names say what is what (kick, snare_v2_r1, hat-open). Takes of one drum at different strengths become one patch,
    whose answer to velocity is fitted to them. Pads that cannot be matched are told at the end.
    """
    check_new_kit_file(out)
    from dataclasses import replace

    from backbeat.kits import save_kit
    from backbeat.kits.matching import FAR_DB, match_kit
    from backbeat.kits.placing import with_room
    from backbeat.library.job import Settings
    from backbeat.samplers.readers import read_kit

    collect_garbage()
    settings = Settings(plugin, quality, steps, starts, seed=seed, detail=detail, keep=kept_of(keep, plugin))
    sampled = read_kit(source)
    for note in sampled.notes:
        say_note(note)
    with counting(source.name) as show, executor_of(executor, workers, address, left=_LEFT) as workplace:
        found = match_kit(sampled, settings, executor=workplace, progress=show)
    save_kit(with_room(replace(found.kit, name=name or out.stem)), out)
    for each, pad in found.pads.items():
        if pad.takes[-1].mel_db > FAR_DB:
            for remark in pad.remarks:
                say_note(f"{each}: {remark}")
    rows = [
        {
            "pad": pad.name,
            "note": pad.note,
            "plugin": pad.patch.plugin,
            "remarks": list(found.pads[pad.name].remarks),
            "takes": len(takes := found.pads[pad.name].takes),
            "hardest_mel_db": takes[-1].mel_db,
            "median_mel_db": median(each.mel_db for each in takes),
        }
        for pad in found.kit.pads
    ]
    _say_kit(out, rows, [_nearness(row) for row in rows], found.failures, as_json)


def _nearness(row: Mapping[str, Any]) -> str:
    """How near a matched pad comes to its takes."""
    said = f"mel {row['hardest_mel_db']:.1f} dB to the hardest take"
    if row["takes"] != 1:
        said += f", {row['median_mel_db']:.1f} dB to the median of {row['takes']}"
    return said


def _say_kit(
    out: Path,
    rows: Sequence[Mapping[str, Any]],
    said: Sequence[str],
    failures: Sequence[tuple[str, str]],
    as_json: bool,
) -> None:
    """Say what was written: facts of each pad, or a line with what is said of it; and what became no pad."""
    if as_json:
        say_json({"kit": str(out), "pads": rows, "failed": dict(failures)})
    else:
        say(f"{out}: {counted(len(rows), 'pad')}")
        width = max(len(row["pad"]) for row in rows)
        for row, nearness in zip(rows, said, strict=True):
            say(f"  {row['note']:3}  {row['pad']:{width}}  {row['plugin']}, {nearness}")
    for name, reason in failures:
        say_error(f"{name}: {reason}")
    if failures:
        raise typer.Exit(1)
