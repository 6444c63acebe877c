"""Analysis by synthesis: the patch that makes the sound of a one-shot."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import torch
from torch import Tensor

from backbeat import audio, plugins
from backbeat.audio.bounds import MAX_RATE_HZ, MIN_RATE_HZ
from backbeat.audio.reading import MIN_SAMPLES
from backbeat.errors import MatchError
from backbeat.losses import distances
from backbeat.matching.candidate import Candidate, better_plugins, choose
from backbeat.matching.checkpoint import load_checkpoint, save_checkpoint
from backbeat.matching.detailing import DETAILS, add_detail
from backbeat.matching.ending import Ending
from backbeat.matching.excerpt import excerpt
from backbeat.matching.faults import is_sweep_false
from backbeat.matching.kept import Kept, keeping
from backbeat.matching.remainder import unmatched
from backbeat.matching.rest import put_to_rest
from backbeat.matching.result import MatchResult
from backbeat.matching.router import router
from backbeat.matching.search import begin, descend
from backbeat.matching.threads import one_thread_in_numpy
from backbeat.patch import Patch, Placement, from_params
from backbeat.patch.detail import voice_of
from backbeat.plugins import Plugin
from backbeat.types import Audio

MOST_STEPS, MOST_STARTS = 100_000, 1024


@dataclass(frozen=True)
class Quality:
    """How much is spent on a match.

    Attributes:
        steps: of descent, at most.
        starts: how many descend at first.
        detail: how much there may be, where the match does not say.
        detail_steps: steps of descent for the detail, at most, and as many for voice and detail together.
    """

    steps: int
    starts: int
    detail: str
    detail_steps: int


QUALITIES = {
    "draft": Quality(29, 1, "off", 12),
    "normal": Quality(160, 4, "normal", 100),
    "best": Quality(1000, 4, "normal", 300),
}
AUTO = "auto"

Progress: TypeAlias = Callable[[int, int, float], None]
"""Called with the steps taken, the steps there may be, and the lowest loss so far."""

_SEARCH = 5
"""Raised whenever a search no longer goes on from an earlier one's checkpoint as if it had not stopped."""
_LONGEST_SEARCH_S = 4.0
MOST_CANDIDATES = 3
"""Of the instruments that the router knows."""
_CHECKPOINT_EVERY = 25
_FAR_DB, _FAIR_STEPS = 4.0, 30
"""Mel distance, and steps taken, from which on another plugin is tried beside the one that was asked for."""


@one_thread_in_numpy()
def match(
    sample: str | Path | Audio,
    plugin: str | Plugin = AUTO,
    *,
    sample_rate: int | None = None,
    seed: int = 0,
    quality: str = "normal",
    detail: str | None = None,
    steps: int | None = None,
    starts: int | None = None,
    seconds_budget: float | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
    checkpoint: Path | None = None,
    resume: bool = False,
    suggested: Sequence[Patch] = (),
    whole: bool = False,
    keep: Mapping[str, object] | None = None,
) -> MatchResult:
    """Find the patch that makes the sound of a one-shot, by descent through the synth.

    Start values come from closed-form analysis and variations of it; the best of them descend together, and the worse
    half is given up now and then. A plugin of few parameters is polished on the way. The same arguments give the
    same patch, unless time runs out. An interrupt (Ctrl-C) during the search ends it with the best patch so far.

    Args:
        sample: a sound file, or audio (1, 1, samples).
        plugin: the instrument, registered, or its name, at the size that suits matching; or `auto`, which tries all
            there are for a moment and goes on with the nearest.
        sample_rate: of `sample` where it is audio, in Hz.
        seed: of the variations, and of the patch's noise.
        quality: what to spend: `draft`, `normal` or `best`.
        detail: how many partials and bands of noise there may be beside the instrument's own sound: `off`, `normal` or
            `full`; none is the quality's.
        steps: at most so many steps of descent, instead of the quality's.
        starts: how many descend at first, instead of the quality's.
        seconds_budget: stop after so many seconds, with the best so far; none does not stop.
        device: where to compute, as PyTorch names it.
        progress: called after each step.
        checkpoint: a file to keep the search in while it runs.
        resume: go on from that file.
        suggested: patches that may be near, such as an inverter's: those that are nearer than what analysis proposes
            are begun from as well, and with `auto`, a plugin whose own are far off is not tried.
        whole: match all of a sample that holds several hits, not the first alone.
        keep: values of parameters that stay as they are, by name or, of an entry of a bank, `name[k]`, in the unit of
            the parameter. With `auto`, only instruments that have them all are tried.

    Raises:
        AudioError: where the file cannot be read.
        PluginError: where there is no plugin of that name.
        MatchError: at an argument out of range, or a checkpoint that does not fit.
    """
    began = time.perf_counter()
    steps, starts = effort(quality, steps, starts)
    detail = QUALITIES[quality].detail if detail is None else detail
    if detail not in DETAILS:
        raise MatchError(f"detail: found {detail!r}; must be one of {', '.join(DETAILS)}")
    if seconds_budget is not None and not seconds_budget > 0.0:
        raise MatchError(f"seconds_budget: found {seconds_budget!r}; must be above 0")
    kept, instruments = kept_by(plugin, keep)
    recording, name = _recording(sample, sample_rate)
    rate = recording.sample_rate
    part = excerpt(recording.audio, rate, whole=whole)
    target, onset, notes = part.audio, part.lead_in.onset, [*recording.notes, *part.notes]
    sounding = target[..., onset:].to(_device(device))
    searched_part = sounding[..., : round(_LONGEST_SEARCH_S * rate)]
    ending = Ending(sounding, rate, searched_part.shape[-1])
    if searched_part.shape[-1] < sounding.shape[-1]:
        notes.append(f"what follows the first {_LONGEST_SEARCH_S:g} s of the sound was compared more coarsely")

    def over() -> bool:
        return seconds_budget is not None and time.perf_counter() - began > seconds_budget

    likely = _likely(instruments, sounding, rate) if plugin == AUTO else dict.fromkeys(instruments, 1.0)
    candidates = [
        Candidate(each, searched_part, rate, seed, over, suggested, ending, odds, kept) for each, odds in likely.items()
    ]
    chosen, first, said = choose(candidates, starts, steps)
    instrument = chosen.plugin
    notes += said
    request: dict[str, object] = {
        "plugin": instrument.name,
        "version": instrument.version,
        "options": dict(instrument.options),
        "sample_rate": rate,
        "seed": seed,
        "search": _SEARCH,
        "steps": steps,
        "starts": starts,
        "keep": {name: list(each) if isinstance(each, tuple) else each for name, each in kept.values.items()},
        **({"whole": whole} if part.hits > 1 else {}),
        "sound": hashlib.sha256(sounding.cpu().numpy().tobytes()).hexdigest(),
    }

    if resume:
        if checkpoint is None:
            raise MatchError("resume: no checkpoint was named; must be the file that an earlier match kept")
        state = load_checkpoint(checkpoint, request, device)
    else:
        state = begin(first)
    analysed = time.perf_counter()
    interrupted = False
    try:
        for latest in descend(state, chosen.objective, instrument.table, steps, chosen.polished, chosen.held):
            state = latest
            if progress is not None:
                progress(state.step, steps, state.best_loss)
            if checkpoint is not None and state.step % _CHECKPOINT_EVERY == 0:
                save_checkpoint(checkpoint, state, request)
            if state.step < steps and over():
                notes.append(f"stopped after {state.step} of {steps} steps, since {seconds_budget:g} s were over")
                if checkpoint is not None:
                    save_checkpoint(checkpoint, state, request)
                break
    except KeyboardInterrupt:
        interrupted = True
        notes.append(f"stopped after {state.step} of {steps} steps; this is the best patch so far")
        if checkpoint is not None and state.step:
            save_checkpoint(checkpoint, state, request)
    held = kept.held(instrument.table)
    placement = Placement(rate, target.shape[-1], onset)

    def at_rest(params: Tensor, has_false_sweep: bool = False) -> tuple[Tensor, Patch]:
        resting = put_to_rest(params, instrument.table, chosen.objective, held, has_false_sweep)
        found = from_params(instrument, resting.cpu().double(), name=name, seed=seed, placement=placement)
        return resting, kept.exactly(found)

    found_params, voice = at_rest(state.best_params.detach())
    if is_sweep_false(voice):
        _, voice = at_rest(found_params, has_false_sweep=True)
    patch = voice
    searched = time.perf_counter()
    notes += chosen.notes
    detail_steps = min(QUALITIES[quality].detail_steps, steps)
    if not interrupted and not over():
        try:
            after = ending if sounding.device.type == "cpu" else Ending(sounding.cpu(), rate, searched_part.shape[-1])
            patch = add_detail(voice, searched_part.cpu(), rate, after, detail, detail_steps, over, kept)
        except KeyboardInterrupt:
            interrupted = True
            notes.append("stopped before its detail was found")
    detailed = time.perf_counter()
    voice, sound = voice_of(patch), patch.render()
    compared = (sound[..., part.lead_in.noise :], target[..., part.lead_in.noise :], rate)
    found = distances(*compared)
    alone = found if patch == voice else distances(voice.render()[..., part.lead_in.noise :], *compared[1:])
    if plugin != AUTO and found.mel_db > _FAR_DB and state.step >= _FAIR_STEPS and not interrupted and not over():
        others = [
            Candidate(each, searched_part, rate, seed, over, ending=ending, odds=odds, kept=kept)
            for each, odds in _likely(_instruments(AUTO), sounding, rate).items()
            if each.name != instrument.name and kept.fits(each.table)
        ]
        try:
            notes += better_plugins(others, instrument, state)
        except KeyboardInterrupt:  # the match itself is there
            interrupted = True
    return MatchResult(
        name=name,
        patch=patch,
        audio=sound,
        target=target,
        sample_rate=rate,
        distances=found,
        voice_distances=alone,
        history=state.history,
        steps=state.step,
        seconds=time.perf_counter() - began,
        timings={"analysis": analysed - began, "search": searched - analysed, "detail": detailed - searched},
        unmatched=tuple(str(each) for each in unmatched(*compared)),
        notes=tuple(notes),
        interrupted=interrupted,
        complete=state.step == steps,
        lead_in=part.lead_in.noise,
        hits=part.hits,
    )


def effort(quality: str, steps: int | None = None, starts: int | None = None) -> tuple[int, int]:
    """Steps and starts of a match: the quality's, where none are given.

    Raises:
        MatchError: at one that is not allowed.
    """
    if quality not in QUALITIES:
        raise MatchError(f"quality: found {quality!r}; must be one of {', '.join(QUALITIES)}")
    steps = QUALITIES[quality].steps if steps is None else steps
    starts = QUALITIES[quality].starts if starts is None else starts
    _check("steps", steps, 1, MOST_STEPS)
    _check("starts", starts, 1, MOST_STARTS)
    return steps, starts


def kept_by(plugin: str | Plugin, keep: Mapping[str, object] | None) -> tuple[Kept, list[Plugin]]:
    """What is kept, and the instruments to try: those that can keep it.

    Raises:
        MatchError: where none can.
        PluginError: where there is no plugin of that name.
    """
    kept = Kept({} if keep is None else dict(keep))
    return kept, keeping(_instruments(plugin), kept)


def _instruments(plugin: str | Plugin) -> list[Plugin]:
    """Those to try, each at the size that suits matching."""
    if isinstance(plugin, str):
        names = plugins.names() if plugin == AUTO else [plugin]
        found = [plugins.get(name) for name in names]
        return [plugins.get(each.name, **each.match_options) for each in found]
    if plugins.get(plugin.name, **plugin.options).render is not plugin.render:
        raise MatchError(f"plugin {plugin.name}: another of that name is registered, and a patch knows only the name")
    return [plugin]


def _likely(instruments: list[Plugin], sounding: Audio, sample_rate: int) -> dict[Plugin, float]:
    """Those that a sound may be of, the likeliest first, with their odds; all, where nothing is known."""
    known = router()
    if known is None:
        return dict.fromkeys(instruments, 1.0)
    named = {each.name: each for each in instruments}
    chosen = known.likeliest(sounding, sample_rate, list(named), MOST_CANDIDATES)
    return {named[name]: odds for name, odds in chosen.items()}


def _recording(sample: str | Path | Audio, sample_rate: int | None) -> tuple[audio.Recording, str]:
    if isinstance(sample, str | Path):
        return audio.read(sample), Path(sample).stem
    if sample_rate is None:
        raise MatchError("sample_rate: none given; audio that is not in a file needs one, in Hz")
    _check("sample_rate", sample_rate, MIN_RATE_HZ, MAX_RATE_HZ)
    shaped = sample.shape[:-1] == (1, 1) and sample.shape[-1] >= MIN_SAMPLES
    if not shaped or not bool(sample.isfinite().all()) or not bool(sample.any()):
        raise MatchError(
            f"sample: found shape {tuple(sample.shape)}; must be (1, 1, samples), at least {MIN_SAMPLES} of them, "
            "finite and not silent"
        )
    return audio.Recording(sample.detach().float().cpu(), sample_rate, ()), "sample"


def _device(name: str) -> torch.device:
    """The device of that name, if there is one here."""
    try:
        probe = torch.zeros(1, device=name)
        probe.cpu()  # which the meta device, where nothing is computed, cannot do
    except (RuntimeError, AssertionError) as error:
        raise MatchError(f"device: found {name!r}; must be one that PyTorch can use here, such as cpu") from error
    return probe.device


def _check(name: str, value: int, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise MatchError(f"{name}: found {value!r}; must be from {least} to {most}, a whole number")
