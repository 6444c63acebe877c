"""Sound files in and out; the only package that touches soundfile and soxr."""

from importlib import import_module
from typing import TYPE_CHECKING

from backbeat.audio.writing import BitDepth, write

if TYPE_CHECKING:
    from backbeat.audio.flac import FLAC_FULL_SCALE, from_flac, to_flac
    from backbeat.audio.reading import Recording, read

__all__ = ["FLAC_FULL_SCALE", "BitDepth", "Recording", "from_flac", "read", "to_flac", "write"]

_HOMES = {"FLAC_FULL_SCALE": "flac", "from_flac": "flac", "to_flac": "flac", "Recording": "reading", "read": "reading"}
"""What is read in when it is first used, since it needs PyTorch."""


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'backbeat.audio' has no attribute {name!r}")
    return getattr(import_module(f"backbeat.audio.{_HOMES[name]}"), name)
