"""How many numbers a voice has, and how much detail lies beside it."""

from backbeat.patch import Patch
from backbeat.plugins.detail import BANDS, PARTIALS


def numbers_in(patch: Patch) -> int:
    """Entries of the voice's flat vector of params, without the detail layer's.

    Args:
        patch: the voice, with or without detail.
    """
    plugin = patch.instrument
    return (plugin.voice or plugin).table.size


def detail_in(patch: Patch) -> int:
    """Partials and bands of noise of the detail layer.

    Args:
        patch: the voice, with or without detail.
    """
    return patch.options.get(PARTIALS, 0) + patch.options.get(BANDS, 0)
