"""A kit of recordings, matched: the same pads with patches in place of samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from backbeat import audio
from backbeat.errors import KitError
from backbeat.executors import Executor, Failure, Local
from backbeat.families import instrument_of
from backbeat.files import distinct
from backbeat.kits.document import (
    MOST_PADS,
    MOST_ROUND_ROBINS,
    Kit,
)
from backbeat.kits.fitting import Strike, fit_response
from backbeat.kits.hits import layer_of, strength_of
from backbeat.kits.placing import pads_of_recordings
from backbeat.library.job import Settings
from backbeat.losses import distances
from backbeat.matching import AUTO, MatchResult, match
from backbeat.matching.onset import onsets
from backbeat.patch import Patch
from backbeat.samplers import SampledKit, SampledPad, Take
from backbeat.samplers.names import plain_text
from backbeat.types import Audio

SAMPLE_RATE = 44_100
_MOST_FITTED = 5
"""Takes that a response is fitted to; all are judged."""
_LONGEST_S = 4.0
FAR_DB, _NEARER_DB = 5.0, 1.0
"""Mel distance from which on other instruments than the named one are tried, and how much nearer one must come."""

Progress = Callable[[int, int], None]
"""Called with what is done, and how much there is."""


@dataclass(frozen=True)
class TakeMatch:
    """How near a patch's hit comes to a take.

    Attributes:
        file: the take.
        velocity: at which it is played, MIDI.
        mel_db: mel distance of the hit at that velocity.
    """

    file: Path
    velocity: int
    mel_db: float


@dataclass(frozen=True)
class PadMatch:
    """What came of a pad's takes.

    Attributes:
        patch: of the hardest, which answers to velocity as the others do.
        takes: each of them.
        remarks: what the user should know, a sentence each.
    """

    patch: Patch
    takes: tuple[TakeMatch, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class KitMatch:
    """A matched kit.

    Attributes:
        kit: the pads that could be matched.
        pads: what came of each, by its name.
        failures: pads that could not be matched, and why.
    """

    kit: Kit
    pads: dict[str, PadMatch]
    failures: tuple[tuple[str, str], ...]


def match_kit(
    sampled: SampledKit,
    settings: Settings | None = None,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> KitMatch:
    """Find a patch for each pad of a kit of recordings.

    The hardest take of a pad is matched, by the instrument that its name tells of, or by whichever comes nearest where
    it tells of none or that one stays far. Where there are softer takes, the patch's amounts of velocity are fitted to
    them. Notes, spans, levels, pans and choke groups stay, as far as a kit of patches can have them. A pad whose note
    another has gets the next that is free; where no pad has a choke group, hats get one.

    Args:
        sampled: the kit.
        settings: how each pad is matched; none is a `normal` match by whichever instrument comes nearest.
        executor: where to match; none is this process.
        progress: told what is done.

    Raises:
        KitError: where there are too many pads, or none could be matched.
        BackbeatError: at settings that are not allowed.
    """
    if len(sampled.pads) > MOST_PADS:
        raise KitError(f"{sampled.name}: found {len(sampled.pads)} pads; must be at most {MOST_PADS}")
    settings, found = settings or Settings(), dict[str, PadMatch | Failure]()
    pads = dict(zip(names_of_pads(pad.name for pad in sampled.pads), sampled.pads, strict=True))
    work = partial(_match_pad, settings)
    for task, outcome in (executor or Local()).run(work, [replace(pad, name=name) for name, pad in pads.items()]):
        found[task.name] = outcome
        if progress is not None:
            progress(len(found), len(pads))
    failures = tuple((name, each.reason) for name in pads if isinstance(each := found[name], Failure))
    matched = {name: each for name in pads if not isinstance(each := found[name], Failure)}
    if not matched:
        raise KitError(f"{sampled.name}: no pad could be matched ({failures[0][0]}: {failures[0][1]})")
    takes = max(len(layer.takes) for pad in sampled.pads for layer in pad.layers)
    kit = Kit(
        sampled.name or "kit",
        pads_of_recordings([(pads[name], name, each.patch) for name, each in matched.items()]),
        sampled.author,
        sampled.licence,
        round_robins=min(max(Kit.round_robins, takes), MOST_ROUND_ROBINS),
    )
    return KitMatch(kit, matched, failures)


def _match_pad(settings: Settings, pad: SampledPad) -> PadMatch:
    """In a worker: the patch of a pad."""
    hardest = pad.layers[-1].takes[0]
    recording = audio.read(hardest.file, sample_rate=SAMPLE_RATE)
    sound = recording.audio * 10.0 ** (hardest.gain_db / 20.0)
    named = instrument_of(pad.name) if settings.plugin == AUTO else None
    result = nearest_of(named, settings.plugin, partial(_match, settings, sound))
    patch = replace(result.patch, name=pad.name, placement=None)
    strikes = [[_strike(layer.high, take) for take in layer.takes] for layer in pad.layers]
    if softer := [layer[0] for layer in strikes[:-1]]:
        places = torch.linspace(0, len(softer) - 1, min(len(softer), _MOST_FITTED)).round().int().tolist()
        patch = fit_response(patch, [softer[place] for place in places]).of(patch)
    judged = tuple(
        TakeMatch(take.file, layer.high, _distance_db(patch, strike))
        for layer, own in zip(pad.layers, strikes, strict=True)
        for take, strike in zip(layer.takes, own, strict=True)
    )
    return PadMatch(patch, judged, (*recording.notes, *result.remarks))


def nearest_of(named: str | None, otherwise: str, find: Callable[[str], MatchResult]) -> MatchResult:
    """A match by the instrument that a name tells of, or by another where that one stays far and the other does not.

    Args:
        named: that instrument, if there is one.
        otherwise: the other, or `auto`.
        find: a match by an instrument.
    """
    result = find(named or otherwise)
    if named and result.distances.mel_db > FAR_DB and not result.interrupted:
        nearer = find(otherwise)
        if nearer.distances.mel_db < result.distances.mel_db - _NEARER_DB:
            result = nearer
    if result.interrupted:  # a match keeps what it has; a kit does not
        raise KeyboardInterrupt
    return result


def _match(settings: Settings, sound: Audio, plugin: str) -> MatchResult:
    return match(
        sound,
        plugin,
        sample_rate=SAMPLE_RATE,
        seed=settings.seed,
        quality=settings.quality,
        detail=settings.detail,
        steps=settings.steps,
        starts=settings.starts,
        keep=settings.keep,
    )


def _strike(velocity: int, take: Take) -> Strike:
    """A take from its strike on, at the level that it is played at; as hard as the kit's hit at that velocity."""
    sound = audio.read(take.file, sample_rate=SAMPLE_RATE).audio
    begun = sound[..., int(onsets(sound, SAMPLE_RATE)[0]) :][..., : round(_LONGEST_S * SAMPLE_RATE)]
    strength = strength_of(layer_of(velocity, Kit.layers), Kit.layers)
    return Strike(strength, begun * 10.0 ** (take.gain_db / 20.0), SAMPLE_RATE)


def _distance_db(patch: Patch, strike: Strike) -> float:
    return distances(strike.struck(patch), strike.sound, SAMPLE_RATE).mel_db


def names_of_pads(names: Iterable[str]) -> list[str]:
    """Names as pads can have them: in one line each, and none twice."""
    return distinct((plain_text(name) or "pad" for name in names), " ")
