"""Kits of other samplers, read into the common description: SFZ, Hydrogen, DecentSampler, DrumGizmo, WAV folders.

Each reader is `read(path, root=None) -> SampledKit`. What players forgive is forgiven, and remarked in the kit's
`notes`; what cannot be played or is out of bounds is a `KitError`. Every file is treated as hostile: nothing outside
the kit's folder is read, and what is read is bounded before it is allocated.
"""

from backbeat.samplers.readers.choice import read_kit

__all__ = ["read_kit"]
