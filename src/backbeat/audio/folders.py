"""Which files of a folder are samples: those that end like a sound, but for what systems and archivers leave behind."""

from collections.abc import Iterable
from pathlib import Path

SUFFIXES = (".wav", ".wave", ".aif", ".aiff", ".flac", ".ogg", ".mp3")

_APPLE_DOUBLE = "._"
"""Begins the name of what macOS keeps beside a file on other systems' disks and in archives: same suffix, no sound."""

_LEFTOVERS = frozenset(
    {
        "__macosx",
        "icon\r",
        "network trash folder",
        "temporary items",
        "thumbs.db",
        "ehthumbs.db",
        "desktop.ini",
        "$recycle.bin",
        "recycler",
        "system volume information",
        "@eadir",
        "@tmp",
        "#recycle",
        "@recycle",
        "lost+found",
    }
)


def left_behind(name: str) -> bool:
    """Whether a file or folder of that name is what macOS, Windows, Linux or a network drive leaves in folders."""
    return name.startswith(_APPLE_DOUBLE) or name.casefold() in _LEFTOVERS


def samples(paths: Iterable[Path], folder: Path) -> tuple[tuple[Path, ...], int]:
    """The sound files among the paths of a folder, in order, and how many files were passed over.

    Passed over are hidden files, what was left behind, and all that lies in folders of either kind. The names of the
    folder itself, and of those that it lies in, do not matter.
    """
    found, passed = [], 0
    for path in paths:
        if any(name.startswith(".") or left_behind(name) for name in path.relative_to(folder).parts):
            passed += path.is_file()
        elif path.suffix.lower() in SUFFIXES and path.is_file():
            found.append(path)
    return tuple(sorted(found)), passed


def passed_over(count: int) -> str:
    """That so many files were passed over, for a user."""
    if count == 1:
        return "1 hidden file or archive leftover was passed over"
    return f"{count} hidden files and archive leftovers were passed over"
