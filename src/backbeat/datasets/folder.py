"""Real one-shots in folders, labelled by the folder they lie in."""

from dataclasses import dataclass, field
from pathlib import Path

from backbeat import audio
from backbeat.audio.folders import SUFFIXES, passed_over, samples
from backbeat.errors import AudioError, DatasetError
from backbeat.types import Audio


@dataclass(frozen=True)
class OneShot:
    """A real sound.

    Attributes:
        path: its file.
        label: the folder it lies in, from the dataset's folder on; empty at the top.
        audio: (1, 1, samples).
        sample_rate: in Hz.
    """

    path: Path
    label: str
    audio: Audio
    sample_rate: int


@dataclass(frozen=True)
class OneShots:
    """All one-shots below a folder, in the order of their paths, read when asked for.

    Attributes:
        folder: where to look.
        sample_rate: to resample to, in Hz; none keeps 44.1 or 48 kHz.
        max_seconds: the longest sound.
        paths: what was found.
        passed_over: how many files were not looked at, since they are hidden or archive leftovers, such as the `._`
            files of macOS.

    Raises:
        DatasetError: where the folder is none, or has no sound file below it.
    """

    folder: str | Path
    sample_rate: int | None = 44100
    max_seconds: float = 10.0
    paths: tuple[Path, ...] = field(init=False)
    passed_over: int = field(init=False)

    def __post_init__(self) -> None:
        folder = Path(self.folder)
        object.__setattr__(self, "folder", folder)
        if not folder.is_dir():
            raise DatasetError(f"{folder}: not a folder; must be one with sound files below it")
        paths, passed = samples(folder.rglob("*"), folder)
        object.__setattr__(self, "paths", paths)
        object.__setattr__(self, "passed_over", passed)
        if not paths:
            besides = f" ({passed_over(passed)})" if passed else ""
            raise DatasetError(f"{folder}: no sound file{besides}; must have some that end in {', '.join(SUFFIXES)}")

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels, in order."""
        return tuple(sorted({self.label(path) for path in self.paths}))

    def label(self, path: Path) -> str:
        """The label of a file."""
        inside = path.parent.relative_to(self.folder)
        return "" if inside == Path() else inside.as_posix()

    def readable(self) -> tuple[list[OneShot], list[AudioError]]:
        """All that can be read, and why the others cannot."""
        found, reasons = [], []
        for position in range(len(self)):
            try:
                found.append(self[position])
            except AudioError as error:
                reasons.append(error)
        return found, reasons

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, position: int) -> OneShot:
        """One sound.

        Raises:
            AudioError: where its file cannot be read.
        """
        path = self.paths[position]
        recording = audio.read(path, max_seconds=self.max_seconds, sample_rate=self.sample_rate)
        return OneShot(path, self.label(path), recording.audio, recording.sample_rate)
