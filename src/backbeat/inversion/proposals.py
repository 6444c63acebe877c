"""The instant preview: one-shot in, patches out, by a trained inverter."""

import math
from dataclasses import dataclass
from pathlib import Path

import torch

from backbeat import audio
from backbeat.audio.conditioning import resample
from backbeat.errors import InverterError
from backbeat.inversion.features import SAMPLE_RATE, features
from backbeat.inversion.network import Inverter
from backbeat.inversion.onset import onsets
from backbeat.losses import DrumLoss
from backbeat.patch import Patch, Placement, from_params
from backbeat.plugins import Plugin
from backbeat.synth import render
from backbeat.types import Audio, Params

_LEVEL = "gain_db"


@dataclass(frozen=True)
class Proposal:
    """A patch that may make a sound.

    Attributes:
        patch: it.
        loss: `DrumLoss` of its sound from the one-shot.
    """

    patch: Patch
    loss: float


@torch.no_grad()
def invert(
    sample: str | Path | Audio,
    inverter: Inverter,
    *,
    sample_rate: int | None = None,
    count: int = 6,
    seed: int = 0,
) -> list[Proposal]:
    """Patches for a one-shot, the nearest first.

    The network names the likeliest patches; each is rendered, given the level of the one-shot, and compared with it.

    Args:
        sample: a sound file, or audio (1, 1, samples).
        inverter: the network.
        sample_rate: of `sample` where it is audio, in Hz.
        count: patches to try, at most as many as the network's mixture has components.
        seed: of the patches' noise.

    Raises:
        AudioError: where the file cannot be read.
        InverterError: at an argument out of range.
    """
    components = inverter.size.components
    if not 1 <= count <= components:
        raise InverterError(f"count: found {count}; must be from 1 to {components}")
    if isinstance(sample, str | Path):
        recording = audio.read(sample)
        target, rate, name = recording.audio, recording.sample_rate, Path(sample).stem
    elif sample_rate is None:
        raise InverterError("sample_rate: none given; audio that is not in a file needs one, in Hz")
    else:
        target, rate, name = sample, sample_rate, "sample"
    onset = int(onsets(target, rate))
    heard = target[..., onset:]
    params = inverter.hear(features(_resampled(heard, rate))).proposals(count)[0]

    def sounds() -> Audio:
        return render(inverter.plugin, params, samples=heard.shape[-1], sample_rate=rate, seed=seed)

    params = levelled(inverter.plugin, params, sounds(), heard)
    loss = DrumLoss()
    losses = loss(loss.prepare(heard, rate), sounds())
    placement = Placement(rate, target.shape[-1], onset)
    return [
        Proposal(
            from_params(inverter.plugin, params[row].double(), name=name, seed=seed, placement=placement),
            float(losses[row]),
        )
        for row in torch.where(losses.isfinite(), losses, math.inf).argsort().tolist()
    ]


def _resampled(heard: Audio, sample_rate: int) -> Audio:
    """At the rate that inverters are trained at."""
    if sample_rate == SAMPLE_RATE:
        return heard
    mono, _ = resample(heard[0, 0].double().numpy(), sample_rate, SAMPLE_RATE)
    return torch.from_numpy(mono).float().reshape(1, 1, -1)


def levelled(plugin: Plugin, params: Params, sounds: Audio, target: Audio) -> Params:
    """Params whose sounds have the target's energy, for a plugin with an output level."""
    if _LEVEL not in plugin.table:
        return params
    level, where = plugin.table[_LEVEL], plugin.table.slice(_LEVEL)
    ratio = target.square().sum((1, 2)) / sounds.square().sum((1, 2)).clamp(min=1e-12)
    params = params.clone()
    params[:, where] += (10.0 * torch.log10(ratio.clamp(min=1e-12)) / (level.high - level.low)).unsqueeze(-1)
    params[:, where] = params[:, where].clamp(0.0, 1.0)
    return params
