"""The instant preview: one-shot in, patches out, by a trained inverter."""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from backbeat import audio
from backbeat.audio.conditioning import resample
from backbeat.errors import InverterError
from backbeat.inversion.features import SAMPLE_RATE, features, pitch, pitch_gap
from backbeat.inversion.network import Inverter, Mixture
from backbeat.losses import DrumLoss
from backbeat.matching.excerpt import excerpt
from backbeat.matching.readings import has_quick_reading
from backbeat.matching.starts import levelled, quick_start
from backbeat.matching.threads import one_thread_in_numpy
from backbeat.patch import Patch, Placement, from_params
from backbeat.plugins import Plugin
from backbeat.synth import render
from backbeat.types import Audio, Params

_MOST_OCTAVES = 0.35
_LIKELIEST, _NARROWER = 4, 0.5
MOST_PROPOSALS = 1024
PROPOSALS, FEWER_PROPOSALS = 12, 4
"""Patches of a network that are tried, and where there are others beside them: analysis's, or another network's."""


@dataclass(frozen=True)
class Proposal:
    """A patch that may make a sound.

    Attributes:
        patch: it.
        loss: `DrumLoss` of its sound from the one-shot.
    """

    patch: Patch
    loss: float


@one_thread_in_numpy()
@torch.no_grad()
def invert(
    sample: str | Path | Audio,
    inverter: Inverter,
    *,
    sample_rate: int | None = None,
    count: int | None = None,
    seed: int = 0,
    analysis: bool = True,
    whole: bool = False,
) -> list[Proposal]:
    """Patches for a one-shot, the nearest first.

    The network predicts the likeliest patches. Each is rendered, and given what is told in closed form: the pitch of
    the one-shot, which a network tells to half a semitone, and its level. Then it is compared with the one-shot.

    Args:
        sample: a sound file, or audio (1, 1, samples).
        inverter: the network.
        sample_rate: of `sample` where it is audio, in Hz.
        count: patches to try: the likeliest of each of a few components, and then patches drawn from narrower ones;
            none is 12, or 4 beside what analysis tells.
        seed: of the patches that are drawn, and of their noise.
        analysis: whether to try what a quick analysis tells too, for an instrument of tones and noise.
        whole: hear all of a sample with several hits, not the first alone.

    Raises:
        AudioError: where the file cannot be read.
        InverterError: at an argument out of range.
    """
    beside = analysis and has_quick_reading(inverter.plugin.table)
    if count is None:
        count = FEWER_PROPOSALS if beside else PROPOSALS
    if not 1 <= count <= MOST_PROPOSALS:
        raise InverterError(f"count: found {count}; must be from 1 to {MOST_PROPOSALS}")
    if isinstance(sample, str | Path):
        recording = audio.read(sample)
        target, rate, name = recording.audio, recording.sample_rate, Path(sample).stem
    elif sample_rate is None:
        raise InverterError("sample_rate: none given; audio that is not in a file needs one, in Hz")
    else:
        target, rate, name = sample, sample_rate, "sample"
    part = excerpt(target, rate, whole=whole)
    target, onset = part.audio, part.lead_in.onset
    sounding = target[..., onset:]
    plugin, seen = inverter.plugin, features(_resampled(sounding, rate))

    def sounds() -> Audio:
        return render(plugin, params, samples=sounding.shape[-1], sample_rate=rate, seed=seed)

    params = _tried(inverter.encode(seen), count, seed)
    params = tuned(plugin, params, pitch_gap(seen.whole[:, -2:], pitch(_resampled(sounds(), rate))))
    if beside:
        params = torch.cat([params, _quick_start(plugin, sounding, rate)])
    found = sounds()
    params, found = levelled(plugin, params, found, sounding)
    loss = DrumLoss()
    losses = loss(loss.prepare(sounding, rate), found).nan_to_num(nan=math.inf)
    placement = Placement(rate, target.shape[-1], onset)
    return [
        Proposal(
            from_params(plugin, params[row].double(), name=name, seed=seed, placement=placement),
            float(losses[row]),
        )
        for row in losses.argsort().tolist()
    ]


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


def _resampled(sounding: Audio, sample_rate: int) -> Audio:
    """At the rate that inverters are trained at."""
    if sample_rate == SAMPLE_RATE:
        return sounding
    sounds = [torch.from_numpy(resample(each.double().numpy(), sample_rate, SAMPLE_RATE)[0]) for each in sounding[:, 0]]
    return torch.stack(sounds).float().unsqueeze(1)


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
