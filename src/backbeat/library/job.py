"""What a worker does for a library: match one sound."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray

from backbeat.inversion import suggest
from backbeat.library.likeness import Likeness, likeness
from backbeat.losses.distances import Distances
from backbeat.matching import AUTO, match
from backbeat.patch import Patch
from backbeat.report import thumbnail


@dataclass(frozen=True)
class Settings:
    """How each sound is matched, as `backbeat.match` takes it.

    Attributes:
        plugin: the instrument's name, or "auto".
        quality: "draft", "normal" or "best".
        steps: of descent, instead of the quality's.
        starts: to descend from, instead of the quality's.
        start: what proposes where to begin: "analysis" alone, or the "inverter" too.
        seed: the same seed gives the same patches.
        whole: of sounds with several hits, match all, not the first alone.
        detail: "off", "normal" or "full"; none is the quality's.
        keep: values of parameters that stay as they are, by name.
    """

    plugin: str = AUTO
    quality: str = "normal"
    steps: int | None = None
    starts: int | None = None
    start: str = "analysis"
    seed: int = 0
    whole: bool = False
    detail: str | None = None
    keep: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """A sound to match.

    Attributes:
        content: what tells it from other sounds.
        name: for its patch.
        sound: (samples,).
        sample_rate: in Hz.
    """

    content: str
    name: str
    sound: NDArray[np.float32]
    sample_rate: int


@dataclass(frozen=True)
class Match:
    """What came of a job.

    Attributes:
        patch: the patch.
        sound: of the patch, (samples,).
        sample_rate: in Hz.
        distances: from the one-shot to `sound`.
        steps: of descent.
        seconds: that the match took.
        remarks: what the user should know, a sentence each.
        thumbnail: both sounds' spectrograms, a PNG.
        likeness: of the one-shot.
    """

    patch: Patch
    sound: NDArray[np.float32]
    sample_rate: int
    distances: Distances
    steps: int
    seconds: float
    remarks: tuple[str, ...]
    thumbnail: bytes
    likeness: Likeness


def match_one(settings: Settings, job: Job) -> Match:
    """Match a sound; the same settings and sound give the same patch, sound and thumbnail.

    Raises:
        BackbeatError: where the sound cannot be matched so.
    """
    target = torch.tensor(job.sound)[None, None]
    suggested = (
        suggest(target, settings.plugin, sample_rate=job.sample_rate, seed=settings.seed, whole=settings.whole)
        if settings.start == "inverter"
        else ()
    )
    result = match(
        target,
        settings.plugin,
        sample_rate=job.sample_rate,
        seed=settings.seed,
        quality=settings.quality,
        detail=settings.detail,
        steps=settings.steps,
        starts=settings.starts,
        suggested=suggested,
        whole=settings.whole,
        keep=settings.keep,
    )
    if result.interrupted:  # a match keeps what it has; a library, what is done
        raise KeyboardInterrupt
    return Match(
        replace(result.patch, name=job.name),
        result.audio[0, 0].numpy(),
        result.sample_rate,
        result.distances,
        result.steps,
        result.seconds,
        result.remarks,
        thumbnail(result),
        likeness(target, job.sample_rate),
    )
