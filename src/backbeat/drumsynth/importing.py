"""DrumSynth files as patches: translated, and matched from there to what they sound like."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from backbeat import plugins
from backbeat.drumsynth.document import RATE_HZ, DrumSynthSound, read
from backbeat.drumsynth.rendering import Wave, render
from backbeat.errors import KitError

if TYPE_CHECKING:
    from backbeat.matching import MatchResult
    from backbeat.patch import Patch
    from backbeat.types import Audio

_AUTO = "auto"
_FADED, _SILENT = 1e-4, 1e-3
_SHORTEST = RATE_HZ // 20


def import_drumsynth(path: str | Path, plugin: str = _AUTO, *, quality: str = "normal", seed: int = 0) -> Patch:
    """The patch of an instrument that sounds as a DrumSynth file does.

    Args:
        path: the file.
        plugin: the instrument; or `auto`, the nearest.
        quality: what to spend on the match: `draft`, `normal` or `best`.
        seed: of the file's noise, and of the patch's.

    Raises:
        KitError: naming the file, where it cannot be read, is no DrumSynth file or makes no sound.
        MatchError: at a quality that there is not.
        PluginError: where there is no plugin of that name.
    """
    return match_drumsynth(path, plugin, quality=quality, seed=seed).patch


def match_drumsynth(path: str | Path, plugin: str = _AUTO, *, quality: str = "normal", seed: int = 0) -> MatchResult:
    """As `import_drumsynth`, with how near the patch comes to the file's own sound, and what it does not reach."""
    import torch

    from backbeat.matching import match

    path = Path(path)
    sound = read(path)
    target = torch.from_numpy(audible(render(sound, seed), path)).float()[None, None]
    suggested = translated(sound, target, plugin, seed)
    found = match(target, plugin, sample_rate=RATE_HZ, seed=seed, quality=quality, suggested=suggested, whole=True)
    return replace(found, name=path.stem, patch=replace(found.patch, name=path.stem))


def translated(sound: DrumSynthSound, target: Audio, plugin: str = _AUTO, seed: int = 0) -> list[Patch]:
    """Translations of a sound for the instrument, or for those that its rendering (1, 1, samples) may be of."""
    from backbeat.drumsynth.translation import translations
    from backbeat.matching.one_shot import MOST_CANDIDATES
    from backbeat.matching.router import router

    names, known = [plugin], router()
    if plugin == _AUTO:
        trained = [name for name in plugins.names() if known and name in known.names]
        names = list(known.likeliest(target, RATE_HZ, trained, MOST_CANDIDATES)) if known else []
    instruments = [plugins.get(name) for name in names]
    sized = [plugins.get(each.name, **each.match_options) for each in instruments]
    return [each for instrument in sized for each in translations(sound, instrument, target.shape[-1], seed)]


def audible(wave: Wave, path: Path) -> Wave:
    """A sound until it stays 80 dB under its peak.

    Raises:
        KitError: where it is silent.
    """
    level = np.abs(wave)
    if level.max() < _SILENT:
        raise KitError(f"{path}: makes no sound; must have a part that is on, with a level above 0")
    return wave[: max(int(np.flatnonzero(level > _FADED * level.max())[-1]) + 1, _SHORTEST)]
