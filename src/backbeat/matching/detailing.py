"""The detail of a match: partials and bands of noise for what its voice leaves.

The voice is found before. Partials are what lasts in the residual with a pitch of its own, a peak far above its
surroundings; what is only noise goes to the bands, and no band sounds where the voice's tones have most of the sound.
While they descend, the seeds of all noise take turns, so that no partial can learn the one realisation that was
recorded. A partial that brings less than its price is left out. Last, voice and detail descend together: the voice
alone counts too, and so does whether all lasts longer as `length` is turned. Where partials make one hit the other,
those of noise are left out; where they hide a sweep that is hardly missed, the sweep is. A detail with which more knobs
are false than without it is not taken, nor one that sounds on where the target has ended.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count, pairwise

import numpy as np
import torch
from torch import Tensor

from backbeat.dsp import band_centers_hz
from backbeat.matching.analysis import Bands, Modes, find_modes, first_modes, fit_bands
from backbeat.matching.distance import Distance, distance_to
from backbeat.matching.ending import Ending
from backbeat.matching.faults import false_turns, is_bounded, is_frozen, is_hiss, is_sweep_false
from backbeat.matching.judgement.alive import HIGH_PASS_HZ
from backbeat.matching.kept import Kept
from backbeat.matching.rest import FALSE_PRICE, sweeps_at_rest, without_sweeps
from backbeat.matching.search import Objective, begin, descend
from backbeat.matching.stretching import Stretch, has_length, stretch_error
from backbeat.parameters import DETAIL, OUTPUT, numbers
from backbeat.patch import Patch, Placement, from_params
from backbeat.plugins import Plugin, get
from backbeat.plugins.detail import BANDS, PARTIALS
from backbeat.plugins.parts import onset_curve
from backbeat.synth import render
from backbeat.types import Audio, Series

DETAILS = {"off": (0, 0), "normal": (56, 20), "full": (64, 32)}
"""Partials and bands, at most."""
_SEEDS, _IN_TURN = 4, 4
"""Of the noise: so many tell tones from noise, and so many take turns in a descent."""
_TONAL_DB = 3.0
"""How far above its surroundings the peak of a partial stands."""
_AROUND_OCT, _AROUND_HZ = 0.25, 120.0
_EXPLAINED_DB = 6.0
"""How far the tones of the voice lie above what they leave of a band, from which on no noise is added there."""
_LEAST_GAIN, _LEAST_SHARE = 0.03, 0.03
"""What all of the detail has to bring: in the loss, and as a share of it."""
_OF_PARTIALS = (DETAIL.hz, DETAIL.t60_s, DETAIL.level_db, DETAIL.phase_cycles)
_FAULT = 0.3
"""What it has to bring for each knob that is false with it alone, as a share of the loss."""
_PRICE = 0.004
"""Of a partial, in the loss."""
_VOICE_WEIGHT, _STRETCH_WEIGHT = 1.2, 10.0
"""Of the distance of the voice alone, and of how all lasts longer, each at every fourth step of voice and detail."""
_ENDING_WEIGHT = 4.0
"""Of how the sound goes on: many partials can ring on where a voice does not."""
_PEAK_PRICE = 0.05
"""Of each dB that a sound peaks above its target: partials beside a voice may all meet in one sample."""
_LEAST_NOISE_DB = 12.0
"""A band begins at least so far below the target's noise, where the voice has all of it."""


@dataclass(frozen=True, eq=False)
class _Task:
    """What a detail is fitted to.

    Attributes:
        target: the part that was searched, (1, 1, samples).
        sample_rate: in Hz.
        distance: from it.
        ending: how the sound goes on after that.
        seeds: of the noise, which take turns.
        silent: bands of the detail that have no noise.
        enough: asked before each step whether it is time to stop.
    """

    target: Audio
    sample_rate: int
    distance: Distance
    ending: Ending
    seeds: Tensor
    silent: list[int]
    enough: Callable[[], bool]

    @property
    def samples(self) -> int:
        """How long sounds are rendered."""
        return max(self.ending.samples, self.target.shape[-1])

    def sounds(self, plugin: Plugin, params: Tensor, turn: int, longer: float = 1.0) -> Audio:
        """What params (starts, P) sound like with the seed whose turn it is, (starts, 1, samples)."""
        return render(
            plugin,
            self.without_bands(plugin, params),
            samples=round(longer * self.samples),
            sample_rate=self.sample_rate,
            seed=self.seeds[turn % _IN_TURN].expand(len(params)),
        )

    def losses(self, sounds: Audio) -> Tensor:
        """How far sounds are from the target, how differently they go on, and how much higher they peak, (starts,)."""
        over_db = 20.0 * (sounds.abs().amax((-1, -2)) / self.target.abs().max()).clamp(min=1.0).log10()
        near = self.distance(sounds[..., : self.target.shape[-1]])
        return near + _ENDING_WEIGHT * self.ending(sounds) + _PEAK_PRICE * over_db

    def descended(
        self, start: Tensor, objective: Objective, plugin: Plugin, steps: int, held: Tensor | None = None
    ) -> Tensor:
        """The last of so many steps from a start, (1, P): with other seeds at each, the least loss says little."""
        last = start
        for state in descend(begin(start), objective, plugin.table, steps, held=held):
            last = state.params
            if self.enough():
                break
        return self.without_bands(plugin, last.detach())

    def without_bands(self, plugin: Plugin, params: Tensor) -> Tensor:
        """Params (starts, P) with the silent bands at their least level."""
        name = plugin.table.with_role(DETAIL.band_db)
        if name is None or not self.silent:
            return params
        first = plugin.table.slice(name).start
        return params.index_fill(-1, torch.tensor([first + k for k in self.silent]), 0.0)


def add_detail(
    patch: Patch,
    target: Audio,
    sample_rate: int,
    ending: Ending,
    amount: str,
    steps: int,
    enough: Callable[[], bool],
    kept: Kept,
) -> Patch:
    """The patch with a detail layer; itself where none is worth it.

    Args:
        patch: the voice.
        target: the part that was searched, (1, 1, samples).
        sample_rate: in Hz.
        ending: how the sound goes on after that.
        amount: one of `DETAILS`.
        steps: of descent, at most.
        enough: asked before each step whether it is time to stop.
        kept: values of the voice that stay as they are.
    """
    partials, bands = DETAILS[amount]
    if not partials and not bands:
        return patch
    samples = max(ending.samples, target.shape[-1])
    seeds = torch.arange(patch.seed, patch.seed + _SEEDS)
    params = patch.params().float().expand(_SEEDS, -1)
    with torch.no_grad():
        voices = render(patch.instrument, params, samples=samples, sample_rate=sample_rate, seed=seeds)
    signal, sounds = (each[:, 0, : target.shape[-1]].double().numpy() for each in (target, voices))
    steady = sounds.mean(0)
    rest, struck = signal[0] - steady, onset_curve(_of(patch, OUTPUT.onset_db), len(steady), sample_rate)
    modes = _partials(rest / struck, sample_rate, get(patch.plugin, **{**patch.options, PARTIALS: partials}), partials)
    centers = band_centers_hz(bands)
    own_noise = fit_bands((sounds[0] - steady) * (_SEEDS / (_SEEDS - 1)) ** 0.5, sample_rate, centers)
    noise = fit_bands(modes.residual * struck, sample_rate, centers)
    silent = _explained_bands(steady, rest, sample_rate, centers)
    task = _Task(target, sample_rate, distance_to(target, sample_rate), ending, seeds, silent, enough)
    full = _together(task, _with(patch, modes, noise, own_noise), kept, steps)
    worth = _worth_it(task, full)
    found = _together(task, _only(full, worth), kept, steps // 3)
    if worth and is_hiss(target, sample_rate) and is_frozen(found) and not is_frozen(patch):
        hz = numbers(full.values[full.instrument.table.with_role(DETAIL.hz) or ""])
        found = _together(task, _only(full, [k for k in worth if hz[k] < HIGH_PASS_HZ]), kept, steps // 3)
    voice = _Judged(task, patch)
    if _Judged(task, found).is_better_than(voice):
        return found
    if is_sweep_false(found) and _needs_no_sweep(voice, kept):
        found = _together(task, _still(found), kept, steps // 3)
        if _Judged(task, found).is_better_than(voice):
            return found
    return patch


@dataclass(frozen=True, eq=False)
class _Judged:
    """A patch before a task. Each of its properties is measured when it is first read, and once.

    Attributes:
        task: what it is to sound like.
        patch: with or without a detail.
    """

    task: _Task
    patch: Patch

    @cached_property
    def losses(self) -> tuple[float, float]:
        """How far it is from the target, and how differently it goes on."""
        sound = self.patch.render(Placement(self.task.sample_rate, self.task.samples))
        return float(self.task.distance(sound[..., : self.task.target.shape[-1]])), float(self.task.ending(sound))

    @cached_property
    def is_bounded(self) -> bool:
        """Whether it ends where the target ends."""
        return is_bounded(self.patch, self.task.target)

    @cached_property
    def false_turns(self) -> int:
        """How many turns of its knobs are false."""
        return false_turns(self.patch)

    def is_better_than(self, voice: "_Judged") -> bool:
        """Whether its detail brings enough, in the loss and for each knob that is false with it."""
        (before, before_end), (after, after_end) = voice.losses, self.losses
        gain = before - after
        if gain <= max(_LEAST_GAIN, _LEAST_SHARE * before) or after_end >= before_end + _LEAST_GAIN:
            return False
        if not self.is_bounded and voice.is_bounded:
            return False
        return not self.false_turns or self.false_turns <= voice.false_turns + int(gain / (_FAULT * before))


def _needs_no_sweep(voice: _Judged, kept: Kept) -> bool:
    """Whether a voice is about as near where its pitch stays."""
    params, table = voice.patch.params(), voice.patch.instrument.table
    sweeping = params != without_sweeps(params, table)
    if bool((kept.held(table) & sweeping).any()):
        return False
    return _Judged(voice.task, _still(voice.patch)).losses[0] < voice.losses[0] + FALSE_PRICE


def _still(patch: Patch) -> Patch:
    """The patch without its sweeps."""
    params = without_sweeps(patch.params(), patch.instrument.table)
    return from_params(patch.instrument, params, name=patch.name, seed=patch.seed, placement=patch.placement)


def _together(task: _Task, patch: Patch, kept: Kept, steps: int) -> Patch:
    """The patch after a descent of voice and detail, the level of the detail aside."""
    plugin, turns = patch.instrument, count()
    level = plugin.table.slice(plugin.table.with_role(DETAIL.level) or "").start
    stretch = Stretch(patch) if has_length(patch) else None

    def objective(params: Tensor) -> Tensor:
        step = next(turns)
        whole, voice = (params.index_fill(-1, torch.tensor([level]), each) for each in (1.0, 0.0))
        sound = task.sounds(plugin, whole, step // 2)
        losses = task.losses(sound)
        if step % 4 == 1 and stretch is not None:
            turned, factor = stretch(whole)
            longer = task.sounds(plugin, turned, step // 2, factor)
            return losses + _STRETCH_WEIGHT * stretch_error(sound, longer, factor, task.sample_rate)
        if step % 4 == 3:
            return losses + _VOICE_WEIGHT * task.losses(task.sounds(plugin, voice, step // 2))
        return losses

    start = patch.params().to(task.target).unsqueeze(0)
    held = kept.held(plugin.table) | sweeps_at_rest(start[0], plugin.table)
    params = task.descended(start, objective, plugin, steps, held)[0].cpu().double()
    params[level] = 1.0
    found = from_params(plugin, params, name=patch.name, seed=patch.seed, placement=patch.placement)
    return kept.exactly(found)


def _partials(residual: Series, sample_rate: int, fitted: Plugin, most: int) -> Modes:
    """The modes of what the voice leaves that have a pitch of their own."""
    hz = fitted.table[fitted.table.with_role(DETAIL.hz) or ""]
    found = find_modes(residual, sample_rate, most, lowest_hz=hz.low, highest_hz=hz.high)
    power = np.abs(np.fft.rfft(residual * np.hanning(2 * len(residual))[len(residual) :])) ** 2
    tonal = [
        k
        for k, each in enumerate(found.frequency_hz)
        if found.gain[k] and _stands_out(power, each, sample_rate / len(residual))
    ]
    chosen = replace(
        found,
        **{name: getattr(found, name)[tonal] for name in ("frequency_hz", "t60_s", "gain", "start_cycles")},
    )
    return first_modes(chosen, len(tonal), residual, sample_rate) if tonal else replace(chosen, residual=residual)


def _stands_out(power: Series, frequency_hz: float, step_hz: float) -> bool:
    """Whether a power spectrum has a peak at a frequency, far above the median of its surroundings."""
    hz = step_hz * np.arange(len(power))
    reach = max(frequency_hz * (2.0**_AROUND_OCT - 1.0), _AROUND_HZ)
    around = power[(hz > frequency_hz - reach) & (hz < frequency_hz + reach)]
    peak = power[np.abs(hz - frequency_hz) <= max(step_hz, 0.003 * frequency_hz)]
    return bool(len(around) and len(peak) and peak.max() > 10.0 ** (_TONAL_DB / 10.0) * np.median(around))


def _explained_bands(steady: Series, rest: Series, sample_rate: int, centers_hz: Sequence[float]) -> list[int]:
    """Bands in which the tones of the voice have most of the sound, and what is left of it is no noise."""
    hz = np.fft.rfftfreq(len(rest), 1.0 / sample_rate)
    edges = (0.0, *np.sqrt(np.multiply(centers_hz[:-1], centers_hz[1:])), hz[-1])
    voice, left = (np.abs(np.fft.rfft(each)) ** 2 for each in (steady, rest))
    inside = [(hz > low) & (hz <= high) for low, high in pairwise(edges)]
    limit = 10.0 ** (_EXPLAINED_DB / 10.0)
    return [k for k, band in enumerate(inside) if voice[band].sum() > limit * left[band].sum()]


def _with(patch: Patch, modes: Modes, noise: Bands, own_noise: Bands) -> Patch:
    """The patch with partials and bands, relative to its own output level."""
    bands = len(noise.level_db)
    plugin = get(patch.plugin, **{**patch.options, PARTIALS: len(modes.gain), BANDS: bands})
    output_db = _of(patch, OUTPUT.level_db)
    missing = np.maximum(
        10.0 ** (noise.level_db / 10.0) - 10.0 ** (own_noise.level_db / 10.0),
        10.0 ** ((noise.level_db - _LEAST_NOISE_DB) / 10.0),
    )
    entries = {
        DETAIL.hz: modes.frequency_hz,
        DETAIL.t60_s: modes.t60_s,
        DETAIL.level_db: modes.level_db - output_db,
        DETAIL.phase_cycles: modes.start_cycles,
        DETAIL.band_db: 10.0 * np.log10(missing) - output_db,
        DETAIL.band_t60_s: noise.t60_s,
    }
    own = plugin.table.by_name({role: tuple(each.tolist()) for role, each in entries.items()})
    values = plugin.table.within({**plugin.table.defaults(), **patch.values, **own})
    return replace(patch, values=values, options=plugin.options)


def _of(patch: Patch, role: OUTPUT) -> float:
    """The patch's number with a role, in dB; 0 where it has none."""
    name = patch.instrument.table.with_role(role)
    (found,) = numbers(patch.values[name]) if name else (0.0,)
    return found


def _worth_it(task: _Task, patch: Patch) -> list[int]:
    """Partials without which the loss would be higher by more than their price."""
    table = patch.instrument.table
    name = table.with_role(DETAIL.level_db)
    if name is None:
        return []
    where, params = table.slice(name), patch.params().to(task.target)
    rows = params.repeat(1 + where.stop - where.start, 1)
    for k in range(where.start, where.stop):
        rows[1 + k - where.start, k] = 0.0
    with torch.no_grad():
        losses = task.losses(task.sounds(patch.instrument, rows, 1))
    return [k for k, loss in enumerate((losses[1:] - losses[0]).tolist()) if loss > _PRICE]


def _only(patch: Patch, chosen: Sequence[int]) -> Patch:
    """The patch with some of its partials."""
    plugin = get(patch.plugin, **{**patch.options, PARTIALS: len(chosen)})
    values = {
        name: plugin.table[name].within(tuple(numbers(patch.values[name])[k] for k in chosen))
        if plugin.table[name].role in _OF_PARTIALS
        else patch.values[name]
        for name in plugin.table
    }
    return replace(patch, values=values, options=plugin.options)
