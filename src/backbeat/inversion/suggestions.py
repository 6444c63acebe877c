"""What the inverter that ships suggests to a match."""

from collections import Counter
from pathlib import Path

import torch

from backbeat.encoder.weights import pretrained
from backbeat.inversion.proposals import Heard
from backbeat.matching import AUTO
from backbeat.matching.one_shot import MOST_CANDIDATES
from backbeat.matching.router import router
from backbeat.matching.threads import one_thread_in_numpy
from backbeat.patch import Patch
from backbeat.types import Audio

_SUGGESTED = 3
"""So many of each instrument's patches at most."""


@one_thread_in_numpy()
@torch.no_grad()
def suggest(
    sample: str | Path | Audio, plugin: str, *, sample_rate: int | None = None, seed: int = 0, whole: bool = False
) -> list[Patch]:
    """Patches near a one-shot, for `backbeat.match(…, suggested=…)`: the nearest three of each instrument to be tried.

    With `auto`, these are the instruments that a match tries; those without a head are passed over.

    Args:
        sample: a sound file, or audio (1, 1, samples).
        plugin: its name, or "auto".
        sample_rate: of `sample` where it is audio, in Hz.
        seed: of the noise.
        whole: hear all of a sample with several hits, not the first alone.

    Raises:
        AudioError: where the file cannot be read.
    """
    inverter = pretrained()
    if plugin not in (AUTO, *inverter.plugins):
        return []
    heard = Heard.of(sample, sample_rate, whole=whole)
    names, known = list(inverter.plugins) if plugin == AUTO else [plugin], router()
    if plugin == AUTO and known is not None:
        names = list(known.likeliest(heard.sounding, heard.placement.sample_rate, names, MOST_CANDIDATES))
    found = heard.proposals(inverter, names, seed=seed, analysis=False)
    counted: Counter[str] = Counter()
    suggested = []
    for each in found:
        counted[each.patch.plugin] += 1
        if counted[each.patch.plugin] <= _SUGGESTED:
            suggested.append(each.patch)
    return suggested
