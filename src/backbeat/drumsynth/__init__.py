"""Sounds of DrumSynth, `.ds` files, read, rendered, and made patches of."""

from backbeat.drumsynth.document import DrumSynthSound, parse, read
from backbeat.drumsynth.importing import import_drumsynth, match_drumsynth
from backbeat.drumsynth.rendering import render

__all__ = ["DrumSynthSound", "import_drumsynth", "match_drumsynth", "parse", "read", "render"]
