"""Sound files in and out; the only package that touches soundfile and soxr."""

from backbeat.audio.flac import FLAC_FULL_SCALE, from_flac, to_flac
from backbeat.audio.reading import Recording, read
from backbeat.audio.writing import BitDepth, write

__all__ = ["FLAC_FULL_SCALE", "BitDepth", "Recording", "from_flac", "read", "to_flac", "write"]
