"""Questions to a library that was matched."""

from dataclasses import dataclass
from pathlib import Path

from backbeat import audio
from backbeat.library.folder import INDEX
from backbeat.library.index import Entry, opened
from backbeat.library.likeness import distances_db, likeness


@dataclass(frozen=True)
class Library:
    """A folder that `match_folder` has written.

    Attributes:
        folder: it.
    """

    folder: str | Path

    def entries(self, order: str = "path", *, label: str | None = None, plugin: str | None = None) -> list[Entry]:
        """The samples that were matched.

        Args:
            order: "path", or by the mel distance: "best" or "worst" first.
            label: only those in this folder of the samples, or below it.
            plugin: only those that this plugin came nearest to.

        Raises:
            LibraryError: where there is no library, or at another order.
        """
        with opened(self._index) as index:
            return index.entries(order, label, plugin)

    def failures(self) -> list[tuple[Path, str]]:
        """Each file without a match, and why.

        Raises:
            LibraryError: where there is no library.
        """
        with opened(self._index) as index:
            return index.failures()

    def duplicates(self) -> list[tuple[Path, ...]]:
        """Files that hold the same sound, together.

        Raises:
            LibraryError: where there is no library.
        """
        with opened(self._index) as index:
            return index.duplicates()

    def nearest(self, sound: str | Path, count: int = 10) -> list[tuple[float, Entry]]:
        """The samples that are most like a sound, with how far each is in dB; see `likeness`.

        Args:
            sound: a sound file, of the library or from elsewhere.
            count: at most.

        Raises:
            AudioError: where the file cannot be read.
            LibraryError: where there is no library.
        """
        recording = audio.read(sound)
        with opened(self._index) as index:
            entries = {each.path: each for each in index.entries()}
            paths, vectors = index.likenesses()
        found = distances_db(likeness(recording.audio, recording.sample_rate), vectors)
        return [(float(found[row]), entries[paths[row]]) for row in found.argsort(kind="stable")[:count].tolist()]

    @property
    def _index(self) -> Path:
        return Path(self.folder) / INDEX
