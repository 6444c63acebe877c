"""Names that every player can open: of files by the letters that are safe everywhere, and texts that XML can hold."""

import re
import unicodedata

MAX_LENGTH = 40
"""Of a safe name: with a folder and a suffix it stays below what card readers and old file systems take."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)")  # Windows opens devices by these, whatever their suffix
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]+")


def safe_name(text: str, fallback: str = "pad") -> str:
    """A name of [A-Za-z0-9_-] that says what the text says as well as it can.

    Accents are dropped; whatever else is not allowed becomes one underscore. The name begins with a letter, a digit or
    an underscore, and is none that Windows keeps for devices.

    Args:
        text: for people.
        fallback: where nothing is left, itself safe.
    """
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = _UNSAFE.sub("_", letters).strip("_").lstrip("-")[:MAX_LENGTH].rstrip("_") or fallback
    return f"{name}_" if _RESERVED.fullmatch(name) else name


def plain_text(text: str) -> str:
    """The text in one line, without what XML 1.0 or a line of a text file cannot hold."""
    return " ".join(_CONTROL.sub(" ", text).split())
