"""How many numbers a voice has."""

from backbeat.patch import Patch


def numbers_in(patch: Patch) -> int:
    """Entries of a voice's flat vector of params. No patch has a detail layer yet, whose entries would be told apart.

    Args:
        patch: the voice.
    """
    return patch.instrument.table.size
