"""Sound files in and out; the only package that touches soundfile and soxr."""

from backbeat.audio.reading import Recording, read
from backbeat.audio.writing import BitDepth, write

__all__ = ["BitDepth", "Recording", "read", "write"]
