"""What a reader left out or put right, gathered while it reads and told once, however often it came up."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from backbeat.files import encodable

MOST_NAMED = 8
"""Items of a kind that are named; of the rest, only the number."""

MOST_REMARKS = 24
_MOST_KEPT = 1_000
_MOST_CHARACTERS = 100


def plain(text: str) -> str:
    """Text of a file on one line, without control characters and lone surrogates, cut where it is long."""
    printable = "".join(each if each.isprintable() else " " for each in text[: 10 * _MOST_CHARACTERS])
    line = " ".join(printable.encode("utf-8", "replace").decode("utf-8").split())
    return line if len(line) <= _MOST_CHARACTERS else f"{line[: _MOST_CHARACTERS - 1]}…"


def shown(path: Path) -> str:
    """A path on one line, whatever its names hold."""
    return "".join(each if each.isprintable() else "?" for each in encodable(str(path)))


class Remarks:
    """Sentences, each once, and under headings the things that they are about."""

    def __init__(self) -> None:
        self._under: dict[str, dict[str, None]] = {}

    def say(self, sentence: str) -> None:
        """Add a sentence, unless it was said."""
        self._under.setdefault(sentence.removesuffix("."), {})

    def list(self, heading: str, items: Iterable[str]) -> None:
        """Add things under a heading, each once."""
        listed = self._under.setdefault(heading, {})
        for item in items:
            if len(listed) < _MOST_KEPT:
                listed[plain(item)] = None

    def because(self) -> str:
        """Why nothing may be left: what was left out first, in parentheses after a blank; nothing if nothing was."""
        for heading, items in self._under.items():
            if "left out" in heading:
                return f" ({_sentence(heading, tuple(items), 2).removesuffix('.')})"
        return ""

    def sentences(self) -> tuple[str, ...]:
        """All that was said, one sentence each, in order of what came up first."""
        told = [_sentence(heading, tuple(items)) for heading, items in self._under.items()]
        if len(told) > MOST_REMARKS:
            told = [*told[:MOST_REMARKS], f"And {len(told) - MOST_REMARKS} more."]
        return tuple(told)


def _sentence(heading: str, items: tuple[str, ...], most: int = MOST_NAMED) -> str:
    if not items:
        return f"{heading}."
    rest = "many" if len(items) >= _MOST_KEPT else len(items) - most
    more = f" and {rest} more" if len(items) > most else ""
    return f"{heading}: {', '.join(items[:most])}{more}."
