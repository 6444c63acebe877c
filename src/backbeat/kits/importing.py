"""Kits of DrumSynth files: a patch for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from backbeat.drumsynth import match_drumsynth
from backbeat.errors import KitError
from backbeat.executors import Executor, Failure, Local
from backbeat.families import instrument_of
from backbeat.kits.document import MOST_PADS, Kit
from backbeat.kits.matching import Progress, names_of_pads, nearest_of
from backbeat.kits.placing import pads_of
from backbeat.matching import AUTO
from backbeat.patch import Patch

SUFFIX = ".ds"


@dataclass(frozen=True)
class ImportedFile:
    """What came of a DrumSynth file.

    Attributes:
        patch: of it.
        mel_db: mel distance to the file as DrumSynth plays it.
    """

    patch: Patch
    mel_db: float


@dataclass(frozen=True)
class ImportedKit:
    """A kit of DrumSynth files.

    Attributes:
        kit: a pad for each file that became a patch.
        files: what came of each, by the pad's name.
        failures: files that did not, and why.
    """

    kit: Kit
    files: dict[str, ImportedFile]
    failures: tuple[tuple[str, str], ...]


def drumsynth_files(path: Path) -> list[Path]:
    """The DrumSynth files that a path names: itself, or those in its folder."""
    if path.is_dir():
        return sorted(each for each in path.iterdir() if each.suffix.lower() == SUFFIX and each.is_file())
    return [path] if path.suffix.lower() == SUFFIX else []


def import_files(
    paths: Sequence[Path],
    name: str,
    plugin: str = AUTO,
    *,
    quality: str = "normal",
    seed: int = 0,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> ImportedKit:
    """Make a kit of DrumSynth files, on the notes that their names tell of.

    Args:
        paths: of the files.
        name: of the kit.
        plugin: the instrument of all; or `auto`, that which a name tells of, or the nearest.
        quality: what to spend on a match: `draft`, `normal` or `best`.
        seed: of the files' noise, and of the patches'.
        executor: where to work; none is this process.
        progress: told what is done.

    Raises:
        KitError: where there are too many files, or none became a patch.
    """
    if not 1 <= len(paths) <= MOST_PADS:
        raise KitError(f"{name}: found {len(paths)} files; must be from 1 to {MOST_PADS}")
    names = dict(zip(names_of_pads(path.stem for path in paths), paths, strict=True))
    found: dict[Path, ImportedFile | Failure] = {}
    for path, outcome in (executor or Local()).run(partial(_import, plugin, quality, seed), list(paths)):
        found[path] = outcome
        if progress is not None:
            progress(len(found), len(paths))
    failures = tuple((str(path), each.reason) for path in paths if isinstance(each := found[path], Failure))
    files = {own: each for own, path in names.items() if not isinstance(each := found[path], Failure)}
    if not files:
        raise KitError(f"{name}: no file became a patch ({failures[0][1]})")
    kit = Kit(name, pads_of([(own, each.patch) for own, each in files.items()]))
    return ImportedKit(kit, files, failures)


def _import(plugin: str, quality: str, seed: int, path: Path) -> ImportedFile:
    """In a worker: the patch of a file."""
    named = instrument_of(path.stem) if plugin == AUTO else None
    result = nearest_of(named, plugin, lambda each: match_drumsynth(path, each, quality=quality, seed=seed))
    return ImportedFile(result.patch, result.distances.mel_db)
