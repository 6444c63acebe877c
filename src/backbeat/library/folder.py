"""A folder of one-shots, matched: one bad file never stops it, and a run that was stopped goes on where it was."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import torch

from backbeat import audio, patch
from backbeat.datasets import OneShots
from backbeat.errors import AudioError, BackbeatError, LibraryError
from backbeat.executors import Executor, Failure, Local
from backbeat.files import replacing
from backbeat.library.index import Entry, Index, Sample, opened
from backbeat.library.job import Job, Match, Settings, match_one
from backbeat.matching import effort, kept_by
from backbeat.report import Card, write_sheet

INDEX, SHEET, MATCHES = "library.sqlite", "index.html", "matches"
_STEPS_OF_16_BITS = 2**15
_NOTED_AT_ONCE = 100

Progress = Callable[[int, int], None]
"""Called with the sounds done and their number."""


@dataclass(frozen=True)
class Summary:
    """What a library holds.

    Attributes:
        files: sound files that there are, and those that are gone and have a match.
        matched: files with a match.
        sounds: different sounds among these.
        failures: each file without a match, and why.
        passed_over: hidden files and archive leftovers, which are no failures.
    """

    files: int
    matched: int
    sounds: int
    failures: list[tuple[Path, str]]
    passed_over: int


def match_folder(
    folder: str | Path,
    out: str | Path,
    settings: Settings | None = None,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Match all one-shots below a folder, or those that an earlier call has not matched, or that have changed since.

    Files with the same sound are matched once. Writes, below `out`:

    - `library.sqlite`: the index (see `Library`), a result at a time;
    - `matches/STEM.patch.json`, `.wav` and `.png` for each sound, STEM being the file's path from `folder` on;
    - `index.html`: all of them on a sheet.

    The patches, sounds, pictures and distances are the same on every executor.

    Args:
        folder: where the one-shots are; they are only read.
        out: made where there is none.
        settings: how each is matched; none is a `normal` match by whichever plugin comes nearest.
        executor: where to match; none is this process. Its workers need not see either folder.
        progress: told what is done.

    Raises:
        DatasetError: where the folder is none, or has no sound file below it.
        LibraryError: where `out` holds a library of other settings, lies within the folder, or cannot be written to.
        BackbeatError: at settings that are not allowed.
    """
    folder, out, settings = Path(folder), Path(out), settings or Settings()
    one_shots = OneShots(folder)
    _check(folder, out, settings)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LibraryError(f"{out}: not a folder that can be written to ({error.strerror})") from error
    request = {"folder": str(folder.resolve()), "backbeat": version("backbeat"), **asdict(settings)}
    with opened(out / INDEX, request) as index:
        _survey(folder, one_shots, index)
        try:
            _match_all(folder, out, index, settings, executor or Local(), progress)
        finally:
            _write_sheet(index, folder, out)
        return Summary(*index.counts(), index.failures(), one_shots.passed_over)


def _check(folder: Path, out: Path, settings: Settings) -> None:
    kept_by(settings.plugin, settings.keep)
    effort(settings.quality, settings.steps, settings.starts)
    if settings.start not in ("analysis", "inverter"):
        raise LibraryError(f"start: found {settings.start!r}; must be analysis or inverter")
    if out.resolve().is_relative_to(folder.resolve()):
        raise LibraryError(f"{out}: lies within {folder}, so that matches would be taken for samples; choose another")
    for name in (SHEET, MATCHES):
        if not (out / INDEX).exists() and (out / name).exists():
            raise LibraryError(f"{out}: holds {name}, and is no library; choose another folder")
    if folder.resolve().is_relative_to((out / MATCHES).resolve()):
        raise LibraryError(f"{out}: its matches would be written over samples in {folder}; choose another")


def _survey(folder: Path, one_shots: OneShots, index: Index) -> None:
    """Note the files that are new, have changed, or could not be read before; forget those that are gone."""
    for number, path in enumerate(one_shots.paths):
        name = path.relative_to(folder)
        try:
            found = path.stat()
            state = (found.st_size, found.st_mtime_ns)
        except OSError:  # gone since it was found, which reading says
            state = (0, 0)
        if index.state_of(name) == state:
            continue
        if number % _NOTED_AT_ONCE == 0:
            index.commit()
        try:
            recording = audio.read(path)
        except AudioError as error:
            reason = str(error).removeprefix(f"{path}: ")
            index.note(Sample(name, one_shots.label(path), *state, None, 0.0, (), reason))
            continue
        seconds = recording.audio.shape[-1] / recording.sample_rate
        content = _content(recording.audio, recording.sample_rate)
        index.note(Sample(name, one_shots.label(path), *state, content, seconds, recording.notes, None))
    index.commit()
    index.forget_all_but(path.relative_to(folder) for path in one_shots.paths)


def _content(sound: torch.Tensor, sample_rate: int) -> str:
    """A hash that is the same for the same sound, in whatever format a file holds it: of its 16 bits."""
    steps = (sound * _STEPS_OF_16_BITS).round().to(torch.int32).numpy().astype("<i4")
    return hashlib.sha256(f"{sample_rate} ".encode() + steps.tobytes()).hexdigest()


def _match_all(
    folder: Path, out: Path, index: Index, settings: Settings, executor: Executor, progress: Progress | None
) -> None:
    unmatched = index.unmatched()
    stems = {content: stem for content, _, stem in unmatched}

    def jobs() -> Iterator[Job]:
        for content, path, _ in unmatched:
            try:
                recording = audio.read(folder / path)
            except AudioError as error:  # it could be read a moment ago
                index.fail(content, str(error).removeprefix(f"{folder / path}: "))
                continue
            yield Job(content, path.stem, recording.audio[0, 0].numpy(), recording.sample_rate)

    if progress is not None:
        progress(0, len(unmatched))
    for done, (job, found) in enumerate(executor.run(partial(match_one, settings), jobs()), start=1):
        if isinstance(found, Failure):
            index.fail(job.content, found.reason)
        else:
            _write(found, out / MATCHES / stems[job.content])
            index.add(job.content, stems[job.content], found)
        if progress is not None:
            progress(done, len(unmatched))


def _write_sheet(index: Index, folder: Path, out: Path) -> None:
    entries = index.entries()
    first = {each.stem: each.path for each in reversed(entries)}
    cards = [_card(each, first[each.stem], folder, out / MATCHES / each.stem) for each in entries]
    failures = [(path.as_posix(), reason) for path, reason in index.failures()]
    try:
        write_sheet(out / SHEET, folder.resolve().name, cards, failures)
    except OSError as error:
        raise LibraryError(f"{out / SHEET}: cannot be written ({error.strerror})") from error


def _card(entry: Entry, first: Path, folder: Path, stem: Path) -> Card:
    """A sample on the sheet; `first` is the first file that holds its sound."""
    same = () if first == entry.path else (f"the same sound as {first.as_posix()}",)
    return Card(
        name=entry.path.as_posix(),
        label=entry.label,
        plugin=entry.plugin,
        distances=entry.distances,
        remarks=(*same, *entry.remarks),
        picture=_beside(stem, ".png"),
        sample=folder / entry.path,
        match=_beside(stem, ".wav"),
    )


def _write(found: Match, stem: Path) -> None:
    """Write the files of a match."""
    try:
        stem.parent.mkdir(parents=True, exist_ok=True)
        patch.save(found.patch, _beside(stem, ".patch.json"))
        audio.write(_beside(stem, ".wav"), torch.tensor(found.sound)[None, None], found.sample_rate)
        with replacing(_beside(stem, ".png")) as temporary:
            temporary.write_bytes(found.thumbnail)
    except OSError as error:
        raise LibraryError(f"{stem}: cannot be written ({error.strerror})") from error
    except BackbeatError as error:
        raise LibraryError(str(error)) from error


def _beside(stem: Path, suffix: str) -> Path:
    return stem.with_name(stem.name + suffix)
