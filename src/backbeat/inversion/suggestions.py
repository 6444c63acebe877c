"""What the inverters that ship suggest to a match."""

from functools import cache
from pathlib import Path

from backbeat.inversion.network import Inverter
from backbeat.inversion.proposals import invert
from backbeat.inversion.weights import pretrained, pretrained_plugins
from backbeat.matching import AUTO
from backbeat.patch import Patch
from backbeat.types import Audio

_SUGGESTED = 3
"""So many of each inverter's patches at most."""


def suggest(
    sample: str | Path | Audio, plugin: str, *, sample_rate: int | None = None, seed: int = 0, whole: bool = False
) -> list[Patch]:
    """Patches near a one-shot, for `backbeat.match(…, suggested=…)`: the nearest three of each inverter that ships.

    Args:
        sample: a sound file, or audio (1, 1, samples).
        plugin: its name, or "auto" for all.
        sample_rate: of `sample` where it is audio, in Hz.
        seed: of the noise.
        whole: hear all of a sample with several hits, not the first alone.

    Raises:
        AudioError: where the file cannot be read.
    """
    names = [name for name in pretrained_plugins() if plugin in (AUTO, name)]
    return [
        proposal.patch
        for name in names
        for proposal in invert(
            sample, _inverter(name), sample_rate=sample_rate, seed=seed, analysis=False, whole=whole
        )[:_SUGGESTED]
    ]


@cache
def _inverter(plugin: str) -> Inverter:
    """The plugin's inverter, read once for all samples."""
    return pretrained(plugin)
