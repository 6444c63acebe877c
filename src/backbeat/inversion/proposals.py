"""The instant preview: one-shot in, patches out, by a trained inverter."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from backbeat import audio
from backbeat.encoder.features import SECONDS, Features, features, pitch, pitch_gap
from backbeat.encoder.mixture import Mixture
from backbeat.encoder.network import Inverter
from backbeat.encoder.weights import pretrained
from backbeat.errors import InverterError
from backbeat.losses import DrumLoss
from backbeat.matching import AUTO
from backbeat.matching.candidate import price
from backbeat.matching.excerpt import excerpt
from backbeat.matching.readings import has_quick_reading
from backbeat.matching.router import at_training_rate
from backbeat.matching.starts import levelled, quick_start
from backbeat.matching.threads import one_thread_in_numpy
from backbeat.patch import Patch, Placement, from_params
from backbeat.plugins import Plugin
from backbeat.synth import render
from backbeat.types import Audio, Params

_MOST_OCTAVES = 0.35
_LIKELIEST, _NARROWER = 4, 0.5
_TRUST = 0.4
"""In the odds: less than a match has in the router's, which was trained on recordings too."""
_INSTRUMENTS, _LEAST_ODDS = 3, 0.02
"""The likeliest so many are tried, but none that is so unlikely that its price could not be made up for."""
MOST_PROPOSALS = 1024
PROPOSALS = 12
"""Patches that are tried, of one instrument or of all together."""


@dataclass(frozen=True)
class Proposal:
    """A patch that may make a sound.

    Attributes:
        patch: it.
        loss: `DrumLoss` of its sound from the one-shot, of their first second.
        odds: how likely its instrument is that of the one-shot.
        priced_loss: the loss, which counts for more of an instrument that is large or unlikely, as in a match.
    """

    patch: Patch
    loss: float
    odds: float
    priced_loss: float


@one_thread_in_numpy()
@torch.no_grad()
def invert(
    sample: str | Path | Audio,
    inverter: Inverter | None = None,
    *,
    plugin: str = AUTO,
    sample_rate: int | None = None,
    count: int | None = None,
    seed: int = 0,
    analysis: bool = True,
    whole: bool = False,
) -> list[Proposal]:
    """Patches for a one-shot, the nearest first.

    The network tells the likeliest instruments, and the likeliest patches of each. Each patch is rendered, and given
    what is told in closed form: the pitch of the one-shot, which a network tells to half a semitone, and its level.
    Then it is compared with the one-shot. Where instruments compete, a large or an unlikely one has to be nearer.

    Args:
        sample: a sound file, or audio (1, 1, samples).
        inverter: the network; none is the one that ships.
        plugin: the instrument, or `auto`, which tries the likeliest, three at most.
        sample_rate: of `sample` where it is audio, in Hz.
        count: patches to try of each instrument: the likeliest of each of a few components, and then patches drawn from
            narrower ones; none is 12, shared by those that are tried.
        seed: of the patches that are drawn, and of their noise.
        analysis: whether to try what a quick analysis tells of the likeliest instrument, if it is of tones and noise.
        whole: hear all of a sample with several hits, not the first alone.

    Raises:
        AudioError: where the file cannot be read.
        PluginError: where there is no such plugin.
        InverterError: at an argument out of range, or where the network has no head for the plugin.
    """
    if count is not None and not 1 <= count <= MOST_PROPOSALS:
        raise InverterError(f"count: found {count}; must be from 1 to {MOST_PROPOSALS}")
    inverter = inverter or pretrained()
    if plugin != AUTO:
        inverter.require(plugin)
    heard = Heard.of(sample, sample_rate, whole=whole)
    names = None if plugin == AUTO else [plugin]
    return heard.proposals(inverter, names, count=count, seed=seed, analysis=analysis)


@dataclass(frozen=True)
class Heard:
    """A one-shot as an inverter hears it.

    Attributes:
        name: of the sample.
        sounding: from the onset on, (1, 1, samples).
        placement: of a patch's sound in the sample.
        features: of `sounding`.
    """

    name: str
    sounding: Audio
    placement: Placement
    features: Features

    @classmethod
    def of(cls, sample: str | Path | Audio, sample_rate: int | None, *, whole: bool) -> "Heard":
        """A sound file, or audio (1, 1, samples) with its sample rate."""
        if isinstance(sample, str | Path):
            recording = audio.read(sample)
            target, rate, name = recording.audio, recording.sample_rate, Path(sample).stem
        elif sample_rate is None:
            raise InverterError("sample_rate: none given; audio that is not in a file needs one, in Hz")
        else:
            target, rate, name = sample, sample_rate, "sample"
        part = excerpt(target, rate, whole=whole)
        onset = part.lead_in.onset
        sounding = part.audio[..., onset:]
        seen = features(at_training_rate(sounding, rate))
        return cls(name, sounding, Placement(rate, part.audio.shape[-1], onset), seen)

    def proposals(
        self,
        inverter: Inverter,
        names: Sequence[str] | None,
        *,
        count: int | None = None,
        seed: int = 0,
        analysis: bool = True,
    ) -> list[Proposal]:
        """Patches of some instruments, or of the likeliest, the nearest first; see `invert`."""
        answer = inverter.answer(self.features)
        odds = dict(zip(inverter.plugins, answer.log_odds[0].exp().tolist(), strict=True))
        if names is None:
            first, *others = sorted(odds, key=lambda name: -odds[name])[:_INSTRUMENTS]
            names = [first, *(name for name in others if odds[name] >= _LEAST_ODDS)]
        loss, found = DrumLoss(), []
        target = self._first(self.sounding)
        prepared = loss.prepare(target, self.placement.sample_rate)
        for place, name in enumerate(names):
            plugin = inverter.plugins[name]
            beside = analysis and place == 0 and has_quick_reading(plugin.table)
            some = count or PROPOSALS // min(len(names), _INSTRUMENTS)
            params = self._near(plugin, _tried(answer.mixtures[name], some, seed), seed)
            if beside:
                params = torch.cat([params, _quick_start(plugin, self.sounding, self.placement.sample_rate)])
            params, sounds = levelled(plugin, params, self._sounds(plugin, params, seed), target)
            losses = loss(prepared, sounds).nan_to_num(nan=math.inf).tolist()
            cost = price(plugin, odds[name], _TRUST)
            found += [
                Proposal(self._patch(plugin, each, seed), distance, odds[name], cost * distance)
                for each, distance in zip(params, losses, strict=True)
            ]
        return sorted(found, key=lambda each: each.priced_loss)

    def _patch(self, plugin: Plugin, params: Float[Tensor, " parameters"], seed: int) -> Patch:
        return from_params(plugin, params.double(), name=self.name, seed=seed, placement=self.placement)

    def _first(self, sound: Audio) -> Audio:
        """What of a sound is compared: as much as the network hears."""
        return sound[..., : round(SECONDS * self.placement.sample_rate)]

    def _sounds(self, plugin: Plugin, params: Params, seed: int) -> Audio:
        samples, rate = self._first(self.sounding).shape[-1], self.placement.sample_rate
        return render(plugin, params, samples=samples, sample_rate=rate, seed=seed)

    def _near(self, plugin: Plugin, params: Params, seed: int) -> Params:
        """Params whose sounds have the pitch of this one."""
        if not plugin.pitched:
            return params
        found = pitch(at_training_rate(self._sounds(plugin, params, seed), self.placement.sample_rate))
        return tuned(plugin, params, pitch_gap(self.features.whole[:, -2:], found))


def _quick_start(plugin: Plugin, sounding: Audio, sample_rate: int) -> Params:
    """Params that analysis proposes at once, (1, P)."""
    signal = sounding[0, 0].double().numpy()
    peak = float(abs(signal).max()) or 1.0
    return plugin.table.normalise(quick_start(plugin, signal / peak, sample_rate, peak)).float().unsqueeze(0)


def _tried(mixture: Mixture, count: int, seed: int) -> Params:
    """Params of so many patches, (count, P)."""
    found = mixture.proposals(min(count, _LIKELIEST))[0]
    drawn = mixture.sample(count, torch.Generator().manual_seed(seed), _NARROWER)[0, : count - len(found)]
    return torch.cat([found, drawn])


def tuned(plugin: Plugin, params: Params, octaves: Float[Tensor, " batch"]) -> Params:
    """Params whose pitch lies so many octaves higher, where that is not so many that another partial must be meant.

    The pitch is the first that the plugin has.
    """
    if not plugin.pitched:
        return params
    name = plugin.pitched[0]
    pitch, where = plugin.table[name], plugin.table.slice(name)
    steps = torch.where(octaves.abs() < _MOST_OCTAVES, octaves, torch.zeros_like(octaves))
    params = params.clone()
    params[:, where] += (steps / math.log2(pitch.high / pitch.low)).unsqueeze(-1)
    params[:, where] = params[:, where].clamp(0.0, 1.0)
    return params
